package scribe

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"time"

	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/internal/testpki"
)

// Keyless signs with a certificate of an OpenID Connect identity, one for each
// signature, that begins with the commit's time.
type Keyless struct {
	Name     string // of the committer
	Address  string // of the committer
	Identity testpki.Identity
	Proof    Proof
	// LogAfter and StampAfter are how long after the certificate begins the
	// entry and the token are made.
	LogAfter, StampAfter time.Duration
	Acme                 bool // the private instance certifies
	Cert                 []testpki.CertOption
	Armor                func([]byte) []byte // changes the signature
}

// A Proof is what a signature carries.
type Proof int

// The proofs.
const (
	Logged        Proof = iota // an entry of Rekor v1
	LoggedStamped              // an entry of Rekor v1 and a timestamp
	Stamped                    // an entry of Rekor v2 and a timestamp
	Nothing                    // the old way: to be looked up
)

// Person is the committer.
func (k Keyless) Person() string { return k.Name + " <" + k.Address + ">" }

// With is the signer with another proof.
func (k Keyless) With(p Proof) Keyless { k.Proof = p; return k }

// Later is the signer with entry and token that long after the certificate
// begins.
func (k Keyless) Later(log, stamp time.Duration) Keyless {
	k.LogAfter, k.StampAfter = log, stamp
	return k
}

// As is the signer certified for another identity.
func (k Keyless) As(id testpki.Identity) Keyless { k.Identity = id; return k }

// Sign makes the signature.
func (k Keyless) Sign(h *History, payload []byte, at time.Time) ([]byte, error) {
	pki := h.Public
	if k.Acme {
		pki = h.Acme()
	}
	pki.Clock.Set(at)
	key := testpki.Key(k.Name)
	leaf, err := x509.ParseCertificate(pki.Certificate(key.Public(), k.Identity, k.Cert...))
	if err != nil {
		return nil, err
	}
	sd, err := cms.Sign(nil, key, leaf, payload, at) // without randomness: RFC 6979
	if err != nil {
		return nil, err
	}
	attrs, err := k.prove(pki, sd, at)
	if err != nil {
		return nil, err
	}
	if err := sd.SetUnsignedAttributes(attrs...); err != nil {
		return nil, err
	}
	der, err := sd.Bytes()
	if err != nil {
		return nil, err
	}
	armored := cms.Armor(der)
	if k.Armor != nil {
		armored = k.Armor(armored)
	}
	return armored, nil
}

// prove logs and timestamps a signature.
func (k Keyless) prove(pki *testpki.PKI, sd *cms.SignedData, at time.Time) ([]cms.Attribute, error) {
	var attrs []cms.Attribute
	if k.Proof != Nothing {
		pki.Clock.Set(at.Add(k.LogAfter))
		add := pki.LogV1
		if k.Proof == Stamped {
			add = pki.LogV2
		}
		entry, err := asn1.Marshal(add(sha256.Sum256(sd.RawSignedAttributes), sd.Signature, sd.Leaf.Raw).Bytes())
		if err != nil {
			return nil, err
		}
		attrs = append(attrs, cms.Attribute{Type: cms.OIDTransparencyLogEntry, Values: [][]byte{entry}})
	}
	if k.Proof == Stamped || k.Proof == LoggedStamped {
		pki.Clock.Set(at.Add(k.StampAfter))
		attrs = append(attrs, cms.Attribute{Type: cms.OIDTimeStampToken, Values: [][]byte{pki.Timestamp(sd.Signature)}})
	}
	return attrs, nil
}

type unsigned struct{}

// Unsigned makes no signature.
var Unsigned Signer = unsigned{}

func (unsigned) Person() string { return "Nobody <nobody@example.com>" }

func (unsigned) Sign(*History, []byte, time.Time) ([]byte, error) { return nil, nil }

// A Junk signature is text that nobody can read.
type Junk string

// Person is the committer.
func (Junk) Person() string { return "Junk <junk@example.com>" }

// Sign returns the text.
func (j Junk) Sign(*History, []byte, time.Time) ([]byte, error) { return []byte(j), nil }
