package cache_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/paraph/paraph/internal/cache"
)

// kept is a world in which one answer is kept, and its question.
func kept(t *testing.T) (*world, object) {
	t.Helper()
	w := newWorld(t)
	o, by := w.embedded(1, 1), w.trust()
	w.open().Under(by).Put(o.ask(), o.valid(t, by))
	if !found(w, o) {
		t.Fatal("no answer")
	}
	return w, o
}

func found(w *world, o object) bool {
	c := cache.Open(w.environ())
	defer c.Close()
	_, ok := c.Under(w.trust()).Get(o.ask())
	return ok
}

// again verifies the object as a later process does, which must not be kept
// from it by whatever lies in the cache.
func again(t *testing.T, w *world, o object) {
	t.Helper()
	c := cache.Open(w.environ())
	defer c.Close()
	by := w.trust()
	same(t, c.Under(by).Verify(o.signed, o.armored, o.beside()), o.valid(t, by))
}

// Attack 56: what lies in the cache and is not its own is a miss, byte for
// byte, and the next answer is kept all the same.
func TestBrokenFile(t *testing.T) {
	w, o := kept(t)
	whole, err := os.ReadFile(w.file())
	if err != nil {
		t.Fatal(err)
	}
	begin := bytes.IndexFunc(whole, func(r rune) bool { return r != 0 })
	end := bytes.LastIndexFunc(whole, func(r rune) bool { return r != 0 }) + 1
	if begin < 0 || end-begin > 600 {
		t.Fatalf("a record of %d bytes", end-begin)
	}
	for i := begin; i < end; i++ {
		patch(t, w.file(), i, whole[i]^1<<(i%8))
		if found(w, o) {
			t.Errorf("byte %d of the record may be anything", i-begin)
		}
		patch(t, w.file(), i, whole[i])
	}
	if !found(w, o) {
		t.Fatal("no answer")
	}
	for name, data := range map[string][]byte{
		"empty":       nil,
		"truncated":   whole[:end-1],
		"cut in two":  whole[:begin+20],
		"all ones":    bytes.Repeat([]byte{0xff}, len(whole)),
		"text":        bytes.Repeat([]byte("verdict: valid\n"), 1<<16),
		"moved":       append([]byte{0}, whole...),
		"no length":   append(bytes.Clone(whole[:begin]), make([]byte, 4096)...),
		"a long file": append(bytes.Repeat([]byte{0xff}, len(whole)), make([]byte, 65<<20-len(whole))...),
	} {
		write(t, w.file(), data, 0o600)
		if found(w, o) {
			t.Errorf("%s: an answer", name)
		}
		again(t, w, o)
		if !found(w, o) {
			t.Errorf("%s: nothing is kept any more", name)
		}
	}
}

// Attack 56: another machine's file is none of ours, nor is its key.
func TestForeignFile(t *testing.T) {
	w, o := kept(t)
	theirs, _ := kept(t)
	data, err := os.ReadFile(w.file())
	if err != nil {
		t.Fatal(err)
	}
	write(t, theirs.file(), data, 0o600)
	theirs.pki, theirs.signer = w.pki, w.signer
	if found(theirs, o) {
		t.Error("an answer from another machine")
	}
	key, err := os.ReadFile(theirs.secret())
	if err != nil {
		t.Fatal(err)
	}
	write(t, w.secret(), key, 0o600)
	if found(w, o) {
		t.Error("an answer under another key")
	}
}

