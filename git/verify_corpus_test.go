package git_test

import (
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/paraph/paraph/git"
)

// Real objects get the verdict that the corpus' list gives them, and those
// that hold are by whom it says.
func TestVerifyCorpus(t *testing.T) {
	dir := os.Getenv("PARAPH_CORPUS")
	if dir == "" {
		t.Skip("PARAPH_CORPUS is not set: real signed objects were not verified")
	}
	json, err := os.ReadFile(filepath.Join(dir, "..", "trust", "trusted_root.json"))
	if err != nil {
		t.Fatal(err)
	}
	root, err := git.ParseTrustedRoot(json, "public")
	if err != nil {
		t.Fatal(err)
	}
	list, err := os.Open(filepath.Join(dir, "objects.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	r := csv.NewReader(list)
	r.Comma = '\t'
	rows, err := r.ReadAll() // oid type repository mode expect identity issuer not_before
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != corpusObjects+1 {
		t.Fatalf("%d objects, want %d", len(rows)-1, corpusObjects)
	}
	for _, row := range rows[1:] {
		id, typ, mode, expect := row[0], git.Type(row[1]), row[3], row[4]
		t.Run(id[:12], func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join(dir, "objects", id+"."+string(typ)))
			if err != nil {
				t.Fatal(err)
			}
			s, err := git.Verify(git.SHA1, typ, raw, git.VerifyOptions{Root: root, AnySigner: true, ID: id})
			got := git.Verdict("none")
			var e *git.VerificationError
			switch {
			case err == nil && s.By(git.Identity{Name: row[5], Issuer: row[6]}):
				got = "good"
			case errors.As(err, &e):
				got = e.Verdict
			}
			// S/MIME is not read yet, and says so.
			if string(got) != expect && (mode != "smime" || got != git.VerdictMalformed) {
				t.Errorf("%s (%v), want %s", got, err, expect)
			}
		})
	}
}
