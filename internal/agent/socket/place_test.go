//go:build linux || darwin || freebsd

package socket

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestPath(t *testing.T) {
	tmp := fmt.Sprintf("/tmp/paraph-%d/agent.sock", os.Geteuid())
	long := "/" + strings.Repeat("a", maxPath)
	for _, tt := range []struct {
		environ          []string
		configured, want string // "" is refused
	}{
		{nil, "", tmp},
		{[]string{"XDG_RUNTIME_DIR=/run/user/7"}, "", "/run/user/7/paraph/agent.sock"},
		{[]string{"XDG_RUNTIME_DIR=here"}, "", tmp},
		{[]string{"XDG_RUNTIME_DIR=/run/user/7", "PARAPH_AGENT_SOCKET=/s/a"}, "", "/s/a"},
		{[]string{"PARAPH_AGENT_SOCKET=/s/a"}, "/c/b", "/c/b"},
		{nil, "c/b", ""},
		{nil, "/c/../b", ""},
		{nil, "/c/", ""},
		{nil, "/c/a\x00b", ""},
		{nil, "/c/agent.lock", ""},
		{nil, "/c/remote.sock", "/c/remote.sock"}, // to call one that was forwarded
		{nil, long[:maxPath], ""},                 // its folder is /, but the name is too long for no reason
		{nil, long, ""},
		{nil, long[:maxPath-len("/remote.sock")] + "/a", long[:maxPath-len("/remote.sock")] + "/a"},
		{nil, long[:maxPath-len("/remote.sock")+1] + "/a", ""},
	} {
		if len(tt.configured) == maxPath {
			tt.want = tt.configured
		}
		got, err := Path(tt.environ, tt.configured)
		if got != tt.want || (err != nil) != (tt.want == "") {
			t.Errorf("%q, %q: %q, %v, want %q", tt.environ, tt.configured, got, err, tt.want)
		}
	}
}

// folder makes a folder for a socket; t.TempDir is too long for one.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "agent")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// No agent is one thing; a place that is not safe another, and nothing is sent
// there.
func TestDialPlace(t *testing.T) {
	for name, tt := range map[string]struct {
		make func(dir, path string) error
		want error
	}{
		"nothing":      {func(dir, _ string) error { return os.Remove(dir) }, ErrNone},
		"no socket":    {func(string, string) error { return nil }, ErrNone},
		"stale":        {func(_, path string) error { return stale(path) }, ErrNone},
		"group":        {func(dir, _ string) error { return os.Chmod(dir, 0o710) }, ErrFolder},
		"others":       {func(dir, _ string) error { return os.Chmod(dir, 0o777) }, ErrFolder},
		"file":         {func(_, path string) error { return os.WriteFile(path, nil, 0o600) }, ErrFolder},
		"link":         {func(dir, path string) error { return os.Symlink(dir+"/other", path) }, ErrFolder},
		"folder":       {func(_, path string) error { return os.Mkdir(path, 0o700) }, ErrFolder},
		"linked":       {func(dir, _ string) error { return relink(dir) }, ErrFolder},
		"no folder":    {func(dir, _ string) error { return refile(dir) }, ErrFolder},
		"others above": {func(dir, _ string) error { return os.Chmod(filepath.Dir(dir), 0o777) }, ErrFolder},
	} {
		dir := filepath.Join(folder(t), "a")
		path := filepath.Join(dir, LocalName)
		err := os.Mkdir(dir, 0o700)
		if err == nil {
			err = tt.make(dir, path)
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if c, err := Dial(t.Context(), path); c != nil || !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}

// stale leaves a socket that nobody listens at.
func stale(path string) error {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return err
	}
	l.SetUnlinkOnClose(false)
	return l.Close()
}

func relink(dir string) error {
	if err := os.Rename(dir, dir+"2"); err != nil {
		return err
	}
	return os.Symlink(dir+"2", dir)
}

func refile(dir string) error {
	if err := os.Remove(dir); err != nil {
		return err
	}
	return os.WriteFile(dir, nil, 0o700)
}

// The agent gets no secret of its starter's.
func TestEnviron(t *testing.T) {
	got := Environ([]string{
		"HOME=/h", "PATH=/p", "XDG_RUNTIME_DIR=/r", "LC_ALL=C", "LANG=C", "SSH_ASKPASS=/a", "SSH_ASKPASS_REQUIRE=force", "DISPLAY=:0",
		"SIGSTORE_ID_TOKEN=s3cret", "PARAPH_ID_TOKEN=s3cret", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=s3cret", "GIT_DIR=/g", "HOMEX=1", "SSH_AUTH_SOCK=/s", "LD_PRELOAD=/l",
	})
	want := []string{"HOME=/h", "PATH=/p", "XDG_RUNTIME_DIR=/r", "LC_ALL=C", "LANG=C", "SSH_ASKPASS=/a", "SSH_ASKPASS_REQUIRE=force", "DISPLAY=:0"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
