package openpgp_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/internal/openpgp"
	"github.com/paraph/paraph/internal/verdict"
)

// A home is a folder of gpg's with one key.
type home struct {
	dir, fingerprint string
}

// newHome makes a key of an algorithm, without a passphrase.
func newHome(t *testing.T, algorithm string) *home {
	t.Helper()
	if _, err := exec.LookPath("gpg"); err != nil {
		t.Skipf("gpg is not installed: %v", err)
	}
	// The path of the agent's socket must be short.
	dir, err := os.MkdirTemp("", "gpg")
	if err != nil {
		t.Fatal(err)
	}
	h := &home{dir: dir}
	t.Cleanup(func() {
		h.run(t, nil, "gpgconf", "--kill", "gpg-agent")
		os.RemoveAll(dir)
	})
	h.gpg(t, nil, "--quick-gen-key", "Alice <alice@example.com>", algorithm, "sign,cert", "2d")
	for line := range strings.Lines(string(h.gpg(t, nil, "--list-keys", "--with-colons"))) {
		if f := strings.Split(line, ":"); f[0] == "fpr" && h.fingerprint == "" {
			h.fingerprint = f[9]
		}
	}
	return h
}

func (h *home) run(t *testing.T, stdin []byte, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Stdin = h.dir, bytes.NewReader(stdin)
	cmd.Env = append(os.Environ(), "GNUPGHOME="+h.dir, "HOME="+h.dir, "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	var out, failure bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &failure
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, &failure)
	}
	return out.Bytes()
}

func (h *home) gpg(t *testing.T, stdin []byte, args ...string) []byte {
	t.Helper()
	return h.run(t, stdin, append([]string{"gpg", "--batch", "--no-tty", "--yes", "--pinentry-mode=loopback", "--passphrase", ""}, args...)...)
}

// keys exports the public keys, as people put them into a repository.
func (h *home) keys(t *testing.T) *openpgp.Keys {
	t.Helper()
	keys, err := openpgp.ParseKeys(h.gpg(t, nil, "--armor", "--export"))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// rule is that by which a signature fails.
func rule(t *testing.T, keys *openpgp.Keys, armored, payload []byte, at time.Time) string {
	t.Helper()
	s, err := openpgp.Read(armored)
	if err == nil {
		_, err = keys.Verify(s, payload, at)
	}
	if e := verdict.As(err, verdict.Infrastructure, ""); e != nil {
		return e.Rule
	}
	return ""
}

// What gpg signs, it and its subkeys, is verified until the key ends or is
// revoked.
func TestGPGSigns(t *testing.T) {
	for _, algorithm := range []string{"ed25519", "rsa2048", "nistp256", "nistp384", "nistp521"} {
		t.Run(algorithm, func(t *testing.T) {
			h := newHome(t, algorithm)
			soon := time.Now().Add(time.Hour)
			sign := func(args ...string) []byte {
				return h.gpg(t, payload, append([]string{"--armor", "--detach-sign"}, args...)...)
			}
			hold := func(what string, armored []byte) {
				t.Helper()
				if got := rule(t, h.keys(t), armored, payload, soon); got != "" {
					t.Errorf("%s: %s\n%s", what, got, armored)
				}
				if got := rule(t, h.keys(t), armored, append(payload, '\n'), soon); got != "digest" {
					t.Errorf("%s, with a line more: %q", what, got)
				}
				if got := rule(t, h.keys(t), armored, payload, soon.Add(48*time.Hour)); got != "key-expired" {
					t.Errorf("%s, in two days: %q", what, got)
				}
			}
			hold("the key's", sign())
			hold("over a text", sign("--textmode"))
			hold("with a notation", sign("--set-notation", "a@example.com=b"))
			if !strings.HasPrefix(algorithm, "nist") { // there gpg refuses by itself
				if got := rule(t, h.keys(t), sign("--digest-algo", "SHA1"), payload, soon); got != "weak-digest" {
					t.Errorf("with SHA-1: %q", got)
				}
			}
			h.gpg(t, nil, "--quick-add-key", h.fingerprint, "ed25519", "sign", "0")
			h.gpg(t, nil, "--quick-add-key", h.fingerprint, "rsa2048", "encr", "0")
			hold("its subkey's", sign())
			last := sign()
			text, err := os.ReadFile(filepath.Join(h.dir, "openpgp-revocs.d", h.fingerprint+".rev"))
			if err != nil {
				t.Fatal(err)
			}
			text = bytes.Replace(text, []byte("\n:---"), []byte("\n---"), 1)
			// As people append it to the file in their repository.
			appended, err := openpgp.ParseKeys(slices.Concat(h.gpg(t, nil, "--armor", "--export"), text[bytes.Index(text, []byte("-----BEGIN")):]))
			if err != nil {
				t.Fatal(err)
			}
			if got := rule(t, appended, last, payload, soon); got != "key-revoked" {
				t.Errorf("when the revocation stands at the end of the file: %q", got)
			}
			h.gpg(t, text, "--import")
			if got := rule(t, h.keys(t), last, payload, soon); got != "key-revoked" {
				t.Errorf("when the key is revoked: %q", got)
			}
		})
	}
}

// A commit and a tag that git made are verified as they are split.
func TestGitSigns(t *testing.T) {
	h := newHome(t, "ed25519")
	h.run(t, nil, "git", "init", "-q", "repo")
	call := func(args ...string) []byte {
		return h.run(t, nil, append([]string{"git", "-C", "repo", "-c", "user.name=Alice", "-c", "user.email=alice@example.com", "-c", "gpg.format=openpgp"}, args...)...)
	}
	call("commit", "-q", "--allow-empty", "-S", "-m", "by gpg")
	call("tag", "-s", "-m", "by gpg", "v1")
	for typ, rev := range map[git.Type]string{git.Commit: "HEAD", git.Tag: "v1"} {
		o, err := git.Split(git.SHA1, typ, call("cat-file", string(typ), rev))
		if err != nil {
			t.Fatal(err)
		}
		s, err := openpgp.Read(o.Signature)
		if err != nil {
			t.Fatal(err)
		}
		if fingerprint, err := h.keys(t).Verify(s, o.Payload, time.Now()); err != nil || fingerprint != h.fingerprint {
			t.Errorf("%s: %s, %v; want %s", typ, fingerprint, err, h.fingerprint)
		}
	}
}
