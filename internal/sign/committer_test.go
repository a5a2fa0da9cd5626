package sign

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"strings"
	"testing"

	"github.com/paraph/paraph/internal/oidc"
)

const (
	tag = "object 4b825dc642cb6eb9a060e54bf8d69288fbee4904\ntype commit\ntag v1\n" +
		"tagger Alice <alice@example.com> 1777896000 +0000\n\nsigned\n"
	certificate = "certificate version 0.1\npusher Alice <alice@example.com> 1777896000 +0000\n\n" +
		"0000000000000000000000000000000000000000 4b825dc642cb6eb9a060e54bf8d69288fbee4904 refs/heads/main\n"
)

// asked counts what reaches CA and log.
func (w *world) asked() (certificates, entries *int) {
	certificates, entries = new(int), new(int)
	certify, log := w.signer.Services.Certify, w.signer.Services.Log
	w.signer.Services.Certify = func(ctx context.Context, token string, pub crypto.PublicKey, proof []byte) (*x509.Certificate, error) {
		*certificates++
		return certify(ctx, token, pub, proof)
	}
	w.signer.Services.Log = func(ctx context.Context, digest [sha256.Size]byte, signature []byte, leaf *x509.Certificate) ([]byte, error) {
		*entries++
		return log(ctx, digest, signature, leaf)
	}
	return certificates, entries
}

// as gives the signer a token with these claims.
func (w *world) as(t *testing.T, claims map[string]any) {
	t.Helper()
	var err error
	if w.token, err = oidc.Parse(w.pki.IDToken(claims), w.pki.Clock.Now()); err != nil {
		t.Fatal(err)
	}
}

// The one who signs is the committer, tagger or pusher, or the CA is not even
// asked; where only the certificate tells, the log is not.
func TestMatchCommitter(t *testing.T) {
	anonymous := func(t *testing.T, w *world) { w.as(t, map[string]any{"email": nil}) }
	as := func(email string) func(*testing.T, *world) {
		return func(_ *testing.T, w *world) { w.id.Email = email }
	}
	for name, tt := range map[string]struct {
		payload      string
		change       func(t *testing.T, w *world)
		want         string // "" signs
		certificates int
	}{
		"commit":           {commit, nil, "", 1},
		"tag":              {tag, nil, "", 1},
		"push certificate": {certificate, nil, "", 1},
		"author is another": {
			strings.Replace(commit, "author Alice <alice@", "author Bob <bob@", 1), nil, "", 1,
		},
		"committer is another": {
			strings.Replace(commit, "committer Alice <alice@", "committer Bob <bob@", 1), nil,
			`the committer is "bob@example.com", and the identity token is for "alice@example.com": set user.email to the latter`, 0,
		},
		"tagger is another": {
			strings.Replace(tag, "alice@", "bob@", 1), nil, `the tagger is "bob@example.com", and the identity token is for "alice@example.com"`, 0,
		},
		"pusher is another": {
			strings.Replace(certificate, "alice@", "bob@", 1), nil, `the pusher is "bob@example.com", and the identity token is for "alice@example.com"`, 0,
		},
		"pusher is a key": {
			strings.Replace(certificate, "Alice <alice@example.com>", "KEY", 1), nil, `the pusher is "KEY 1777896000 +0000", not "name <email>", and the identity token is for "alice@example.com": unset user.signingKey`, 0,
		},
		"another case":          {strings.Replace(commit, "committer Alice <alice@", "committer Alice <Alice@", 1), nil, `the committer is "Alice@example.com"`, 0},
		"no e-mail":             {strings.Replace(commit, "committer Alice <alice@example.com>", "committer Alice <>", 1), nil, `the committer is ""`, 0},
		"look-alike":            {strings.Replace(commit, "committer Alice <alice@", "committer Alice <\u0430lice@", 1), nil, "the committer is ", 0},
		"certificate tells":     {commit, anonymous, "", 1},
		"certificate of a name": {strings.Replace(commit, "committer Alice <alice@", "committer Bob <bob@", 1), anonymous, `the committer is "bob@example.com", and the certificate is for "alice@example.com"`, 1},
		"workload": {strings.Replace(commit, "committer Alice <alice@", "committer Bob <bob@", 1), func(t *testing.T, w *world) {
			anonymous(t, w)
			w.id.Email, w.id.URI = "", "https://ci.example/acme"
		}, "", 1},
		"certificate of another than the token's": {commit, as("mallory@example.com"), "cannot be used", 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 1)
			if tt.change != nil {
				tt.change(t, w)
			}
			w.signer.MatchCommitter = true
			certificates, entries := w.asked()
			s, err := w.sign(t.Context(), tt.payload)
			if (s != nil) != (tt.want == "") || err != nil && (tt.want == "" || !strings.Contains(err.Error(), tt.want)) {
				t.Fatalf("%v, %v, want ...%s...", s, err, tt.want)
			}
			if logged := map[bool]int{true: 1}[tt.want == ""]; *certificates != tt.certificates || *entries != logged {
				t.Errorf("%d certificates and %d entries, want %d and %d", *certificates, *entries, tt.certificates, logged)
			}
		})
	}
}

// Nobody asked for it: whoever holds the token signs for anybody.
func TestMatchCommitterIsOff(t *testing.T) {
	w := newWorld(t, 1)
	if _, err := w.sign(t.Context(), strings.ReplaceAll(commit, "alice@", "bob@")); err != nil {
		t.Error(err)
	}
}
