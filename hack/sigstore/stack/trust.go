package stack

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"os"

	prototrustroot "github.com/sigstore/protobuf-specs/gen/pb-go/trustroot/v1"
	"github.com/sigstore/rekor-tiles/v2/pkg/note"
	"github.com/sigstore/sigstore-go/pkg/root"
)

// writeTrust writes what clients are told: which keys to trust, and which
// services to ask. Specification: sigstore/protobuf-specs,
// sigstore_trustroot.proto.
func (s *Stack) writeTrust(t *trustMaterial) error {
	trusted, err := s.trustedRoot(t)
	if err != nil {
		return err
	}
	if err := s.writeDocument(TrustedRootFile, trusted); err != nil {
		return err
	}
	rekor2 := s.service(t, s.Endpoints.Rekor2, 2)
	first := rekor2
	if s.Endpoints.Rekor1 != "" {
		first = s.service(t, s.Endpoints.Rekor1, 1)
	}
	for name, log := range map[string]root.Service{SigningConfigFile: first, SigningConfigRekor2: rekor2} {
		config, err := s.signingConfig(t, log)
		if err != nil {
			return err
		}
		if err := s.writeDocument(name, config); err != nil {
			return err
		}
	}
	return nil
}

func (s *Stack) trustedRoot(t *trustMaterial) (*root.TrustedRoot, error) {
	logs, ctLogs := map[string]*root.TransparencyLog{}, map[string]*root.TransparencyLog{}
	ctID, err := keyID(t.ctKey)
	if err != nil {
		return nil, err
	}
	addLog(ctLogs, t, s.Endpoints.CTLog, t.ctKey, ctID)
	// Rekor v2: the whole hash of the checkpoint's note key, of which the
	// checkpoint itself shows four bytes (C2SP signed-note).
	_, rekor2ID, err := note.KeyHash(loopback, t.rekor2Key)
	if err != nil {
		return nil, err
	}
	addLog(logs, t, s.Endpoints.Rekor2, t.rekor2Key, rekor2ID)
	if t.rekor1Key != nil {
		id, err := keyID(t.rekor1Key)
		if err != nil {
			return nil, err
		}
		addLog(logs, t, s.Endpoints.Rekor1, t.rekor1Key, id)
	}
	ca := &root.FulcioCertificateAuthority{
		Root: t.caChain[1], Intermediates: t.caChain[:1], ValidityPeriodStart: t.start, URI: s.Endpoints.Fulcio,
	}
	tsa := &root.SigstoreTimestampingAuthority{
		Root: t.tsaChain[1], Leaf: t.tsaChain[0], ValidityPeriodStart: t.start, URI: s.Endpoints.TSA,
	}
	return root.NewTrustedRoot(root.TrustedRootMediaType01,
		[]root.CertificateAuthority{ca}, ctLogs, []root.TimestampingAuthority{tsa}, logs)
}

func addLog(logs map[string]*root.TransparencyLog, t *trustMaterial, url string, key crypto.PublicKey, id []byte) {
	logs[hex.EncodeToString(id)] = &root.TransparencyLog{
		BaseURL: url, ID: id, ValidityPeriodStart: t.start,
		HashFunc: crypto.SHA256, PublicKey: key, SignatureHashFunc: crypto.SHA256,
	}
}

// keyID is the id of a log whose signatures name nothing but its key: the
// SHA-256 of the SubjectPublicKeyInfo (RFC 6962, section 3.2).
func keyID(key crypto.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, err
	}
	id := sha256.Sum256(der)
	return id[:], nil
}

func (s *Stack) signingConfig(t *trustMaterial, log root.Service) (*root.SigningConfig, error) {
	one := root.ServiceConfiguration{Selector: prototrustroot.ServiceSelector_ANY}
	return root.NewSigningConfig(root.SigningConfigMediaType02,
		[]root.Service{s.service(t, s.Endpoints.Fulcio, 1)},
		[]root.Service{s.service(t, s.Endpoints.Issuer, 1)},
		[]root.Service{log}, one,
		[]root.Service{s.service(t, s.Endpoints.TSA, 1)}, one)
}

func (s *Stack) service(t *trustMaterial, url string, version uint32) root.Service {
	return root.Service{URL: url, MajorAPIVersion: version, ValidityPeriodStart: t.start, Operator: organization}
}

// writeDocument writes protobuf JSON, whose spaces vary on purpose, in one
// stable form.
func (s *Stack) writeDocument(name string, document json.Marshaler) error {
	b, err := document.MarshalJSON()
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, b, "", "  "); err != nil {
		return err
	}
	out.WriteByte('\n')
	return os.WriteFile(s.path(name), out.Bytes(), publicFile)
}
