package cache_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/paraph/paraph/internal/cache"
	"github.com/paraph/paraph/internal/proof"
	"github.com/paraph/paraph/internal/rekor"
	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

const issuer = "https://accounts.example.com"

// A world is a Sigstore instance, a signer, and a user with a home.
type world struct {
	t      testing.TB
	pki    *testpki.PKI
	signer *testpki.OldSigner
	home   string
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, pki: testpki.New(), home: t.TempDir()}
	w.signer = w.pki.OldSigner(testpki.Identity{Email: "alice@example.com", Issuer: issuer})
	return w
}

func (w *world) environ() []string { return []string{"HOME=" + w.home} }

// open opens the cache as a process does that begins.
func (w *world) open() *cache.Cache {
	c := cache.Open(w.environ())
	w.t.Cleanup(func() { c.Close() })
	return c
}

func (w *world) file() string   { return filepath.Join(w.home, ".cache/paraph/verdicts") }
func (w *world) secret() string { return filepath.Join(w.home, ".local/state/paraph/verdicts.key") }

// root is the instance's trusted root under a name, parsed anew.
func (w *world) root(name string) *trust.Root {
	w.t.Helper()
	return parse(w.t, w.pki.TrustedRoot(), name)
}

func parse(t testing.TB, data []byte, name string) *trust.Root {
	t.Helper()
	r, err := trust.Parse(data, name)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (w *world) trust() verify.Trust { return verify.Trust{Roots: []*trust.Root{w.root("test")}} }

// An object is signed bytes, their signature and what lies beside them.
type object struct {
	signed, armored []byte
	id              string
	note            []byte
	reads           *int // how often the note was read
}

func commit(n int) []byte {
	return fmt.Appendf(nil, "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n"+
		"author A <alice@example.com> 1777896000 +0000\ncommitter A <alice@example.com> 1777896000 +0000\n\n%d\n", n)
}

// embedded is a signature that carries its proof.
func (w *world) embedded(n, version int) object {
	signed := commit(n)
	return object{signed: signed, armored: w.signer.SignWithProof(signed, version), reads: new(int)}
}

// old is a signature whose proof lies in a note.
func (w *world) old(n int) object {
	w.t.Helper()
	o := object{signed: commit(n), reads: new(int)}
	o.armored = w.signer.Sign(o.signed)
	o.id = proof.ObjectIDs(o.signed, o.armored)[0]
	entry, err := rekor.ParseV1Response(w.signer.Log(o.id).V1JSON())
	if err != nil {
		w.t.Fatal(err)
	}
	b, err := proof.New(entry)
	if err != nil {
		w.t.Fatal(err)
	}
	line, err := b.JSON()
	if err != nil {
		w.t.Fatal(err)
	}
	o.note = append(line, '\n')
	return o
}

func (o object) beside() verify.Note {
	return verify.Note{ObjectID: o.id, Read: func() ([]byte, error) {
		*o.reads++
		return o.note, nil
	}}
}

func (o object) ask() *cache.Question { return cache.Ask(o.signed, o.armored, o.beside()) }

// fresh is the answer of a verification that remembers nothing.
func (o object) fresh(t testing.TB, by verify.Trust) *verify.Result {
	t.Helper()
	r := verify.Open(o.signed, o.armored).Beside(o.beside()).Against(by)
	return r
}

// valid is fresh for what must hold.
func (o object) valid(t testing.TB, by verify.Trust) *verify.Result {
	t.Helper()
	r := o.fresh(t, by)
	if r.Verdict != verdict.Valid {
		t.Fatalf("%s: %v", r.Verdict, r.Err)
	}
	return r
}

// same compares all that can be seen of two results.
func same(t testing.TB, got, want *verify.Result) {
	t.Helper()
	g, w := reflect.ValueOf(got).Elem(), reflect.ValueOf(want).Elem()
	for i := range g.NumField() {
		if f := g.Type().Field(i); f.IsExported() && !reflect.DeepEqual(g.Field(i).Interface(), w.Field(i).Interface()) {
			t.Errorf("%s: %v, want %v", f.Name, g.Field(i), w.Field(i))
		}
	}
}

// write replaces a file.
func write(t testing.TB, path string, data []byte, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, data, mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}
