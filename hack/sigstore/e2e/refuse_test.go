package e2e

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// nowhere is a loopback address where no server listens.
const nowhere = "http://127.0.0.1:1"

// A refusal is a reason for which nothing may be signed.
type refusal struct {
	name  string
	token func(t *testing.T) string // nil: a good one
	env   func(t *testing.T) string // one more variable, nil: none
	says  string                    // part of the line for the user
	code  int
}

func claims(c map[string]any) func(*testing.T) string {
	return func(t *testing.T) string { return mint(t, c) }
}

func variable(v string) func(*testing.T) string { return func(*testing.T) string { return v } }

var refusals = []refusal{
	{"no token", variable(""), nil, "no identity token", 1},
	{"not a token", variable("secret"), nil, "not a JWT", 1},
	{"expired token", claims(map[string]any{"exp": time.Now().Add(-time.Minute).Unix()}), nil, "it expired at", 1},
	{"token from a clock an hour ahead", claims(map[string]any{
		"nbf": time.Now().Add(time.Hour).Unix(), "exp": time.Now().Add(2 * time.Hour).Unix(),
	}), nil, "is the clock right?", 1},
	{"unverified address", claims(map[string]any{"email_verified": false}), nil, "email_verified", 1},
	{"token for another audience", claims(map[string]any{"aud": "somebody"}), nil, `it is for the audience "somebody", not for "sigstore"`, 1},
	{"token of an unknown issuer", claims(map[string]any{"iss": "https://issuer.example"}), nil, "asking for a certificate", 1},
	{"token with a changed claim", tampered, nil, "asking for a certificate", 1},
	{"Fulcio is gone", nil, variable("PARAPH_FULCIO=" + nowhere), "asking for a certificate", 1},
	{"Rekor is gone", nil, variable("PARAPH_REKOR=" + nowhere), "asking the transparency log", 1},
	{"timestamp authority is gone", nil, variable("PARAPH_TIMESTAMP=" + nowhere), "asking the timestamp authority", 1},
	{"another server in Fulcio's place", nil, func(*testing.T) string { return "PARAPH_FULCIO=" + servers.Endpoints.TUF }, "asking for a certificate", 1},
	{"CA that is trusted no more", nil, editRoot("certificateAuthorities", endValidity), "answered with a certificate that cannot be used", 1},
	{"unknown CT log", nil, editRoot("ctlogs", remove), "answered with a certificate that cannot be used", 1},
	{"unknown log", nil, editRoot("tlogs", remove), "does not verify", 1},
	{"unknown timestamp authority", nil, editRoot("timestampAuthorities", remove), "answered with a token that cannot be used", 1},
	{"no trusted root", nil, variable("PARAPH_TRUSTED_ROOT=/nowhere/trusted_root.json"), "PARAPH_TRUSTED_ROOT", 2},
}

// tampered is alice's token with another address in it.
func tampered(t *testing.T) string {
	parts := strings.Split(mint(t, nil), ".")
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	other := strings.ReplaceAll(string(body), alice, otherUser)
	if other == string(body) {
		t.Fatal("nothing to change")
	}
	parts[1] = base64.RawURLEncoding.EncodeToString([]byte(other))
	return strings.Join(parts, ".")
}

// editRoot points paraph at a trusted root in which one list is changed.
func editRoot(list string, edit func(entries []any) []any) func(t *testing.T) string {
	return func(t *testing.T) string {
		var root map[string]any
		if err := json.Unmarshal(readFile(t, trustedRoot()), &root); err != nil {
			t.Fatal(err)
		}
		entries, ok := root[list].([]any)
		if !ok || len(entries) == 0 {
			t.Fatalf("the trusted root has no %s", list)
		}
		root[list] = edit(entries)
		b, err := json.Marshal(root)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(t.TempDir(), "root.json")
		writeFile(t, name, b)
		return "PARAPH_TRUSTED_ROOT=" + name
	}
}

func remove([]any) []any { return nil }

// endValidity ends the validity of each entry a minute ago.
func endValidity(entries []any) []any {
	for _, e := range entries {
		valid, _ := e.(map[string]any)["validFor"].(map[string]any)
		valid["end"] = time.Now().Add(-time.Minute).UTC().Format(time.RFC3339)
	}
	return entries
}

// Whatever fails, git makes no commit and no tag, and the user learns why in
// one line, which is in the log file as well.
func TestNothingIsSigned(t *testing.T) {
	forEachLog(t, func(t *testing.T, log logVersion) {
		for _, r := range refusals {
			t.Run(r.name, func(t *testing.T) {
				token := ""
				if r.token == nil {
					token = mint(t, nil)
				} else {
					token = r.token(t)
				}
				u := newUser(t, log, token)
				u.configure("paraph.rekorVersion", map[int]string{1: "1", 2: "2"}[log.major])
				settings := u
				if r.env != nil {
					settings = u.with(r.env(t))
				}
				checkRefusal(t, settings, r, token)
			})
		}
	})
}

func checkRefusal(t *testing.T, u *user, r refusal, token string) {
	t.Helper()
	tree := u.git("write-tree")
	parent := u.git("commit-tree", "-m", "Unsigned", tree)
	u.git("update-ref", "refs/heads/main", parent)

	payload := string(u.object("commit", parent))
	got := u.run(payload, "paraph", "--status-fd=2", "-bsau", "Alice")
	if got.status != r.code || got.stdout != "" {
		t.Errorf("exit status %d, want %d; on standard output: %q", got.status, r.code, got.stdout)
	}
	line := one(t, []byte(got.stderr))
	if !strings.HasPrefix(line, "paraph: not signed: ") || !strings.Contains(line, r.says) {
		t.Errorf("it does not say %q: %s", r.says, line)
	}
	if token != "" && strings.Contains(line, token) {
		t.Errorf("it shows the token: %s", line)
	}
	logFile := filepath.Join(u.root, "home", ".local", "state", "paraph", "log")
	if logged := one(t, readFile(t, logFile)); !strings.HasSuffix(logged, strings.TrimPrefix(line, "paraph: ")) {
		t.Errorf("in the log: %s\non standard error: %s", logged, line)
	}
	if info, err := os.Stat(logFile); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("log file: %v, %v", info, err)
	}

	for _, args := range [][]string{
		{"commit", "-q", "-S", "--allow-empty", "-m", "Never made"},
		{"commit", "-q", "-S", "--amend", "-m", "Never made"},
		{"tag", "-s", "-m", "Never made", "v1.0"},
	} {
		if r := u.run("", "git", args...); r.status == 0 {
			t.Errorf("git %q succeeded", args)
		}
	}
	if refs := u.git("for-each-ref", "--format=%(objectname) %(refname)"); refs != parent+" refs/heads/main" {
		t.Errorf("refs: %s", refs)
	}
}
