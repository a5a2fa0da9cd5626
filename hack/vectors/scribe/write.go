package scribe

import (
	"bytes"
	"compress/zlib"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/trust/store"
)

// Files beside the repositories, which their configuration names.
const (
	rootFile  = "trusted_root.json"
	smimeFile = "smime_roots.pem"
	homeDir   = "home"
)

// Env is the environment for git and paraph in the repositories of a folder.
func Env(dir string) []string {
	home := filepath.Join(dir, homeDir)
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_CONFIG_HOME=" + filepath.Join(home, ".config"),
		"XDG_CACHE_HOME=" + filepath.Join(home, ".cache"), "XDG_STATE_HOME=" + filepath.Join(home, ".state"),
		"GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C", "TZ=UTC", "PARAPH_AGENT=false",
	}
}

// Prepare writes what the repositories of a folder have in common: the trusted
// root, the roots of S/MIME and of its timestamps, and a home where the private instance was added
// under the names acme and corp.
func Prepare(dir string) error {
	h := New()
	var roots bytes.Buffer
	for _, root := range []*x509.Certificate{testpki.NewSMIME(MailCA, nil).Root, testpki.NewSMIME(OtherMailCA, nil).Root, h.Public.TSARoot} {
		if err := pem.Encode(&roots, &pem.Block{Type: "CERTIFICATE", Bytes: root.Raw}); err != nil {
			return err
		}
	}
	err := errors.Join(os.MkdirAll(filepath.Join(dir, homeDir, ".config"), 0o700),
		os.WriteFile(filepath.Join(dir, rootFile), h.Public.TrustedRoot(), 0o600),
		os.WriteFile(filepath.Join(dir, smimeFile), roots.Bytes(), 0o600))
	s := store.New(Env(dir))
	for _, name := range []string{"acme", "corp"} {
		err = errors.Join(err, s.Keep(&store.Instance{
			Name: name, Added: testpki.DefaultTime, TrustedRoot: h.Acme().TrustedRoot(), SigningConfig: h.Acme().SigningConfig(h.Acme().URLs(), 1),
		}))
	}
	return err
}

// Write makes the repository dir/name.git, bare. [Prepare] has made the rest.
func (h *History) Write(dir, name string) error {
	if h.err != nil {
		return fmt.Errorf("%s: %w", name, h.err)
	}
	repo := filepath.Join(dir, name+".git")
	if err := run(dir, "", "init", "-q", "--bare", "-b", "main", repo); err != nil {
		return err
	}
	z, err := zlib.NewWriterLevel(nil, zlib.BestSpeed)
	if err != nil {
		return err
	}
	for id, o := range h.objects {
		if h.dropped[id] {
			continue
		}
		if err := writeLoose(repo, id, o, z); err != nil {
			return err
		}
	}
	var refs strings.Builder
	for _, ref := range slices.Sorted(maps.Keys(h.refs)) {
		fmt.Fprintf(&refs, "create %s %s\n", ref, h.refs[ref])
	}
	for path, data := range h.beside {
		name := filepath.Join(repo, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte(data), 0o600)); err != nil {
			return err
		}
	}
	if err := run(repo, refs.String(), "update-ref", "--stdin"); err != nil {
		return err
	}
	return h.configure(dir, repo)
}

// configure appends to the repository's configuration.
func (h *History) configure(dir, repo string) error {
	set := maps.Clone(h.config)
	set["paraph.smimeRoots"] = filepath.Join(dir, smimeFile)
	if h.Instances != "" {
		set["paraph.instance"] = h.Instances
	} else {
		set["paraph.trustedRoot"] = filepath.Join(dir, rootFile)
	}
	if h.Pinned != "" {
		set["paraph.policy"] = h.ID(h.Pinned) + ":.paraph/policy"
	}
	f, err := os.OpenFile(filepath.Join(repo, "config"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(set)) {
		at := strings.LastIndexByte(key, '.')
		section, subsection, nested := strings.Cut(key[:at], ".")
		if nested {
			section += fmt.Sprintf(" %q", subsection)
		}
		_, writeErr := fmt.Fprintf(f, "[%s]\n\t%s = %q\n", section, key[at+1:], set[key])
		err = errors.Join(err, writeErr)
	}
	return errors.Join(err, f.Close(), h.err)
}

// writeLoose writes an object as git keeps it before it packs.
func writeLoose(repo, id string, o object, z *zlib.Writer) error {
	var b bytes.Buffer
	z.Reset(&b)
	_, err := fmt.Fprintf(z, "%s %d\x00%s", o.kind, len(o.data), o.data)
	if err := errors.Join(err, z.Close()); err != nil {
		return err
	}
	path := filepath.Join(repo, "objects", id[:2], id[2:])
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o600)
}

// run runs git.
func run(dir, stdin string, args ...string) error {
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env, cmd.Stdin = dir, Env(dir), strings.NewReader(stdin)
	cmd.WaitDelay = time.Minute
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("git %s: %w\n%s", args[0], err, out)
	}
	return nil
}
