package history_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/internal/cache"
	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/history"
	"github.com/paraph/paraph/internal/report"
	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verify"
)

const (
	person    = "Alice <alice@example.com> 1777896000 +0000"
	pgpSigned = "-----BEGIN PGP SIGNATURE-----\n\niQEzBAABCAAdFiEE\n-----END PGP SIGNATURE-----\n"
	sshSigned = "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n"
)

// A repo is a repository of real git, and somebody who signs in it.
type repo struct {
	t      *testing.T
	dir    string
	env    []string
	format git.Format
	pki    *testpki.PKI
	root   *trust.Root
	tree   string // the empty tree
}

func newRepo(t *testing.T, format git.Format) *repo {
	t.Helper()
	r := &repo{t: t, dir: t.TempDir(), format: format, pki: testpki.New()}
	r.env = append(os.Environ(), "HOME="+r.dir, "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
	r.git("init", "-q", "-b", "main", "--object-format="+format.String())
	var err error
	if r.root, err = trust.Parse(r.pki.TrustedRoot(), "test"); err != nil {
		t.Fatal(err)
	}
	r.tree = r.write("tree", nil)
	return r
}

// git runs git and returns what it prints, without the final newline.
func (r *repo) git(args ...string) string {
	r.t.Helper()
	return r.gitWith(nil, args...)
}

func (r *repo) gitWith(stdin []byte, args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env, cmd.Stdin = r.dir, r.env, bytes.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		r.t.Fatalf("git %v: %v: %s", args, err, stderr.Bytes())
	}
	return strings.TrimSuffix(string(out), "\n")
}

// write stores an object, whatever it is, and returns its id.
func (r *repo) write(kind string, raw []byte) string {
	r.t.Helper()
	return r.gitWith(raw, "hash-object", "-t", kind, "-w", "--stdin", "--literally")
}

// commit is the payload of a commit.
func (r *repo) commit(message string) string {
	return "tree " + r.tree + "\nauthor " + person + "\ncommitter " + person + "\n\n" + message + "\n"
}

// tag is the payload of a tag that leads to an object.
func (r *repo) tag(name, kind, id string) string {
	return "object " + id + "\ntype " + kind + "\ntag " + name + "\ntagger " + person + "\n\n" + name + "\n"
}

// sign returns an armored signature over a payload, with its log entry.
func (r *repo) sign(payload string) []byte {
	r.t.Helper()
	key := testpki.Key("alice")
	leaf, err := x509.ParseCertificate(r.pki.Certificate(key.Public(), testpki.Identity{
		Email: "alice@example.com", Issuer: "https://accounts.example.com",
	}))
	if err != nil {
		r.t.Fatal(err)
	}
	sd, err := cms.Sign(rand.Reader, key, leaf, []byte(payload), r.pki.Clock.Now())
	if err != nil {
		r.t.Fatal(err)
	}
	entry := r.pki.LogV1(sha256.Sum256(sd.RawSignedAttributes), sd.Signature, leaf.Raw)
	value, err := asn1.Marshal(entry.Bytes())
	if err != nil {
		r.t.Fatal(err)
	}
	if err := sd.SetUnsignedAttributes(cms.Attribute{Type: cms.OIDTransparencyLogEntry, Values: [][]byte{value}}); err != nil {
		r.t.Fatal(err)
	}
	der, err := sd.Bytes()
	if err != nil {
		r.t.Fatal(err)
	}
	return cms.Armor(der)
}

// join makes an object of a payload and a signature.
func (r *repo) join(kind git.Type, payload string, signature []byte) []byte {
	r.t.Helper()
	raw, err := git.Join(r.format, kind, []byte(payload), signature)
	if err != nil {
		r.t.Fatal(err)
	}
	return raw
}

// signed stores a signed object.
func (r *repo) signed(kind git.Type, payload string) string {
	r.t.Helper()
	return r.write(string(kind), r.join(kind, payload, r.sign(payload)))
}

func (r *repo) trust() *cache.Verdicts {
	return (*cache.Cache)(nil).Under(verify.Trust{Roots: []*trust.Root{r.root}})
}

// verify verifies a revision, which must be readable.
func (r *repo) verify(rev string) []report.Object {
	r.t.Helper()
	out, err := history.Verify(context.Background(), gitcmd.New(r.dir, r.env), rev, r.trust())
	if err != nil {
		r.t.Fatalf("%s: %v", rev, err)
	}
	return out
}

// expect verifies a revision, and compares what came of each object with
// "type verdict" or "type verdict class/rule".
func (r *repo) expect(rev string, want ...string) []report.Object {
	r.t.Helper()
	out := r.verify(rev)
	var got []string
	for _, o := range out {
		line := o.Type + " " + string(o.Verdict)
		if o.Err != nil {
			line += " " + o.Err.Class.String() + "/" + o.Err.Rule
		}
		got = append(got, line)
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		r.t.Errorf("%q: %q, want %q", rev, got, want)
	}
	return out
}
