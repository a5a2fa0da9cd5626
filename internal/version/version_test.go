package version

import (
	"strings"
	"testing"
)

// A release is what it says; a build that no version tells from another one is
// told by its file, the same each time.
func TestBuild(t *testing.T) {
	if got := Build(); got == String() || !strings.HasPrefix(got, String()) || got != Build() {
		t.Errorf("%q is %q", String(), got)
	}
	release = "v1.2.3"
	defer func() { release = "" }()
	if got := Build(); got != "v1.2.3" {
		t.Errorf("a release is %q", got)
	}
}
