package smime_test

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/internal/smime"
	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/verdict"
)

// corpusSMIME is how many of the corpus' objects are S/MIME.
const corpusSMIME = 7

// TestCorpus verifies what people signed with smimesign, against the roots of
// this system.
func TestCorpus(t *testing.T) {
	objects, _ := testpki.Corpus(t)
	o := smime.Options{Roots: x509.SystemCertPool, Now: time.Now()}
	found := 0
	for _, object := range objects {
		if object.Mode != "smime" {
			continue
		}
		found++
		t.Run(object.ID, func(t *testing.T) {
			split, err := git.Split(git.SHA1, git.Type(object.Type), object.Raw)
			if err != nil {
				t.Fatal(err)
			}
			der, err := cms.Unarmor(split.Signature)
			if err != nil {
				t.Fatal(err)
			}
			r, checks := smime.Verify(split.Payload, der, o)
			if got := worst(checks); string(got) != object.Expect {
				t.Fatalf("%s, want %s: %+v", got, object.Expect, checks)
			}
			t.Log(checks[len(checks)-1])
			leaf, err := smime.Leaf(der)
			if err != nil {
				t.Fatal(err)
			}
			if email, err := smime.Email(leaf); err != nil || email != object.Identity {
				t.Errorf("the certificate is for %q, %v, want %q", email, err, object.Identity)
			}
			if got := leaf.NotBefore.UTC().Format(time.RFC3339); got != object.NotBefore {
				t.Errorf("the certificate begins %s, want %s", got, object.NotBefore)
			}
			if unproven := object.Expect == string(verdict.Unproven); (r != nil) != unproven || r != nil && (r.Proven || r.Email != object.Identity) {
				t.Errorf("result %+v", r)
			}
		})
	}
	if found != corpusSMIME {
		t.Errorf("%d S/MIME objects, want %d", found, corpusSMIME)
	}
}

// worst is the verdict that the checks lead to.
func worst(checks []smime.Check) verdict.Verdict {
	severity := []verdict.Verdict{verdict.Valid, verdict.Unproven, verdict.Unknown, verdict.Expired, verdict.Bad, verdict.Malformed}
	out := 0
	for _, c := range checks {
		if c.Err == nil {
			continue
		}
		v := verdict.As(c.Err, verdict.Syntax, "").Class.Verdict()
		for i, s := range severity {
			if s == v && i > out {
				out = i
			}
		}
	}
	return severity[out]
}
