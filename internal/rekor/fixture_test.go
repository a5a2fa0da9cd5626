package rekor_test

import (
	"crypto"
	"crypto/sha256"
	"testing"

	"github.com/paraph/paraph/internal/rekor"
	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verdict"
)

var alice = testpki.Identity{Email: "alice@example.com", Issuer: "https://accounts.example.com"}

// A logged is a signature with its entry in a log of p.
type logged struct {
	p         *testpki.PKI
	root      *trust.Root
	log       *testpki.Log
	digest    [32]byte
	signature []byte
	leaf      []byte
	entry     *testpki.Entry
}

func logSignature(t *testing.T, major int, options ...testpki.Option) *logged {
	t.Helper()
	p := testpki.New(options...)
	key := testpki.Key("alice")
	l := &logged{p: p, root: parseRoot(t, p.TrustedRoot()), digest: sha256.Sum256([]byte("artifact"))}
	var err error
	if l.signature, err = key.Sign(nil, l.digest[:], crypto.SHA256); err != nil {
		t.Fatal(err)
	}
	l.leaf = p.Certificate(key.Public(), alice)
	if major == 1 {
		l.log, l.entry = p.Rekor1, p.LogV1(l.digest, l.signature, l.leaf)
	} else {
		l.log, l.entry = p.Rekor2, p.LogV2(l.digest, l.signature, l.leaf)
	}
	return l
}

func parseRoot(t *testing.T, data []byte) *trust.Root {
	t.Helper()
	root, err := trust.Parse(data, "test")
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// verify parses an entry and runs all checks. It returns the name of the
// first that fails, "parse" for one that cannot be parsed, and why.
func (l *logged) verify(pb []byte) (result *rekor.Result, check string, err error) {
	e, err := rekor.ParseEntry(pb)
	if err != nil {
		return nil, "parse", err
	}
	result, checks := rekor.Verify(e, l.digest, l.signature, l.leaf, l.root)
	for _, c := range checks {
		if c.Err != nil {
			return result, c.Name, c.Err
		}
	}
	return result, "", nil
}

// expect checks that pb fails in one check, under one rule.
func (l *logged) expect(t *testing.T, pb []byte, check string, class verdict.Class, rule string) {
	t.Helper()
	result, got, err := l.verify(pb)
	if err == nil {
		t.Fatal("the entry holds")
	}
	if result != nil {
		t.Error("there is a result beside a failure")
	}
	e := verdict.As(err, verdict.Infrastructure, "")
	if got != check || e.Class != class || e.Rule != rule {
		t.Errorf("fails in %s: %s: %s: %v\nexpected %s: %s: %s", got, e.Class, e.Rule, err, check, class, rule)
	}
}
