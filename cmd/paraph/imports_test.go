package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/paraph/paraph/"

// list runs go list and returns its words.
func list(t *testing.T, args ...string) []string {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list"}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("go list %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.Fields(string(out))
}

func under(pkg, prefix string) bool { return pkg == prefix || strings.HasPrefix(pkg, prefix+"/") }

// The verifying program cannot reach the network, and does not pay for what
// it does not need: every imported package initialises in every run.
func TestParaphDependsOnNoNetwork(t *testing.T) {
	deps := list(t, "-deps", module+"cmd/paraph")
	if !slices.Contains(deps, module+"internal/verify") {
		t.Fatal("go list does not show what the program depends on")
	}
	for _, forbidden := range []string{
		"net/http", "crypto/tls", "log/slog",
		"github.com/theupdateframework", "github.com/coreos/go-oidc", "golang.org/x/oauth2",
		"github.com/zalando/go-keyring", "github.com/go-git", "github.com/sigstore",
		"google.golang.org/protobuf/proto", "google.golang.org/protobuf/reflect", "google.golang.org/protobuf/runtime",
		"google.golang.org/grpc", "golang.org/x/net", "golang.org/x/crypto/ssh", "github.com/ProtonMail", module + "internal/testpki", module + "internal/httpclient",
		module + "internal/sign", module + "internal/oidc", module + "internal/agent/server",
	} {
		for _, d := range deps {
			if under(d, forbidden) {
				t.Errorf("cmd/paraph depends on %s", d)
			}
		}
	}
}

// No shipped program carries test code.
func TestAgentDependsOnNoTestCode(t *testing.T) {
	for _, d := range list(t, "-deps", module+"cmd/paraph-agent") {
		if under(d, module+"internal/testpki") || under(d, "testing") || under(d, "github.com/go-git") {
			t.Errorf("cmd/paraph-agent depends on %s", d)
		}
	}
}

// The public packages stay small enough for others to import.
func TestPublicPackagesAreSmall(t *testing.T) {
	direct := func(pkg string) []string { return list(t, "-f", `{{join .Imports "\n"}}`, module+pkg) }
	for _, pkg := range []string{"cms", "git"} {
		for _, i := range direct(pkg) {
			if slices.Contains([]string{"os", "net", "net/http", "os/exec", "syscall"}, i) {
				t.Errorf("package %s imports %s", pkg, i)
			}
		}
	}
	for _, i := range direct("cms") {
		standard := !strings.Contains(strings.SplitN(i, "/", 2)[0], ".")
		if !standard && !under(i, "golang.org/x/crypto/cryptobyte") {
			t.Errorf("package cms imports %s", i)
		}
	}
	for _, d := range list(t, "-deps", module+"git") {
		if under(d, "net/http") || under(d, "github.com/go-git") || under(d, "github.com/spf13") || under(d, "os/exec") {
			t.Errorf("package git depends on %s", d)
		}
	}
}

// What decides is pure: bytes and times in, an answer out.
func TestPurePackages(t *testing.T) {
	for _, pkg := range []string{"internal/sign", "internal/verify", "internal/trust", "internal/fulcio", "internal/rekor", "internal/smime", "internal/sshsig", "internal/openpgp", "internal/keysig", "internal/tsa", "internal/payload", "internal/policy", "internal/verdict", "internal/gpgstatus"} {
		for _, i := range list(t, "-f", `{{join .Imports "\n"}}`, module+pkg) {
			if slices.Contains([]string{"os", "os/exec", "net", "net/http", "syscall", "io/fs", "path/filepath"}, i) {
				t.Errorf("package %s imports %s", pkg, i)
			}
		}
	}
}
