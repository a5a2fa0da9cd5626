package bounded

import (
	"os"
	"path/filepath"
	"testing"
)

func TestReadFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	for limit, want := range map[int64]string{3: "1234", 4: "12345", 5: "12345", 100: "12345"} {
		if got, err := ReadFile(name, limit); err != nil || string(got) != want {
			t.Errorf("limit %d: %q, %v, want %q", limit, got, err, want)
		}
	}
	if _, err := ReadFile(name+"2", 1); err == nil {
		t.Error("a file that is not there was read")
	}
}
