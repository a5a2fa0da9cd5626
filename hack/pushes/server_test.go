package pushes

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A server is a bare repository that people push to.
type server struct {
	*yard
	dir string
}

// usualBefore is where the refs of most servers stand.
var usualBefore = []string{"main=M2"}

// serve makes a server of a name whose refs lead to labels, with paraph as its
// hook, which is none where that is "".
func (y *yard) serve(t *testing.T, name, hook string, refs ...string) *server {
	t.Helper()
	s := &server{y, filepath.Join(y.dir, "servers", name+".git")}
	template := "template.git"
	if slices.Equal(refs, usualBefore) {
		template, refs = "usual.git", nil
	}
	if err := os.CopyFS(s.dir, os.DirFS(y.path(template))); err != nil {
		t.Fatal(err)
	}
	args := []string{"push", "-q", s.dir}
	var symbolic [][2]string
	for _, r := range refs {
		if name, of, ok := strings.Cut(r, ">"); ok {
			symbolic = append(symbolic, [2]string{fullName(name), fullName(of)})
		} else if name, label, ok := strings.Cut(r, "="); ok {
			args = append(args, y.history.ID(strings.ReplaceAll(label, "+", " "))+":"+fullName(y.labels.Replace(name)))
		}
	}
	if len(args) > 3 {
		run(t, y.git(y.client, args...))
	}
	for _, pair := range symbolic {
		run(t, y.git(s.dir, "symbolic-ref", pair[0], pair[1]))
	}
	s.set(t, "paraph.trustedRoot="+y.path("trusted_root.json"), "receive.denyDeleteCurrent=ignore", "receive.certNonceSeed=seed", "http.receivepack=true")
	if hook != "" {
		s.install(t, hook)
	}
	return s
}

func fullName(ref string) string {
	if strings.HasPrefix(ref, "refs/") || ref == "HEAD" {
		return ref
	}
	return "refs/heads/" + ref
}

// install makes paraph a hook. Whatever the pusher's environment is, home is
// the server's.
func (s *server) install(t *testing.T, hook string) {
	t.Helper()
	home := s.path("home")
	script := "#!/bin/sh\nexport HOME=" + home + " XDG_CONFIG_HOME=" + home + "/.config XDG_CACHE_HOME=" + home + "/.cache XDG_STATE_HOME=" + home + "/.state GIT_CONFIG_NOSYSTEM=1\n" +
		"exec \"" + s.paraph + "\" hook run " + hook + " \"$@\"\n"
	s.write(t, "hooks/"+hook, script, 0o700)
}

func (s *server) write(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// set appends to the server's configuration.
func (s *server) set(t *testing.T, pairs ...string) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(s.dir, "config"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, pair := range pairs {
		key, value, _ := strings.Cut(pair, "=")
		section, key, _ := strings.Cut(key, ".")
		if at := strings.LastIndexByte(key, '.'); at >= 0 {
			section, key = fmt.Sprintf("%s %q", section, key[:at]), key[at+1:]
		}
		if _, err := fmt.Fprintf(f, "[%s]\n\t%s = %q\n", section, key, s.labels.Replace(value)); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// A state is all that a push could change, by names of files: refs, and
// objects with the quarantines of those that arrive.
type state struct{ refs, objects map[string]string }

func (s *server) state(t *testing.T) state {
	t.Helper()
	st := state{map[string]string{}, map[string]string{}}
	err := filepath.WalkDir(s.dir, func(path string, d os.DirEntry, err error) error {
		name := strings.TrimPrefix(path, s.dir+"/")
		switch {
		case err != nil:
			return err
		case strings.HasPrefix(name, "objects/"):
			if !d.IsDir() || strings.Contains(name, "incoming") {
				st.objects[name] = ""
			}
		case name == "HEAD", name == "packed-refs", strings.HasPrefix(name, "refs/") && !d.IsDir():
			data, err := os.ReadFile(path)
			st.refs[name] = string(data)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// pushing is the command that pushes to a url.
func (s *server) pushing(url string, as []string, p push) *exec.Cmd {
	args := []string{"-c", "protocol.version=2"}
	if p.signer != "" {
		args = append(args, s.signing(p.signer)...)
	}
	args = append(args, "push")
	if p.signer != "" {
		args = append(args, "--signed")
	}
	at := 0
	for at < len(p.args) && strings.HasPrefix(p.args[at], "--") {
		at++
	}
	for i, a := range p.args {
		if i == at {
			args = append(args, url)
		}
		args = append(args, s.labels.Replace(a))
	}
	cmd := s.git(s.client, args...)
	for _, a := range as {
		cmd.Env = append(cmd.Env, s.labels.Replace(a))
	}
	return cmd
}
