package verify_test

import (
	"crypto/x509"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// judged is when the corpus' S/MIME certificates are judged that bring no
// timestamp.
var judged = time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)

// TestCorpus verifies objects that other people signed, offline, against the
// trusted root of the public instance, and S/MIME signatures against the CA
// certificates of this machine.
func TestCorpus(t *testing.T) {
	objects, data := testpki.Corpus(t)
	root, err := trust.Parse(data, "public")
	if err != nil {
		t.Fatal(err)
	}
	smime := 0
	for _, o := range objects {
		if o.Mode == "smime" {
			smime++
			if _, err := os.Stat(systemRoots); err != nil {
				t.Logf("SKIPPED %s: ca-certificates are not installed: %v", o.ID, err)
				continue
			}
		}
		t.Run(o.ID, func(t *testing.T) {
			r := verifyObject(t, o, root)
			if want := expected(o); r.Verdict != want {
				t.Fatalf("%s: %s\nwant %s", r.Verdict, describe(r.Err), want)
			}
			expectOwner(t, r, o)
		})
	}
	if smime != 7 {
		t.Errorf("%d of the objects are S/MIME", smime)
	}
}

// systemRoots is where Debian has them.
const systemRoots = "/etc/ssl/certs/ca-certificates.crt"

// expected is the verdict that objects.tsv asks for.
func expected(o testpki.CorpusObject) verdict.Verdict {
	if o.Expect == "good" {
		return verdict.Valid
	}
	return verdict.Verdict(o.Expect)
}

// expectOwner compares identity, issuer and certificate where they are proven.
func expectOwner(t *testing.T, r *verify.Result, o testpki.CorpusObject) {
	t.Helper()
	if r.Verdict != verdict.Valid && r.Verdict != verdict.Unproven {
		if r.Signer != nil {
			t.Errorf("signer %+v in a %s result", r.Signer, r.Verdict)
		}
		return
	}
	if r.Signer == nil {
		t.Fatal("no signer")
	}
	if o.Mode == "smime" {
		if r.Signer.Name != o.Identity || r.Signer.Instance != verify.InstanceSMIME || r.Signer.Claims[verify.ClaimSMIMECA] == "" {
			t.Errorf("S/MIME signer %+v, want %s", r.Signer, o.Identity)
		}
	} else if r.Signer.Name != o.Identity || r.Signer.Issuer != o.Issuer || r.Signer.Instance != "public" {
		t.Errorf("signer %s, %s of %s, want %s, %s of public", r.Signer.Name, r.Signer.Issuer, r.Signer.Instance, o.Identity, o.Issuer)
	}
	if got := r.NotBefore.Format("2006-01-02T15:04:05Z"); got != o.NotBefore {
		t.Errorf("certificate from %s, want %s", got, o.NotBefore)
	}
}

// verifyObject takes an object apart and verifies it.
func verifyObject(t *testing.T, row testpki.CorpusObject, root *trust.Root) *verify.Result {
	t.Helper()
	kind := git.Type(row.Type)
	id, err := git.Hash(git.SHA1, kind, row.Raw)
	if err != nil || id != row.ID {
		t.Fatalf("the file hashes to %s, %v", id, err)
	}
	o, err := git.Split(git.SHA1, kind, row.Raw)
	if errors.Is(err, git.ErrUnsigned) {
		t.Fatal("the object is not signed")
	}
	if err != nil {
		return verify.Failed("", err)
	}
	return verify.Signature(o.Payload, o.Signature, verify.Trust{Roots: []*trust.Root{root}, Now: judged, SMIMERoots: x509.SystemCertPool})
}
