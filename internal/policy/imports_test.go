package policy

import (
	"os/exec"
	"strings"
	"testing"
)

// The package reads no file, asks no network and no program.
func TestPure(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", "{{.Imports}}", ".").Output()
	imports := strings.Fields(strings.Trim(string(out), "[]\n"))
	if err != nil || len(imports) == 0 {
		t.Fatal(err, imports)
	}
	for _, i := range imports {
		if i == "os" || i == "os/exec" || i == "net" || strings.HasPrefix(i, "net/") || i == "io/fs" {
			t.Errorf("package policy imports %s", i)
		}
	}
}