// What others can read or write, or what leads elsewhere, is not used, and
// nothing is written through it.
func TestUnsafeFiles(t *testing.T) {
	link := func(t *testing.T, path string) {
		elsewhere := filepath.Join(t.TempDir(), "elsewhere")
		move(t, path, elsewhere)
		if err := os.Symlink(elsewhere, path); err != nil {
			t.Fatal(err)
		}
	}
	dirOf := func(path func(*world) string) func(*world) string {
		return func(w *world) string { return filepath.Dir(path(w)) }
	}
	mode := func(m fs.FileMode) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			if err := os.Chmod(path, m); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, tt := range map[string]struct {
		path func(*world) string
		do   func(*testing.T, string)
	}{
		"key that others read":     {(*world).secret, mode(0o640)},
		"key by link":              {(*world).secret, link},
		"key's folder by link":     {dirOf((*world).secret), link},
		"key's folder for all":     {dirOf((*world).secret), mode(0o777)},
		"short key":                {(*world).secret, func(t *testing.T, path string) { write(t, path, make([]byte, 31), 0o600) }},
		"long key":                 {(*world).secret, func(t *testing.T, path string) { write(t, path, make([]byte, 33), 0o600) }},
		"file that others read":    {(*world).file, mode(0o604)},
		"file by link":             {(*world).file, link},
		"file's folder by link":    {dirOf((*world).file), link},
		"file's folder for all":    {dirOf((*world).file), mode(0o770)},
		"folder instead of a file": {(*world).file, func(t *testing.T, path string) { move(t, path, path+".away"); mkdir(t, path) }},
		"folder instead of a key":  {(*world).secret, func(t *testing.T, path string) { move(t, path, path+".away"); mkdir(t, path) }},
	} {
		t.Run(name, func(t *testing.T) {
			w, o := kept(t)
			path := tt.path(w)
			tt.do(t, path)
			before := tree(t, path)
			if found(w, o) {
				t.Error("an answer")
			}
			if _, _, err := cache.Open(w.environ()).Place(); err == nil {
				t.Error("nobody would be told")
			}
			again(t, w, w.embedded(2, 1))
			if after := tree(t, path); after != before {
				t.Errorf("written: %s, was %s", after, before)
			}
		})
	}
}

// What an answer takes is what is written, holes not counted.
func TestPlace(t *testing.T) {
	w, _ := kept(t)
	path, size, err := cache.Open(w.environ()).Place()
	if path != w.file() || size <= 0 || size > 1<<20 || err != nil {
		t.Errorf("%s, %d, %v", path, size, err)
	}
	if _, size, err := cache.Open(newWorld(t).environ()).Place(); size != 0 || err != nil {
		t.Errorf("before the first answer: %d, %v", size, err)
	}
	if _, _, err := cache.Open(nil).Place(); err == nil {
		t.Error("nobody's place")
	}
}

// A file of two names is read and not written.
func TestFileOfTwoNames(t *testing.T) {
	w, o := kept(t)
	if err := os.Link(w.file(), w.file()+".too"); err != nil {
		t.Skipf("no file has two names here: %v", err)
	}
	if !found(w, o) {
		t.Error("no answer")
	}
	second := w.embedded(2, 1)
	again(t, w, second)
	if found(w, second) {
		t.Error("written")
	}
}

// Nothing is lost with a key or a file but time.
func TestRemoved(t *testing.T) {
	w, o := kept(t)
	for _, path := range []string{w.secret(), w.file(), filepath.Dir(w.secret()), filepath.Dir(w.file())} {
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		if found(w, o) {
			t.Errorf("an answer without %s", path)
		}
		again(t, w, o)
		if !found(w, o) {
			t.Errorf("nothing is kept without %s", path)
		}
	}
	for path, want := range map[string]fs.FileMode{w.secret(): 0o600, w.file(): 0o600, filepath.Dir(w.secret()): 0o700 | fs.ModeDir, filepath.Dir(w.file()): 0o700 | fs.ModeDir} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}

// patch changes one byte of a file.
func patch(t *testing.T, path string, at int, to byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte{to}, int64(at)); err != nil {
		t.Fatal(err)
	}
}

func move(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func mkdir(t *testing.T, path string) {
	t.Helper()
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
}

// tree is all that lies at a path, by name and content.
func tree(t *testing.T, path string) string {
	t.Helper()
	var out bytes.Buffer
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(real, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(p)
		out.WriteString(d.Name() + " " + string(bytes.Trim(data, "\x00")) + "\n")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}
