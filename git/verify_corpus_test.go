package git_test

import (
	"errors"
	"testing"

	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/internal/testpki"
)

// Real objects get the verdict that the corpus' list gives them, and those
// that hold are by whom it says.
func TestVerifyCorpus(t *testing.T) {
	objects, json := testpki.Corpus(t)
	root, err := git.ParseTrustedRoot(json, "public")
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		t.Run(o.ID[:12], func(t *testing.T) {
			s, err := git.Verify(git.SHA1, git.Type(o.Type), o.Raw, git.VerifyOptions{Root: root, AnySigner: true, ID: o.ID})
			got := git.Verdict("none")
			var e *git.VerificationError
			switch {
			case err == nil && s.By(git.Identity{Name: o.Identity, Issuer: o.Issuer}):
				got = "good"
			case errors.As(err, &e):
				got = e.Verdict
			}
			// S/MIME is not read yet, and says so.
			if string(got) != o.Expect && (o.Mode != "smime" || got != git.VerdictMalformed) {
				t.Errorf("%s (%v), want %s", got, err, o.Expect)
			}
		})
	}
}
