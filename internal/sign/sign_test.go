package sign

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paraph/paraph/internal/oidc"
	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

const commit = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n" +
	"author Alice <alice@example.com> 1777896000 +0000\n" +
	"committer Alice <alice@example.com> 1777896000 +0000\n\nsigned\n"

// A world is a Sigstore instance behind functions, and a signer who uses it.
type world struct {
	pki    *testpki.PKI
	id     testpki.Identity
	token  *oidc.Token
	rand   io.Reader
	signer *Signer
}

// sign gets a certificate for a fresh key, and signs with that.
func (w *world) sign(ctx context.Context, signed string) (*Signature, error) {
	p, err := Parse([]byte(signed))
	if err != nil {
		return nil, err
	}
	key, err := NewKey(w.rand, w.signer.Now)
	if err != nil {
		return nil, err
	}
	c, err := w.signer.Certify(ctx, key, w.token, p)
	if err != nil {
		return nil, err
	}
	return w.signer.Sign(ctx, c, []byte(signed))
}

// newWorld makes a world in which all is well, with Rekor 1 or 2.
func newWorld(t *testing.T, rekor int) *world {
	t.Helper()
	p := testpki.New()
	root, err := trust.Parse(p.TrustedRoot(), "public")
	if err != nil {
		t.Fatal(err)
	}
	token, err := oidc.Parse(p.IDToken(nil), p.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{pki: p, token: token, rand: rand.Reader, id: testpki.Identity{Email: "alice@example.com", Issuer: p.URLs().Issuer}}
	w.signer = &Signer{Root: root, Now: p.Clock.Now, Services: Services{
		Certify: w.certify(),
		Log: func(_ context.Context, digest [sha256.Size]byte, signature []byte, leaf *x509.Certificate) ([]byte, error) {
			if rekor == 2 {
				return p.LogV2(digest, signature, leaf.Raw).Bytes(), nil
			}
			return p.LogV1(digest, signature, leaf.Raw).Bytes(), nil
		},
		Timestamp: w.timestamp(),
	}}
	return w
}

type certify = func(context.Context, string, crypto.PublicKey, []byte) (*x509.Certificate, error)

// certify certifies whoever asks, with these options.
func (w *world) certify(options ...testpki.CertOption) certify {
	return func(_ context.Context, _ string, pub crypto.PublicKey, _ []byte) (*x509.Certificate, error) {
		return x509.ParseCertificate(w.pki.Certificate(pub, w.id, options...))
	}
}

type stamp = func(context.Context, []byte) ([]byte, *big.Int, error)

// timestamp answers with a token and the nonce that was asked for.
func (w *world) timestamp(options ...testpki.TSAOption) stamp {
	return func(_ context.Context, message []byte) ([]byte, *big.Int, error) {
		nonce := big.NewInt(77)
		return w.pki.Timestamp(message, append([]testpki.TSAOption{testpki.Nonce(nonce)}, options...)...), nonce, nil
	}
}

// entry has Rekor v1 log what was asked, and changes its answer.
func (w *world) entry(change func(e *testpki.Entry)) {
	w.signer.Services.Log = func(_ context.Context, digest [sha256.Size]byte, signature []byte, leaf *x509.Certificate) ([]byte, error) {
		e := w.pki.LogV1(digest, signature, leaf.Raw)
		change(e)
		return e.Bytes(), nil
	}
}

func TestSign(t *testing.T) {
	for _, tt := range []struct {
		name  string
		rekor int
		tsa   bool
	}{{"Rekor v1", 1, false}, {"Rekor v1 and a timestamp", 1, true}, {"Rekor v2", 2, true}} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, tt.rekor)
			if !tt.tsa {
				w.signer.Services.Timestamp = nil
			}
			s, err := w.sign(t.Context(), commit)
			if err != nil {
				t.Fatal(err)
			}
			r := verify.Signature([]byte(commit), s.Armored, verify.Trust{Roots: []*trust.Root{w.signer.Root}})
			if r.Verdict != verdict.Valid || r.Signer.Name != w.id.Email || r.Fingerprint != s.Result.Fingerprint || !s.Result.Time().Equal(w.pki.Clock.Now()) {
				t.Errorf("%+v", r)
			}
		})
	}
}

