package rekor_test

import (
	"bytes"
	"crypto/sha256"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/internal/testpki"
)

// TestCorpus checks the log entries of real commits and tags against the
// trusted root of the public instance.
func TestCorpus(t *testing.T) {
	objects, trustedRoot := testpki.Corpus(t)
	l := &logged{root: parseRoot(t, trustedRoot)}
	entries := 0
	for _, o := range objects {
		if o.Mode != "embedded" || o.Expect != "good" {
			continue
		}
		entries++
		t.Run(o.ID, func(t *testing.T) {
			pb := l.readObject(t, o.Raw)
			result, check, err := l.verify(pb)
			if err != nil {
				t.Fatalf("%s: %v", check, err)
			}
			if result.Major != 1 || result.Log.URL != "https://rekor.sigstore.dev" || result.IntegratedTime.Year() != 2026 {
				t.Errorf("result %+v", result)
			}
		})
	}
	if entries != 21 {
		t.Errorf("%d entries, expected 21", entries)
	}
}

// readObject takes what was logged from the signature of a good object, and
// returns the entry.
func (l *logged) readObject(t *testing.T, object []byte) []byte {
	t.Helper()
	const begin, end = "-----BEGIN SIGNED MESSAGE-----", "-----END SIGNED MESSAGE-----"
	i, j := bytes.LastIndex(object, []byte(begin)), bytes.LastIndex(object, []byte(end))
	if i < 0 || j < i {
		t.Fatal("the object has no signature")
	}
	// Lines of a commit's header are continued by a space.
	armored := bytes.ReplaceAll(object[i:j+len(end)], []byte("\n "), []byte("\n"))
	der, err := cms.Unarmor(append(armored, '\n'))
	if err != nil {
		t.Fatal(err)
	}
	sd, err := cms.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	l.digest, l.signature, l.leaf = sha256.Sum256(sd.RawSignedAttributes), sd.Signature, sd.Leaf.Raw
	for _, a := range sd.UnsignedAttributes {
		in := cryptobyte.String(a.Values[0])
		var pb cryptobyte.String
		if a.Type.Equal(cms.OIDTransparencyLogEntry) && in.ReadASN1(&pb, cbasn1.OCTET_STRING) && in.Empty() {
			return pb
		}
	}
	t.Fatal("the signature has no entry")
	return nil
}
