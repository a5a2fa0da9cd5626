package servers

import (
	"crypto/ed25519"
	"encoding/pem"
	"fmt"
	"os"
	"strings"

	"golang.org/x/crypto/ssh"
)

// Where sshd is, which starts by its full name only, and the folder that root's
// wants.
const (
	sshdPath = "/usr/sbin/sshd"
	sshdRun  = "/run/sshd"
)

// noSSH says why there is no sshd here, "" if there is.
func noSSH() string {
	if _, err := os.Stat(sshdPath); err != nil {
		return "openssh-server is not installed"
	}
	if _, err := os.Stat(sshdRun); err != nil && os.Getuid() == 0 {
		return sshdRun + " is not there: mkdir -m 755 " + sshdRun
	}
	return ""
}

// ssh prepares a real sshd, one for each connection, that lets in whom the
// guide's authorized_keys lets in.
func (p *place) ssh() {
	p.t.Helper()
	host, key := p.sshKey("host"), p.sshKey("key")
	known := p.write("known_hosts", "git.example.com "+host, 0o600)
	keys := p.write("authorized_keys", strings.ReplaceAll(p.block("restrict,"), "ssh-ed25519 AAAA", strings.TrimSpace(key))+"\n", 0o600)
	config := p.write("sshd_config", fmt.Sprintf(`HostKey %s
AuthorizedKeysFile %s
StrictModes no
UsePAM no
PidFile none
PermitRootLogin yes
PasswordAuthentication no
SetEnv HOME=%s GIT_CONFIG_SYSTEM=%s
`, p.path("ssh-host"), keys, p.path("home"), p.path("etc", "gitconfig")), 0o600)
	p.env = append(p.env, fmt.Sprintf("GIT_SSH_COMMAND=ssh -F /dev/null -i %s -o IdentitiesOnly=yes -o BatchMode=yes -o UserKnownHostsFile=%s -o ProxyCommand='%s -i -f %s'",
		p.path("ssh-key"), known, sshdPath, config))
}

// sshKey makes a key, and returns the public one's line.
func (p *place) sshKey(name string) string {
	p.t.Helper()
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		p.t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		p.t.Fatal(err)
	}
	p.write("ssh-"+name, string(pem.EncodeToMemory(block)), 0o600)
	line, err := ssh.NewPublicKey(public)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(ssh.MarshalAuthorizedKey(line))
}
