package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/hack/sigstore/oldway"
)

// buildCosign builds cosign, in its own module, or finds it in Go's build
// cache. The first time takes minutes.
var buildCosign = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "-C", "../../cosign", "tool", "-n", "cosign").CombinedOutput()
	return strings.TrimSpace(string(out)), err
})

// cosign is the path of the program.
func cosign(t *testing.T) string {
	t.Helper()
	path, err := buildCosign()
	if err != nil {
		t.Skipf("cosign cannot be built, nobody else judges the notes: %v\n%s", err, path)
	}
	return path
}

// A line of a note is a bundle like any other: cosign takes it for the hex
// digits of the object's id, and for nothing else.
func TestCosignAcceptsNote(t *testing.T) {
	t.Parallel()
	u := newOldUser(t)
	program := cosign(t)
	signer := certify(t, nil)
	objects := u.oldHistory(git.SHA1, 1, 0, func(int) *oldway.Signer { return signer })
	logAll(t, objects)
	u.must("paraph", "proof", "fetch", "HEAD")

	note := u.git("notes", "--ref=sigstore", "show", "HEAD")
	bundle := filepath.Join(u.root, "bundle.json")
	writeFile(t, bundle, []byte(one(t, []byte(note+"\n"))))
	judge := func(artifact, identity string) result {
		file := filepath.Join(u.root, "artifact")
		writeFile(t, file, []byte(artifact))
		return u.run("", program, "verify-blob", "--bundle", bundle, "--trusted-root", trustedRoot(),
			"--certificate-identity", identity, "--certificate-oidc-issuer", servers.Endpoints.Issuer, file)
	}
	id := objects[0].id
	another := strings.Repeat("0", len(id))
	if r := judge(id, alice); r.status != 0 {
		t.Errorf("cosign refuses: %s", r.stderr)
	}
	for name, r := range map[string]result{
		"a newline":      judge(id+"\n", alice),
		"another id":     judge(another, alice),
		"another signer": judge(id, otherUser),
	} {
		if r.status == 0 {
			t.Errorf("cosign accepts %s", name)
		}
	}
}
