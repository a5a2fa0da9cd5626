package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// replaceFile gives a file other content, all of it or none.
func replaceFile(file string, data []byte, mode fs.FileMode) error {
	f, err := writeBeside(file, data, mode)
	if err != nil {
		return err
	}
	return errors.Join(os.Rename(f, file), removed(f))
}

// writeBeside writes a temporary file in the folder of another one.
func writeBeside(file string, data []byte, mode fs.FileMode) (string, error) {
	f, err := os.CreateTemp(filepath.Dir(file), ".paraph-*")
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Chmod(mode), f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// removed removes a temporary file that may have another name by now.
func removed(file string) error {
	if err := os.Remove(file); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// writeNew writes a file that is not there yet, whole or not at all.
func writeNew(file string, data []byte, mode fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return err
	}
	f, err := writeBeside(file, data, mode)
	if err != nil {
		return err
	}
	// A link never takes the place of what is there, a rename does.
	err = os.Link(f, file)
	if errors.Is(err, fs.ErrExist) {
		err = usagef("%s is there already, and stays as it is", file)
	}
	if gone := removed(f); err == nil {
		err = gone
	}
	return err
}
