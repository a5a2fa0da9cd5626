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
			want := o.Expect
			if o.Mode == "smime" && want == "unproven" {
				want = "unknown" // no CA counts here, and one that is not known comes before its time
			}
			if string(got) != want {
				t.Errorf("%s (%v), want %s", got, err, want)
			}
		})
	}
}
