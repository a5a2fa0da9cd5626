package e2e

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A history is a repository in which everything is signed.
type history struct {
	commits []string // ids
	tag     string   // name
	places  []string // folders from which it can be seen
}

// makeHistory signs in all the ways that git has for commits and tags.
func makeHistory(u *user, format string) history {
	u.t.Helper()
	u.in(".").git("init", "-q", "--object-format", format, format)
	repo := u.in(format)
	repo.commit("first")
	repo.git("commit", "-q", "--amend", "-S", "-m", "Add first, better")
	repo.git("switch", "-q", "-c", "side")
	repo.commit("side")
	repo.git("switch", "-q", "main")
	repo.commit("second")
	repo.git("switch", "-q", "-c", "topic")
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		repo.commit(name, "--no-gpg-sign")
	}
	repo.git("switch", "-q", "main")
	repo.git("merge", "-q", "-S", "--no-ff", "-m", "Merge side", "side")
	repo.git("rebase", "-q", "main", "topic")
	repo.git("tag", "-s", "-m", "First release", "v1.0", "main")
	repo.git("worktree", "add", "-q", "-b", "worktree", "../worktree", "main")
	u.in("worktree").commit("in-worktree")
	u.in(".").git("clone", "-q", "--bare", format, "bare.git")

	h := history{
		commits: strings.Fields(repo.git("rev-list", "--all")), tag: "v1.0",
		places: []string{format, "worktree", "bare.git"},
	}
	if want := 1 + 2 + 1 + 5 + 1; len(h.commits) != want { // first, side and second, merge, rebased, worktree
		u.t.Fatalf("%d commits, want %d", len(h.commits), want)
	}
	return h
}

// What git and paraph say of a signature depends on whom the user trusts.
func TestHistory(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			forEachLog(t, func(t *testing.T, log logVersion) {
				u := newUser(t, log, mint(t, nil))
				h := makeHistory(u, format)
				for _, e := range expectations {
					u.trust(e.identity, e.issuer())
					for _, place := range h.places {
						checkHistory(t, u.in(place), h, log, e)
					}
				}
			})
		})
	}
}

func TestWorkflowIdentity(t *testing.T) {
	const workflow = "https://github.com/acme/widget/.github/workflows/release.yml@refs/heads/main"
	forEachLog(t, func(t *testing.T, log logVersion) {
		token, err := servers.MintCI(nil)
		if err != nil {
			t.Fatal(err)
		}
		u := newUser(t, log, token)
		id := u.commit("release")
		u.trust(workflow, servers.CIIssuer())
		got, status := u.verify(id)
		v := got.Results[0]
		if status != 0 || v.Verdict != "trusted" || v.Signer == nil {
			t.Fatalf("exit status %d, %s: %+v", status, v.Verdict, v.Error)
		}
		if v.Signer.Identity != workflow || v.Signer.Issuer != servers.CIIssuer() {
			t.Errorf("signed by %q of %q", v.Signer.Identity, v.Signer.Issuer)
		}
		for claim, want := range map[string]string{
			"sourceRepositoryURI": "https://github.com/acme/widget",
			"sourceRepositoryRef": "refs/heads/main", "sourceRepositoryID": "2002", "sourceRepositoryOwnerID": "3003",
			"buildSignerURI": workflow, "buildTrigger": "push", "runnerEnvironment": "github-hosted",
			"sourceRepositoryVisibility": "public",
		} {
			if v.Signer.Claims[claim] != want {
				t.Errorf("claim %s is %q, want %q", claim, v.Signer.Claims[claim], want)
			}
		}
		if l := u.letter(id); l != "G" {
			t.Errorf("%%G? is %q, want G", l)
		}
		// The same workflow on another branch is another signer.
		u.trust(strings.Replace(workflow, "main", "dev", 1), servers.CIIssuer())
		if l := u.letter(id); l != "R" {
			t.Errorf("%%G? is %q for another branch, want R", l)
		}
	})
}

// The key never leaves memory, and the token is nowhere but in the
// environment that it came from.
func TestSecretsStayInMemory(t *testing.T) {
	forEachLog(t, func(t *testing.T, log logVersion) {
		token := mint(t, nil)
		u := newUser(t, log, token)
		u.commit("first")
		u.git("tag", "-s", "-m", "First release", "v1.0")
		// A failure writes to the log file: not secrets either.
		if r := u.with("PARAPH_TIMESTAMP=http://127.0.0.1:1").run("", "git", "commit", "-S", "--allow-empty", "-m", "x"); r.status == 0 {
			t.Fatal("signed without a timestamp authority")
		}
		secrets := []string{"PRIVATE KEY", token, token[strings.LastIndex(token, ".")+1:]}
		files := filesBelow(t, u.root)
		files["objects"] = []byte(u.git("cat-file", "--batch", "--batch-all-objects")) // compressed in their files
		if !slices.ContainsFunc(slices.Collect(maps.Keys(files)), func(name string) bool { return strings.HasSuffix(name, filepath.Join("paraph", "log")) }) {
			t.Error("there is no log file among the files searched")
		}
		for name, where := range leaks(files, secrets) {
			t.Errorf("%s holds %.20q...", name, where)
		}
		// A search that finds nothing must be able to find something.
		planted := map[string][]byte{"key": []byte("-----BEGIN EC PRIVATE KEY-----"), "token": []byte("token=" + token)}
		if found := leaks(planted, secrets); len(found) != len(planted) {
			t.Errorf("the search finds %d of %d planted secrets", len(found), len(planted))
		}
	})
}

// What users of gitsign have set is enough to sign.
func TestGitsignSettings(t *testing.T) {
	needLog(t, logVersions[0])
	e := servers.Endpoints
	file := filepath.Join(t.TempDir(), "token")
	writeFile(t, file, []byte(mint(t, nil)+"\n"))
	tests := []struct {
		name string
		set  func(u *user) *user
	}{
		{"SIGSTORE variables", func(u *user) *user {
			return u.with("SIGSTORE_FULCIO_URL="+e.Fulcio, "SIGSTORE_REKOR_URL="+e.Rekor1, "SIGSTORE_TIMESTAMP_SERVER_URL="+e.TSA, "SIGSTORE_ID_TOKEN="+mint(t, nil))
		}},
		{"GITSIGN variables", func(u *user) *user {
			u.configure("paraph.tokenFile", file)
			return u.with("GITSIGN_FULCIO_URL="+e.Fulcio, "GITSIGN_REKOR_URL="+e.Rekor1, "GITSIGN_TIMESTAMP_SERVER_URL="+e.TSA)
		}},
		{"gitsign section", func(u *user) *user {
			u.configure("gitsign.fulcio", e.Fulcio)
			u.configure("gitsign.rekor", e.Rekor1)
			u.configure("gitsign.timestampServerURL", e.TSA)
			u.configure("paraph.tokenFile", file)
			return u
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u := newHome(t).with("PARAPH_AGENT=false")
			u.configure("paraph.trustedRoot", trustedRoot())
			u.must("paraph", "init")
			u = tt.set(u)
			id := u.commit("first")
			u.trust(alice, e.Issuer)
			if got, status := u.verify(id); status != 0 || len(got.Results[0].Times.Timestamps) != 1 {
				t.Errorf("exit status %d: %+v", status, got.Results[0])
			}
		})
	}
}
