package store

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// A file that is replaced while it is read is the old one or the new one, and
// never broken: verification reads while an update writes.
func TestReadWhileReplaced(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	replace := func(data string) {
		if err := errors.Join(os.WriteFile(path+".new", []byte(data), 0o600), os.Rename(path+".new", path)); err != nil {
			t.Error(err)
		}
	}
	replace("old")
	done := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				replace("old")
				replace("newer")
			}
		}
	})
	for range 20000 {
		data, err := read(dir, "f", 100)
		if err != nil || string(data) != "old" && string(data) != "newer" {
			t.Errorf("%q, %v", data, err)
			break
		}
	}
	close(done)
	writer.Wait()
}
