package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// openings is how often a file is opened that another process replaces at the
// same moment: an update does so once, and takes a network's time for it.
const openings = 100

// errReplaced is a file that was not the one any more that was looked at.
var errReplaced = errors.New("it changed while it was opened")

// read returns a regular file's bytes, at most limit. Links are not followed:
// nobody but this package puts files here. One that is replaced meanwhile is
// read anew: it is whole before and after.
func read(dir, name string, limit int64) ([]byte, error) {
	path := filepath.Join(dir, name)
	if err := checkDir(dir); err != nil {
		return nil, err
	}
	for n := 1; ; n++ {
		data, err := readOnce(path, limit)
		if !errors.Is(err, errReplaced) || n == openings {
			return data, err
		}
	}
}

func readOnce(path string, limit int64) ([]byte, error) {
	before, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !before.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	after, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !os.SameFile(before, after) {
		return nil, fmt.Errorf("%s: %w", path, errReplaced)
	}
	// The opened file's size: a file system gives the number of one that is gone
	// to the next, so that another one can look the same.
	if !after.Mode().IsRegular() || after.Size() > limit {
		return nil, fmt.Errorf("%s is not a regular file of at most %d bytes", path, limit)
	}
	data := make([]byte, after.Size())
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return data, nil
}

// checkDir refuses a folder that leads elsewhere.
func checkDir(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a folder", dir)
	}
	return nil
}

// write puts a file in the place of the one of its name, whole or not at all,
// and does not return before it would outlast a power failure.
func write(dir, name string, data []byte) error {
	if dir == "" {
		return errors.New("there is no place to keep it: neither HOME nor the XDG folders are set")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := checkDir(dir); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, name+".*.tmp") // with mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, name))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncDir(dir)
}

// removeRests removes what a crash left of a file that was being written.
// The caller holds the lock: nobody is writing it now.
func removeRests(dir, name string) error {
	files, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, f := range files {
		if !strings.HasPrefix(f.Name(), name+".") || !strings.HasSuffix(f.Name(), ".tmp") {
			continue
		}
		if e := os.Remove(filepath.Join(dir, f.Name())); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}
