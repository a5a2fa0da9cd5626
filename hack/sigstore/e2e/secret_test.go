package e2e

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/git"
)

// The key is in the agent's memory and nowhere else: not in that of the
// programs that sign with it, and not on any socket. Only root can look there.
func TestNoKeyOutsideTheAgent(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can read the agent's memory: nobody looks for its key")
	}
	u := newAgentUser(t, alice).with("PARAPH_ID_TOKEN=" + mint(t, nil))
	u.git("commit", "-q", "-S", "--allow-empty", "-m", "one")
	public := u.signerKey("HEAD")
	scalar := lockedScalar(t, u.agents()[0], public)
	x, err := public.Bytes()
	if err != nil {
		t.Fatal(err)
	}

	// A signature that waits for its timestamp was made already.
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	asked := make(chan net.Conn, 1)
	go func() {
		if c, err := silent.Accept(); err == nil {
			asked <- c
		}
	}()
	cmd := exec.Command(filepath.Join(programs, "paraph"), "--status-fd=2", "-bsau", "KEY")
	u.with("PARAPH_TIMESTAMP=http://" + silent.Addr().String()).prepare(cmd)
	cmd.Stdin = strings.NewReader(payload)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	select {
	case c := <-asked:
		defer c.Close()
	case <-time.After(terminalTime):
		t.Fatal("nobody is asked for a timestamp")
	}
	running := []string{fmt.Sprint(cmd.Process.Pid), childOf(t, cmd.Process.Pid)}
	for i, pid := range running {
		memory := memoryOf(t, pid, func(string) bool { return true })
		if !bytes.Contains(memory, []byte("signed\n")) || i == 1 && !bytes.Contains(memory, x[1:33]) {
			t.Errorf("process %d: what must be in %d bytes of memory is not found", i, len(memory))
		}
		for form, secret := range forms(scalar) {
			if bytes.Contains(memory, secret) {
				t.Errorf("process %d has the key in its memory, as %s", i, form)
			}
		}
	}

	// All that goes through sockets and pipes, of both programs.
	t.Run("traffic", func(t *testing.T) {
		if _, err := exec.LookPath("strace"); err != nil {
			t.Skip("strace is not installed: nobody looks at the sockets")
		}
		calls := filepath.Join(t.TempDir(), "calls")
		r := u.run(payload, "strace", "-f", "-qq", "-xx", "-s", "1000000", "-e", "trace=read,write,sendto,recvfrom,sendmsg,recvmsg", "-e", "signal=none", "-o", calls,
			filepath.Join(programs, "paraph"), "--status-fd=2", "-bsau", "KEY")
		if r.status != 0 || !strings.Contains(r.stderr, "SIG_CREATED") {
			t.Fatalf("%+v", r)
		}
		trace := string(readFile(t, calls))
		if !strings.Contains(trace, escaped([]byte("tree 4b825dc642cb6eb9"))) || !strings.Contains(trace, escaped([]byte(`"do":"sign"`))) {
			t.Error("the trace has neither the payload nor the request to sign it")
		}
		for form, secret := range forms(scalar) {
			if strings.Contains(trace, escaped(secret)) {
				t.Errorf("the key was sent, as %s", form)
			}
		}
	})
}

// forms are what a private scalar could look like.
func forms(scalar []byte) map[string][]byte {
	reversed := bytes.Clone(scalar)
	for i := range reversed {
		reversed[i] = scalar[len(scalar)-1-i] // as little-endian limbs
	}
	return map[string][]byte{
		"bytes": scalar, "little-endian bytes": reversed, "hex": []byte(hex.EncodeToString(scalar)),
		"base64": []byte(base64.StdEncoding.EncodeToString(scalar)[:40]),
	}
}

// escaped is how strace -xx writes bytes.
func escaped(b []byte) string {
	var out strings.Builder
	for _, c := range b {
		fmt.Fprintf(&out, `\x%02x`, c)
	}
	return out.String()
}

// signerKey is the key that a commit is signed with.
func (u *user) signerKey(rev string) *ecdsa.PublicKey {
	u.t.Helper()
	o, err := git.Split(git.SHA1, git.Commit, []byte(u.must("git", "cat-file", "commit", rev)))
	if err != nil {
		u.t.Fatal(err)
	}
	der, err := cms.Unarmor(o.Signature)
	if err != nil {
		u.t.Fatal(err)
	}
	sd, err := cms.Parse(der)
	if err != nil {
		u.t.Fatal(err)
	}
	return sd.Leaf.PublicKey.(*ecdsa.PublicKey)
}

// lockedScalar finds the private key in the locked pages of a process.
func lockedScalar(t *testing.T, pid string, public *ecdsa.PublicKey) []byte {
	t.Helper()
	memory := memoryOf(t, pid, func(flags string) bool { return strings.Contains(flags, " lo ") })
	for page := range len(memory) / os.Getpagesize() {
		scalar := memory[page*os.Getpagesize():][:32]
		if key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar); err == nil && key.PublicKey.Equal(public) {
			return bytes.Clone(scalar)
		}
	}
	t.Fatalf("the key is not in the %d bytes of memory that the agent has locked", len(memory))
	return nil
}

// memoryOf reads those mappings of a process whose flags, in smaps, are wanted.
func memoryOf(t *testing.T, pid string, wanted func(flags string) bool) (all []byte) {
	t.Helper()
	memory, err := os.Open("/proc/" + pid + "/mem")
	if err != nil {
		t.Fatal(err)
	}
	defer memory.Close()
	var from, to int64
	for line := range strings.Lines(string(readFile(t, "/proc/"+pid+"/smaps"))) {
		var begin, end int64
		if _, err := fmt.Sscanf(line, "%x-%x ", &begin, &end); err == nil {
			from, to = begin, end
			continue
		}
		if flags, ok := strings.CutPrefix(line, "VmFlags:"); ok && strings.Contains(flags, " rd ") && wanted(flags+" ") && to-from < 1<<28 {
			part := make([]byte, to-from)
			n, _ := memory.ReadAt(part, from) // what was never touched cannot be read
			all = append(all, part[:n]...)
		}
	}
	return all
}

// childOf is the process that another one started.
func childOf(t *testing.T, pid int) string {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range all {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		if len(fields) > 1 && fields[1] == fmt.Sprint(pid) {
			return strings.Split(path, "/")[2]
		}
	}
	t.Fatal("it has started nobody")
	return ""
}
