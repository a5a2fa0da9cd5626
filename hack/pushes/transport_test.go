package pushes

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// Transports.
const (
	overFile = "file"
	overHTTP = "http"
	overSSH  = "ssh"
)

// A reach is how clients get to the servers of a yard.
type reach struct {
	y    *yard
	http *httptest.Server
	ssh  []string // environment of the client, nil where there is no sshd
	why  string   // there is none
}

func newReach(t *testing.T, y *yard) *reach {
	t.Helper()
	r := &reach{y: y}
	core := strings.TrimSpace(run(t, y.git(y.dir, "--exec-path")))
	r.http = httptest.NewServer(&cgi.Handler{
		Path: filepath.Join(core, "git-http-backend"), Root: "/",
		Env:        []string{"GIT_PROJECT_ROOT=" + y.path("servers"), "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER=somebody", "GIT_CONFIG_NOSYSTEM=1", "HOME=" + y.path("home")},
		InheritEnv: []string{"PATH"}, Stderr: &strings.Builder{},
	})
	t.Cleanup(r.http.Close)
	r.ssh, r.why = y.sshd(t)
	return r
}

// to is where a server is, and what a client needs to get there.
func (r *reach) to(t *testing.T, s *server, over string) (url string, env []string) {
	t.Helper()
	name := filepath.Base(s.dir)
	switch over {
	case overFile:
		return s.dir, nil
	case overHTTP:
		return r.http.URL + "/" + name, nil
	case overSSH:
		if r.ssh == nil {
			t.Skip("SKIPPED, nothing was pushed over ssh: " + r.why)
		}
		return "ssh://server" + s.dir, r.ssh
	}
	t.Fatalf("%q is no transport", over)
	return "", nil
}

// Where sshd is, which starts by its full name only, and the folder that root's
// wants.
const (
	sshdPath = "/usr/sbin/sshd"
	sshdRun  = "/run/sshd"
)

// sshd prepares a real sshd, one for each connection, with keys of its own.
func (y *yard) sshd(t *testing.T) (env []string, why string) {
	t.Helper()
	if _, err := os.Stat(sshdPath); err != nil {
		return nil, "openssh-server is not installed"
	}
	if _, err := os.Stat(sshdRun); err != nil && os.Getuid() == 0 {
		return nil, sshdRun + " is not there: mkdir -m 755 " + sshdRun
	}
	host, user := y.sshKey(t, "host"), y.sshKey(t, "user")
	y.keep(t, "known_hosts", "server "+host)
	y.keep(t, "authorized_keys", user)
	y.keep(t, "sshd_config", fmt.Sprintf("HostKey %s\nAuthorizedKeysFile %s\nStrictModes no\nUsePAM no\nPidFile none\nPermitRootLogin yes\nPasswordAuthentication no\nAcceptEnv PARAPH_* GIT_*\n", y.path("ssh-host"), y.path("authorized_keys")))
	command := fmt.Sprintf("ssh -F /dev/null -i %s -o IdentitiesOnly=yes -o BatchMode=yes -o UserKnownHostsFile=%s -o SendEnv=PARAPH_* -o SendEnv=GIT_CONFIG_* -o ProxyCommand='%s -i -f %s'",
		y.path("ssh-user"), y.path("known_hosts"), sshdPath, y.path("sshd_config"))
	return []string{"GIT_SSH_COMMAND=" + command}, ""
}

func (y *yard) keep(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(y.path(name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// sshKey makes a key, and returns the public one's line.
func (y *yard) sshKey(t *testing.T, name string) string {
	t.Helper()
	seed := sha256.Sum256([]byte("pushes " + name))
	key := ed25519.NewKeyFromSeed(seed[:])
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	y.keep(t, "ssh-"+name, string(pem.EncodeToMemory(block)))
	public, err := ssh.NewPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return string(ssh.MarshalAuthorizedKey(public))
}

// The http backend is there, and knows what it has not.
func TestReach(t *testing.T) {
	r := newReach(t, ours(t))
	resp, err := http.Get(r.http.URL + "/nothing.git/info/refs")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("%s", resp.Status)
	}
}