// Every signature has a key of its own; what proves its possession is made by
// that key over the token's subject.
func TestSignMakesOneKeyEach(t *testing.T) {
	w := newWorld(t, 1)
	good := w.certify()
	var keys []crypto.PublicKey
	w.signer.Services.Certify = func(ctx context.Context, token string, pub crypto.PublicKey, proof []byte) (*x509.Certificate, error) {
		digest := sha256.Sum256([]byte("alice@example.com"))
		leaf, err := good(ctx, token, pub, proof)
		if err != nil || leaf.CheckSignature(x509.ECDSAWithSHA256, []byte("alice@example.com"), proof) != nil {
			t.Errorf("%x does not prove possession over %x: %v", proof, digest, err)
		}
		if token != w.token.Secret() {
			t.Error("another token was sent")
		}
		keys = append(keys, pub)
		return leaf, nil
	}
	for range 2 {
		if _, err := w.sign(t.Context(), commit); err != nil {
			t.Fatal(err)
		}
	}
	if keys[0].(interface{ Equal(crypto.PublicKey) bool }).Equal(keys[1]) {
		t.Error("two signatures by one key")
	}
}

// Attack 60: each answer is wrong in one way, and there is no signature.
func TestSignBelievesNothing(t *testing.T) {
	late := func(w *world) time.Time { return w.pki.Clock.Now().Add(11 * time.Minute) }
	for name, tt := range map[string]struct {
		change func(w *world)
		want   string
	}{
		"CA refuses": {func(w *world) {
			w.signer.Services.Certify = func(context.Context, string, crypto.PublicKey, []byte) (*x509.Certificate, error) {
				return nil, errors.New("not today")
			}
		}, "asking for a certificate: not today"},
		"another key": {func(w *world) {
			good := w.certify()
			w.signer.Services.Certify = func(ctx context.Context, token string, _ crypto.PublicKey, proof []byte) (*x509.Certificate, error) {
				return good(ctx, token, testpki.Key("mallory").Public(), proof)
			}
		}, "cannot be used: it is for another key"},
		"another identity":   {func(w *world) { w.id.Email = "mallory@example.com" }, `cannot be used: the certificate is for "mallory@example.com"`},
		"another issuer":     {func(w *world) { w.id.Issuer = "https://evil.example" }, `cannot be used: the certificate is for the issuer "https://evil.example"`},
		"a URI instead":      {func(w *world) { w.id.Email, w.id.URI = "", "https://evil.example/x" }, "cannot be used: the certificate is for"},
		"another CA":         {func(w *world) { w.signer.Services.Certify = w.certify(testpki.FromOtherCA()) }, "cannot be used: "},
		"no SCT":             {func(w *world) { w.signer.Services.Certify = w.certify(testpki.NoSCT()) }, "cannot be used: "},
		"forged SCT":         {func(w *world) { w.signer.Services.Certify = w.certify(testpki.SCTForged()) }, "cannot be used: "},
		"SCT of another":     {func(w *world) { w.signer.Services.Certify = w.certify(testpki.SCTOfAnotherCertificate()) }, "cannot be used: "},
		"two names":          {func(w *world) { w.signer.Services.Certify = w.certify(testpki.TwoSANs("bob@example.com")) }, "cannot be used: "},
		"no code signing":    {func(w *world) { w.signer.Services.Certify = w.certify(testpki.NoEKU()) }, "cannot be used: "},
		"a CA's certificate": {func(w *world) { w.signer.Services.Certify = w.certify(testpki.IsCA()) }, "cannot be used: "},
		"clock far behind": {func(w *world) {
			at := w.pki.Clock.Now().Add(-31 * time.Second)
			w.signer.Now = func() time.Time { return at }
		}, "is the clock right?"},
		"clock far ahead": {func(w *world) {
			at := w.pki.Clock.Now().Add(10*time.Minute + 31*time.Second)
			w.signer.Now = func() time.Time { return at }
		}, "is the clock right?"},
		"log is silent": {func(w *world) { w.entry(func(e *testpki.Entry) { *e = testpki.Entry{} }) }, "does not verify (malformed)"},
		"log answers garbage": {func(w *world) {
			w.signer.Services.Log = func(context.Context, [32]byte, []byte, *x509.Certificate) ([]byte, error) {
				return []byte("garbage"), nil
			}
		}, "does not verify (malformed)"},
		"entry of another": {func(w *world) {
			w.signer.Services.Log = func(_ context.Context, d [32]byte, s []byte, l *x509.Certificate) ([]byte, error) {
				d[0] ^= 1
				return w.pki.LogV1(d, s, l.Raw).Bytes(), nil
			}
		}, "does not verify (bad)"},
		"log of a stranger": {func(w *world) {
			w.signer.Services.Log = func(_ context.Context, d [32]byte, s []byte, l *x509.Certificate) ([]byte, error) {
				return w.pki.Other().LogV1(d, s, l.Raw).Bytes(), nil
			}
		}, "does not verify (unknown)"},
		"false promise": {func(w *world) { w.entry(func(e *testpki.Entry) { e.SET[len(e.SET)-1] ^= 1 }) }, "does not verify (bad)"},
		"false path":    {func(w *world) { w.entry(func(e *testpki.Entry) { e.Proof.Hashes[0][0] ^= 1 }) }, "does not verify (bad)"},
		"false checkpoint": {func(w *world) {
			w.entry(func(e *testpki.Entry) {
				e.Proof.Checkpoint = w.pki.Other().Rekor1.Checkpoint(e.Proof.TreeSize, e.Proof.RootHash)
			})
		}, "does not verify ("},
		"logged too late": {func(w *world) {
			w.entry(func(e *testpki.Entry) { e.Body = nil; w.pki.Clock.Set(late(w)) })
			w.signer.Services.Timestamp = w.timestamp(testpki.GenTime(late(w)))
		}, "does not verify (expired)"},
		"token for another":   {func(w *world) { w.signer.Services.Timestamp = w.timestamp(testpki.WrongImprint()) }, "token that cannot be used"},
		"token of a stranger": {func(w *world) { w.signer.Services.Timestamp = w.timestamp(testpki.ForeignTSA()) }, "token that cannot be used"},
		"forged token":        {func(w *world) { w.signer.Services.Timestamp = w.timestamp(testpki.ForgedToken()) }, "token that cannot be used"},
		"another nonce":       {func(w *world) { w.signer.Services.Timestamp = w.timestamp(testpki.Nonce(big.NewInt(78))) }, "the nonce differs"},
		"no nonce":            {func(w *world) { w.signer.Services.Timestamp = w.timestamp(testpki.NoNonce()) }, "the nonce differs"},
		"no nonce was asked": {func(w *world) {
			good := w.timestamp()
			w.signer.Services.Timestamp = func(ctx context.Context, m []byte) ([]byte, *big.Int, error) {
				tok, _, err := good(ctx, m)
				return tok, nil, err
			}
		}, "the nonce differs"},
		"token is garbage": {func(w *world) {
			w.signer.Services.Timestamp = func(context.Context, []byte) ([]byte, *big.Int, error) { return []byte("x"), big.NewInt(1), nil }
		}, "token that cannot be used"},
		"no token": {func(w *world) {
			w.signer.Services.Timestamp = func(context.Context, []byte) ([]byte, *big.Int, error) { return nil, nil, nil }
		}, "token that cannot be used"},
		"a client that panics": {func(w *world) {
			w.signer.Services.Timestamp = func(context.Context, []byte) ([]byte, *big.Int, error) { panic("oh") }
		}, "internal error: oh"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 1)
			tt.change(w)
			s, err := w.sign(t.Context(), commit)
			if s != nil || err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, %v, want ...%s...", s, err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), w.token.Secret()) {
				t.Error("the error shows the token")
			}
		})
	}
}

