package cache

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// secretSize is the length of the key, in bytes.
const secretSize = 32

// reader returns the file to look something up in, nil if there is none.
func (c *Cache) reader() *os.File {
	if c == nil || c.file == "" {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.write != nil {
		return c.write
	}
	if !c.looked {
		c.looked = true
		c.read, _ = open(c.file, os.O_RDONLY)
	}
	return c.read
}

// writer returns the file to keep something in, nil if there can be none.
func (c *Cache) writer() *os.File {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.made {
		c.made = true
		if makeDir(filepath.Dir(c.file)) == nil {
			c.write, _ = openToWrite(c.file)
		}
	}
	return c.write
}

// readKey returns the key under which records are vouched for, nil if there is
// none. It makes one if asked to, where there is none at all: one that cannot
// be used is the user's to remove.
func (c *Cache) readKey(create bool) *[secretSize]byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.key != nil || c.keyLooked && !create {
		return c.key
	}
	c.keyLooked = true
	key, err := readSecret(c.secret)
	if create && errors.Is(err, fs.ErrNotExist) {
		key, err = makeSecret(c.secret)
	}
	if err == nil {
		c.key = &key
	}
	return c.key
}

// open opens a file that nobody but this user can have written: a regular one
// of ours, in a folder of ours.
func open(path string, flags int) (*os.File, error) {
	if err := checkDir(filepath.Dir(path)); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, flags|openFlags, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil {
		err = private(path, info)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// openToWrite opens or makes a file. One of two names may be something else by
// the other.
func openToWrite(path string) (*os.File, error) {
	f, err := open(path, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || names(info) != 1 {
		_ = f.Close()
		return nil, fmt.Errorf("%s has another name too", path)
	}
	return f, nil
}

// private refuses what is not a file of this user's alone.
func private(path string, info fs.FileInfo) error {
	switch {
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file", path)
	case !ours(info):
		return fmt.Errorf("%s belongs to another user", path)
	case open077(info):
		return fmt.Errorf("%s is open to others", path)
	}
	return nil
}

// checkDir refuses a folder in which others can put files, or that leads
// elsewhere.
func checkDir(dir string) error {
	info, err := os.Lstat(dir)
	switch {
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is not a folder", dir)
	case !ours(info) || writable(info):
		return fmt.Errorf("%s is a folder in which others can write", dir)
	}
	return nil
}

// makeDir makes a folder, but not as root among the files of somebody else,
// who could not use it any more.
func makeDir(dir string) error {
	above := dir
	info, err := os.Lstat(above)
	for errors.Is(err, fs.ErrNotExist) && above != filepath.Dir(above) {
		above = filepath.Dir(above)
		info, err = os.Stat(above)
	}
	if err != nil {
		return err
	}
	if foreign(info) {
		return fmt.Errorf("%s belongs to another user", above)
	}
	return os.MkdirAll(dir, 0o700)
}

func readSecret(path string) (key [secretSize]byte, err error) {
	f, err := open(path, os.O_RDONLY)
	if err != nil {
		return key, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Size() != secretSize {
		return key, fmt.Errorf("%s is not a key", path)
	}
	_, err = io.ReadFull(f, key[:])
	return key, err
}

// makeSecret makes a key, whole or not at all. Of several that are made at once
// the first one counts.
func makeSecret(path string) (key [secretSize]byte, err error) {
	dir := filepath.Dir(path)
	if err := errors.Join(makeDir(dir), checkDir(dir)); err != nil {
		return key, err
	}
	f, err := os.CreateTemp(dir, secretName+".*.tmp") // with mode 0600
	if err != nil {
		return key, err
	}
	defer os.Remove(f.Name())
	_, _ = rand.Read(key[:]) // never fails
	_, err = f.Write(key[:])
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return key, err
	}
	if err := place(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return key, err
	}
	return readSecret(path)
}

// Place says where the cache is and how many bytes it takes on the disk; the
// error, why what lies there is of no use. Before the first answer is kept
// there is nothing, and no error.
func (c *Cache) Place() (path string, size int64, err error) {
	if c.file == "" {
		return "", 0, errors.New("there is no place for it: HOME, or the XDG folders for cache and state, are not set to folders of their own")
	}
	for _, file := range []string{c.secret, c.file} {
		f, e := open(file, os.O_RDONLY)
		if errors.Is(e, fs.ErrNotExist) {
			continue
		}
		if e != nil {
			return c.file, 0, e
		}
		info, e := f.Stat()
		_ = f.Close()
		if e != nil {
			return c.file, 0, e
		}
		if file == c.secret && info.Size() != secretSize {
			return c.file, 0, fmt.Errorf("%s is not a key", file)
		}
		if file == c.file {
			size = onDisk(info)
		}
	}
	return c.file, size, nil
}
