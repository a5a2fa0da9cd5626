package tuf

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// folder is a copy of the bench's repository.
func (b *bench) folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := b.repo.Write(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A copy of a repository in a folder is verified as the repository itself.
func TestFolder(t *testing.T) {
	b := newBench(t)
	old := b.folder(t)
	if _, err := b.updater().Add(t.Context(), b.instance, Folder(old)); err != nil {
		t.Fatal(err)
	}
	b.repo.Rotate("root", "timestamp")
	digest := b.publish()
	if _, err := b.updater().Update(t.Context(), b.instance, Folder(b.folder(t))); err != nil {
		t.Fatal(err)
	}
	if h := b.inHand(t); h.Versions.Root != 2 || h.Root.Digest != digest {
		t.Errorf("%v", h.Versions)
	}
	before := b.files(t)
	if _, err := b.updater().Update(t.Context(), b.instance, Folder(old)); err == nil || !strings.Contains(err.Error(), "TUF threshold") {
		t.Errorf("the old copy, signed by a key that was rotated: %v", err)
	}
	b.now = start.AddDate(0, 0, 8)
	if _, err := b.updater().Update(t.Context(), b.instance, Folder(b.folder(t))); err == nil || !strings.Contains(err.Error(), "TUF expiry") {
		t.Errorf("a copy that has ended: %v", err)
	}
	if !maps.Equal(b.files(t), before) {
		t.Error("what was in hand has changed")
	}
	if len(b.requests) != 0 {
		t.Errorf("%q were asked for", b.requests)
	}
}

func TestFolderRefuses(t *testing.T) {
	dir := t.TempDir()
	outside := filepath.Join(t.TempDir(), "secret")
	in := func(name string) string { return filepath.Join(dir, name) }
	for _, err := range []error{
		os.WriteFile(outside, []byte("secret"), 0o600), os.WriteFile(in("file"), []byte("12345"), 0o600),
		os.Symlink(outside, in("leads-out")), os.Symlink("file", in("link")), os.Mkdir(in("folder"), 0o700),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	fetch := Folder(dir)
	for name, want := range map[string]string{"file": "12345", "link": "12345"} {
		if got, err := fetch(t.Context(), name, 5); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for _, name := range []string{"leads-out", "folder", "../" + filepath.Base(dir) + "/file", outside} {
		if got, err := fetch(t.Context(), name, 5); err == nil {
			t.Errorf("%s: %q", name, got)
		}
	}
	if _, err := fetch(t.Context(), "file", 4); err == nil || !strings.Contains(err.Error(), "more than 4 bytes") {
		t.Errorf("too long: %v", err)
	}
	if _, err := fetch(t.Context(), "nothing", 4); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	if _, err := Folder(in("nowhere"))(t.Context(), "file", 4); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
}

// go-tuf gets to ask for nothing but plain names.
func TestPlainPaths(t *testing.T) {
	asked := ""
	f := fetcher{t.Context(), func(_ context.Context, path string, _ int64) ([]byte, error) { asked = path; return nil, nil }}
	for path, good := range map[string]bool{
		"1.root.json": true, "targets/ab12.trusted_root.json": true, "timestamp.json": true,
		"": false, "targets/": false, "../x": false, "targets/../x": false, "a/b": false, "a%2Fb": false, "a\\b": false, ".x": false, "a?b": false, "a\nb": false,
	} {
		asked = ""
		_, err := f.DownloadFile("repository/"+path, 10, time.Second)
		if (err == nil) != good || good != (asked == path && path != "") {
			t.Errorf("%q: %v, asked for %q", path, err, asked)
		}
	}
	if _, err := f.DownloadFile("https://example.com/1.root.json", 10, 0); err == nil {
		t.Error("another repository")
	}
}
