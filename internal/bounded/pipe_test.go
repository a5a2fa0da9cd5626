//go:build unix

package bounded

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func TestReadFileRefusesPipes(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := ReadFile(name, 10)
		done <- err
	}()
	select {
	case err := <-done:
		if err == nil {
			t.Error("a pipe was read")
		}
	case <-time.After(5 * time.Second):
		t.Fatal("it waits for somebody to write")
	}
}