// Rekor v2 proves no time by itself.
func TestSignNeedsTime(t *testing.T) {
	w := newWorld(t, 2)
	w.signer.Services.Timestamp = nil
	if s, err := w.sign(t.Context(), commit); s != nil || err == nil || !strings.Contains(err.Error(), "(unproven)") {
		t.Errorf("%v, %v", s, err)
	}
}

// Only git objects are signed, and nobody is asked about anything else.
func TestSignOnlyGitObjects(t *testing.T) {
	w := newWorld(t, 1)
	w.signer.Services.Certify = func(context.Context, string, crypto.PublicKey, []byte) (*x509.Certificate, error) {
		t.Error("the CA was asked")
		return nil, io.EOF
	}
	for _, payload := range []string{"", "hello\n", "tree \n\nx", commit[:60], "blob 5\x00hello", strings.ToUpper(commit)} {
		if s, err := w.sign(t.Context(), payload); s != nil || err == nil || !strings.Contains(err.Error(), "not a git object") {
			t.Errorf("%q: %v, %v", payload, s, err)
		}
	}
}

// Log and timestamp authority are asked at the same time: each answers only
// when the other one was asked too.
func TestSignAsksBothAtOnce(t *testing.T) {
	w := newWorld(t, 1)
	logged, stamped := make(chan struct{}), make(chan struct{})
	log, timestamp := w.signer.Services.Log, w.signer.Services.Timestamp
	w.signer.Services.Log = func(ctx context.Context, d [32]byte, s []byte, l *x509.Certificate) ([]byte, error) {
		close(logged)
		if err := wait(ctx, stamped); err != nil {
			return nil, err
		}
		return log(ctx, d, s, l)
	}
	w.signer.Services.Timestamp = func(ctx context.Context, m []byte) ([]byte, *big.Int, error) {
		close(stamped)
		if err := wait(ctx, logged); err != nil {
			return nil, nil, err
		}
		return timestamp(ctx, m)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := w.sign(ctx, commit); err != nil {
		t.Error(err)
	}
}

// A failure of the log ends the wait for the timestamp, and is the one that
// is told.
func TestSignLogFailureEndsBoth(t *testing.T) {
	w := newWorld(t, 1)
	w.signer.Services.Log = func(context.Context, [32]byte, []byte, *x509.Certificate) ([]byte, error) {
		return nil, errors.New("first")
	}
	w.signer.Services.Timestamp = func(ctx context.Context, _ []byte) ([]byte, *big.Int, error) {
		<-ctx.Done()
		return nil, nil, ctx.Err()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err := w.sign(ctx, commit)
	if err == nil || !strings.HasSuffix(err.Error(), ": first") || ctx.Err() != nil {
		t.Errorf("%v, the context: %v", err, ctx.Err())
	}
}

// A failure of the timestamp authority does not hang up on the log, whose
// answer comes long after; then it is told.
func TestSignWaitsForTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		answered := false
		w.signer.Services.Log = func(ctx context.Context, _ [32]byte, _ []byte, _ *x509.Certificate) ([]byte, error) {
			select {
			case <-time.After(20 * time.Second):
				answered = true
				return nil, errors.New("second")
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		w.signer.Services.Timestamp = func(context.Context, []byte) ([]byte, *big.Int, error) { return nil, nil, errors.New("first") }
		_, err := w.sign(t.Context(), commit)
		if err == nil || !strings.HasSuffix(err.Error(), "timestamp authority: first") || !answered {
			t.Errorf("%v, did the log answer: %v", err, answered)
		}
	})
}

// The user's interrupt ends the wait for both.
func TestSignInterrupted(t *testing.T) {
	for _, stampFails := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, 2)
			w.signer.Services.Log = func(ctx context.Context, _ [32]byte, _ []byte, _ *x509.Certificate) ([]byte, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			w.signer.Services.Timestamp = func(ctx context.Context, _ []byte) ([]byte, *big.Int, error) {
				if stampFails {
					return nil, nil, errors.New("first")
				}
				<-ctx.Done()
				return nil, nil, ctx.Err()
			}
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			s, err := w.sign(ctx, commit)
			if s != nil || err == nil || !stampFails && !errors.Is(err, context.Canceled) {
				t.Errorf("the timestamp authority fails: %v, error: %v", stampFails, err)
			}
		})
	}
}

func wait(ctx context.Context, c <-chan struct{}) error {
	select {
	case <-c:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
