package sshsig_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/internal/sshsig"
)

// run runs a program in a folder that is its home, and returns what it writes.
func run(t *testing.T, dir string, stdin []byte, args ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath(args[0]); err != nil {
		t.Skipf("%s is not installed: %v", args[0], err)
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Stdin = dir, bytes.NewReader(stdin)
	cmd.Env = append(os.Environ(), "HOME="+dir, "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	var out, failure bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &failure
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, &failure)
	}
	return out.Bytes()
}

func write(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// What ssh-keygen signs is verified, and by the key that it names.
func TestSSHKeygenSigns(t *testing.T) {
	for _, test := range []struct {
		name string
		args []string
	}{
		{"ed25519", []string{"-t", "ed25519"}},
		{"P-256", []string{"-t", "ecdsa", "-b", "256"}},
		{"P-384", []string{"-t", "ecdsa", "-b", "384"}},
		{"P-521", []string{"-t", "ecdsa", "-b", "521"}},
		{"RSA", []string{"-t", "rsa", "-b", "2048"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			run(t, dir, nil, append([]string{"ssh-keygen", "-q", "-N", "", "-f", "key"}, test.args...)...)
			want := strings.Fields(string(run(t, dir, nil, "ssh-keygen", "-l", "-f", "key.pub")))[1]
			for _, hash := range []string{"sha256", "sha512"} {
				armored := run(t, dir, payload, "ssh-keygen", "-q", "-Y", "sign", "-n", "git", "-f", "key", "-O", "hashalg="+hash)
				if s, err := sshsig.Verify(armored, payload); err != nil || s.Fingerprint != want {
					t.Errorf("%s: %+v, %v; want %s", hash, s, err, want)
				}
			}
			armored := run(t, dir, payload, "ssh-keygen", "-q", "-Y", "sign", "-n", "file", "-f", "key")
			if s, err := sshsig.Verify(armored, payload); err == nil {
				t.Errorf("for another namespace: %+v", s)
			}
		})
	}
}

// ssh-keygen verifies what these tests take for good, so that they test the
// format and not our reading of it.
func TestSSHKeygenVerifies(t *testing.T) {
	for name, f := range good() {
		dir := t.TempDir()
		write(t, dir, "sig", f.armored())
		out := run(t, dir, payload, "ssh-keygen", "-Y", "check-novalidate", "-n", "git", "-s", "sig")
		if want := sshsig.Fingerprint([]byte(f.key)); !bytes.Contains(out, []byte(want)) {
			t.Errorf("%s: %s; want %s", name, out, want)
		}
	}
}

// A commit and a tag that git made are verified as they are split.
func TestGitSigns(t *testing.T) {
	dir := t.TempDir()
	run(t, dir, nil, "ssh-keygen", "-q", "-N", "", "-t", "ed25519", "-f", "key")
	run(t, dir, nil, "git", "init", "-q", "repo")
	call := func(args ...string) []byte {
		return run(t, dir, nil, append([]string{
			"git", "-C", "repo", "-c", "user.name=Dan", "-c", "user.email=dan@example.com",
			"-c", "gpg.format=ssh", "-c", "user.signingKey=" + filepath.Join(dir, "key"),
		}, args...)...)
	}
	call("commit", "-q", "--allow-empty", "-S", "-m", "by ssh")
	call("tag", "-s", "-m", "by ssh", "v1")
	for typ, rev := range map[git.Type]string{git.Commit: "HEAD", git.Tag: "v1"} {
		o, err := git.Split(git.SHA1, typ, call("cat-file", string(typ), rev))
		if err != nil {
			t.Fatal(err)
		}
		if s, err := sshsig.Verify(o.Signature, o.Payload); err != nil || s.Type != "ssh-ed25519" {
			t.Errorf("%s: %+v, %v", typ, s, err)
		}
		if s, err := sshsig.Verify(o.Signature, append(o.Payload, '\n')); err == nil {
			t.Errorf("%s with a line more: %+v", typ, s)
		}
	}
}
