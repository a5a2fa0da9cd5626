package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// hook writes down what git says of a push certificate.
const hook = `#!/bin/sh
cat >/dev/null
printf 'status=%s\nsigner=%s\nnonce=%s\n' "$GIT_PUSH_CERT_STATUS" "$GIT_PUSH_CERT_SIGNER" "$GIT_PUSH_CERT_NONCE_STATUS" >>"$GIT_DIR/certificate"
git cat-file blob "$GIT_PUSH_CERT" | sed -n '1p' >>"$GIT_DIR/certificate"
`

// Of a push certificate git passes on the letter and not the trust: with the
// status lines that make a commit U, the hook would see G.
func TestPushCertificate(t *testing.T) {
	tests := []struct {
		name, identity string
		issuer         func() string
		letter         string
	}{
		{"signer named", alice, issuer, "G"},
		{"nobody named", "", nobody, "E"},
		{"another named", otherUser, issuer, "R"},
		{"the signer of another issuer named", alice, ciIssuer, "R"},
	}
	forEachLog(t, func(t *testing.T, log logVersion) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				u := newUser(t, log, mint(t, nil))
				u.commit("first", "--no-gpg-sign")
				server := newServer(u, tt.identity, tt.issuer())
				u.git("push", "-q", "--signed", server.dir, "main")
				got := string(readFile(t, filepath.Join(server.dir, "certificate")))
				signer := "signer=" + alice + " [" + servers.Endpoints.Issuer + "]\n"
				if tt.letter == "E" {
					signer = "signer=\n"
				}
				if want := "status=" + tt.letter + "\n" + signer + "nonce=OK\ncertificate version 0.1\n"; got != want {
					t.Errorf("the hook saw\n%swant\n%s", got, want)
				}
			})
		}
	})
}

// A certificate that was changed on its way is bad. git send-pack cannot be
// made to do that, so a program between git and paraph changes the payload.
func TestPushCertificateForOtherRefs(t *testing.T) {
	forEachLog(t, func(t *testing.T, log logVersion) {
		u := newUser(t, log, mint(t, nil))
		u.commit("first", "--no-gpg-sign")
		server := newServer(u, alice, servers.Endpoints.Issuer)
		script := "#!/bin/sh\nsed 's:refs/heads/main:refs/heads/other:' | '" + filepath.Join(programs, "paraph") + "' \"$@\"\n"
		forger := filepath.Join(u.root, "forger")
		writeExecutable(t, forger, script)
		u.git("config", "gpg.x509.program", forger) // the user's repository only, the server keeps paraph
		u.git("push", "-q", "--signed", server.dir, "main")
		if got := string(readFile(t, filepath.Join(server.dir, "certificate"))); !strings.HasPrefix(got, "status=B\n") {
			t.Errorf("the hook saw\n%swant status B", got)
		}
	})
}

// newServer makes a bare repository that asks for push certificates and trusts
// one signer.
func newServer(u *user, identity, issuer string) *user {
	u.t.Helper()
	u.in(".").git("init", "-q", "--bare", "server.git")
	server := u.in("server.git")
	server.git("config", "receive.certNonceSeed", "seed")
	if identity != "" {
		server.git("config", "paraph.certificateIdentity", identity)
		server.git("config", "paraph.certificateOIDCIssuer", issuer)
	}
	writeExecutable(u.t, filepath.Join(server.dir, "hooks", "pre-receive"), hook)
	return server
}

func writeExecutable(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
}
