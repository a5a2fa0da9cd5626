package git_test

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"testing"

	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/internal/testpki"
)

var aliceID = git.Identity{Name: "alice@example.com", Issuer: "https://accounts.example.com"}

// An instance is a Sigstore instance in memory that signs for Alice.
type instance struct {
	*testpki.PKI
	log   func(digest [32]byte, signature, leaf []byte) *testpki.Entry
	stamp bool                 // ask for a timestamp
	late  func(*testpki.Clock) // runs after the certificate was issued

	certificate []testpki.CertOption
	entry       func(*testpki.Entry) // changes what the log answered
	timestamp   []testpki.TSAOption
}

// rekor1 and rekor2 are instances that sign as the public one did and does.
func rekor1() *instance {
	p := testpki.New()
	return &instance{PKI: p, log: p.LogV1}
}

func rekor2() *instance {
	p := testpki.New()
	return &instance{PKI: p, log: p.LogV2, stamp: true}
}

// root returns the instance's trusted root.
func (in *instance) root() *git.TrustedRoot {
	root, err := git.ParseTrustedRoot(in.TrustedRoot(), "test")
	if err != nil {
		panic(err)
	}
	return root
}

// signer returns a KeySigner with a fresh certificate for Alice.
func (in *instance) signer() *git.KeySigner {
	key := testpki.Key("alice")
	der := in.Certificate(key.Public(), testpki.Identity{Email: aliceID.Name, Issuer: aliceID.Issuer}, in.certificate...)
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	if in.late != nil {
		in.late(in.Clock)
	}
	return &git.KeySigner{Key: key, Certificate: leaf, Now: in.Clock.Now, Prove: func(_ context.Context, artifact, signature []byte) (git.Proof, error) {
		entry := in.log(sha256.Sum256(artifact), signature, leaf.Raw)
		if in.entry != nil {
			in.entry(entry)
		}
		proof := git.Proof{LogEntry: entry.Bytes()}
		if in.stamp {
			proof.Timestamp = in.Timestamp(signature, in.timestamp...)
		}
		return proof, nil
	}}
}

// sign signs an object for Alice.
func (in *instance) sign(t testing.TB, f git.Format, typ git.Type, raw string) []byte {
	t.Helper()
	signed, err := git.Sign(t.Context(), f, typ, []byte(raw), in.signer())
	if err != nil {
		t.Fatalf("signing: %v", err)
	}
	return signed
}
