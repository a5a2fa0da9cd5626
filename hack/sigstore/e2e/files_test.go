package e2e

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// filesBelow reads every file below root.
func filesBelow(t *testing.T, root string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		files[path], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// leaks returns the files that hold a secret, and which.
func leaks(files map[string][]byte, secrets []string) map[string]string {
	found := map[string]string{}
	for name, data := range files {
		for _, s := range secrets {
			if strings.Contains(string(data), s) {
				found[name] = s
			}
		}
	}
	return found
}
