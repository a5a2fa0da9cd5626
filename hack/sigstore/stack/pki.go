package stack

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"time"

	"github.com/sigstore/sigstore/pkg/cryptoutils"
)

const (
	organization      = "sigstore.local"
	validityHeadStart = time.Hour // how long ago everything began to be valid
	caLifetime        = 10 * 365 * 24 * time.Hour
	serialBits        = 159 // RFC 5280, section 4.1.2.2: at most 20 octets, positive
)

// trustMaterial is what clients are told to trust. The services fill it in as
// they start.
type trustMaterial struct {
	start time.Time // when all of it began to be valid

	caKey   *ecdsa.PrivateKey
	caChain []*x509.Certificate // the issuing intermediate, then the root

	tsaChain []*x509.Certificate // the certificate that signs tokens, then the root

	ctKey     crypto.PublicKey
	rekor2Key crypto.PublicKey
	rekor1Key crypto.PublicKey // nil without Rekor v1
}

// makeCA makes Fulcio's chain in the shape of the public one: root and
// intermediate are P-384, and code signing is the intermediate's only purpose.
func (t *trustMaterial) makeCA() error {
	rootKey, root, err := t.selfSigned("sigstore", 1)
	if err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		return err
	}
	template := t.template("sigstore-intermediate")
	template.IsCA, template.MaxPathLenZero = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}
	intermediate, err := issue(template, root, key.Public(), rootKey)
	if err != nil {
		return err
	}
	t.caKey, t.caChain = key, []*x509.Certificate{intermediate, root}
	return nil
}

// makeTSA makes the timestamp authority's chain in the shape of the public
// one: a P-384 certificate that a self-signed one has issued, nothing between.
func (t *trustMaterial) makeTSA() (*ecdsa.PrivateKey, error) {
	rootKey, root, err := t.selfSigned("sigstore-tsa-selfsigned", 0)
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		return nil, err
	}
	// RFC 3161, section 2.3: id-kp-timeStamping is the only purpose, and the
	// extension is critical. x509 marks its own ExtKeyUsage as not critical.
	purpose, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
	if err != nil {
		return nil, err
	}
	template := t.template("sigstore-tsa")
	template.BasicConstraintsValid = false // no such extension
	if template.SubjectKeyId, err = cryptoutils.SKID(key.Public()); err != nil {
		return nil, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: purpose}}
	leaf, err := issue(template, root, key.Public(), rootKey)
	if err != nil {
		return nil, err
	}
	t.tsaChain = []*x509.Certificate{leaf, root}
	return key, nil
}

// selfSigned makes a P-384 root below which pathLen intermediates may stand.
func (t *trustMaterial) selfSigned(name string, pathLen int) (*ecdsa.PrivateKey, *x509.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := t.template(name)
	template.IsCA, template.MaxPathLen, template.MaxPathLenZero = true, pathLen, pathLen == 0
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	cert, err := issue(template, template, key.Public(), key)
	return key, cert, err
}

func (t *trustMaterial) template(name string) *x509.Certificate {
	return &x509.Certificate{
		Subject:               pkix.Name{Organization: []string{organization}, CommonName: name},
		NotBefore:             t.start,
		NotAfter:              t.start.Add(caLifetime),
		BasicConstraintsValid: true,
	}
}

// issue signs template, with a random serial number, as parent's subject.
func issue(template, parent *x509.Certificate, pub crypto.PublicKey, signer crypto.Signer) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), serialBits))
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial
	der, err := x509.CreateCertificate(rand.Reader, template, parent, pub, signer)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// certificatesPEM returns the certificates as PEM blocks, in their order.
func certificatesPEM(certs []*x509.Certificate) []byte {
	var out bytes.Buffer
	for _, c := range certs {
		out.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	return out.Bytes()
}

// writeKey writes a private key as PKCS #8 in PEM (RFC 5958) below state and
// returns its path.
func (s *Stack) writeKey(name string, key crypto.PrivateKey) (string, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	path := s.path(stateDir, name)
	return path, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), privateFile)
}
