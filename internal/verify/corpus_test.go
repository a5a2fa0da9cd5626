package verify_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// corpusObjects is how many objects the corpus has.
const corpusObjects = 69

// TestCorpus verifies objects that other people signed, offline, against the
// trusted root of the public instance.
//
// S/MIME signatures are not read yet: whatever objects.tsv says of them, they
// are malformed for now.
func TestCorpus(t *testing.T) {
	dir := os.Getenv("PARAPH_CORPUS")
	if dir == "" {
		t.Skip("PARAPH_CORPUS is not set: no real signed objects to verify")
	}
	data, err := os.ReadFile(filepath.Join(dir, "..", "trust", "trusted_root.json"))
	if err != nil {
		t.Fatal(err)
	}
	root, err := trust.Parse(data, "public")
	if err != nil {
		t.Fatal(err)
	}
	rows := corpus(t, dir)
	if len(rows) != corpusObjects {
		t.Errorf("objects.tsv has %d objects, want %d", len(rows), corpusObjects)
	}
	smime := 0
	for _, row := range rows {
		if row["mode"] == "smime" {
			smime++
		}
		t.Run(row["oid"], func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join(dir, "objects", row["oid"]+"."+row["type"]))
			if err != nil {
				t.Fatal(err)
			}
			r := verifyObject(t, row, raw, root)
			if want := expected(row); r.Verdict != want {
				t.Fatalf("%s: %s\nwant %s", r.Verdict, describe(r.Err), want)
			}
			expectOwner(t, r, row)
		})
	}
	t.Logf("%d of the objects are S/MIME, which is malformed for now", smime)
}

// expected is the verdict that objects.tsv asks for.
func expected(row map[string]string) verdict.Verdict {
	switch {
	case row["mode"] == "smime":
		return verdict.Malformed
	case row["expect"] == "good":
		return verdict.Valid
	}
	return verdict.Verdict(row["expect"])
}

// expectOwner compares identity, issuer and certificate where they are proven.
func expectOwner(t *testing.T, r *verify.Result, row map[string]string) {
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
	if r.Signer.Name != row["identity"] || r.Signer.Issuer != row["issuer"] || r.Signer.Instance != "public" {
		t.Errorf("signer %s, %s of %s, want %s, %s of public", r.Signer.Name, r.Signer.Issuer, r.Signer.Instance, row["identity"], row["issuer"])
	}
	if got := r.NotBefore.Format("2006-01-02T15:04:05Z"); got != row["not_before"] {
		t.Errorf("certificate from %s, want %s", got, row["not_before"])
	}
}

// verifyObject takes an object apart and verifies it.
func verifyObject(t *testing.T, row map[string]string, raw []byte, root *trust.Root) *verify.Result {
	t.Helper()
	kind := git.Type(row["type"])
	id, err := git.Hash(git.SHA1, kind, raw)
	if err != nil || id != row["oid"] {
		t.Fatalf("the file hashes to %s, %v", id, err)
	}
	o, err := git.Split(git.SHA1, kind, raw)
	if errors.Is(err, git.ErrUnsigned) {
		t.Fatal("the object is not signed")
	}
	if err != nil {
		return verify.Failed("", err)
	}
	return verify.Signature(o.Payload, o.Signature, root)
}

// corpus reads objects.tsv: a row of names, then one for each object.
func corpus(t *testing.T, dir string) []map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "objects.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	names := strings.Split(lines[0], "\t")
	var rows []map[string]string
	for i, line := range lines[1:] {
		values := strings.Split(line, "\t")
		if len(values) != len(names) {
			t.Fatalf("objects.tsv, line %d: %d columns, want %d", i+2, len(values), len(names))
		}
		row := map[string]string{}
		for j, name := range names {
			row[name] = values[j]
		}
		rows = append(rows, row)
	}
	return rows
}
