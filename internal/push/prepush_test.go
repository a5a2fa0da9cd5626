package push

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"

	"github.com/paraph/paraph/internal/gitcmd"
)

var (
	none = strings.Repeat("0", 40)
	one  = strings.Repeat("1", 40)
	two  = strings.Repeat("2", 40)
	long = strings.Repeat("3", 64)
)

func TestReadPushed(t *testing.T) {
	for _, tt := range []struct {
		says, stdin string
		want        []Update
		err         string
	}{
		{"nothing is pushed where all is up to date", "", nil, ""},
		{"a branch is moved", "refs/heads/a " + two + " refs/heads/b " + one + "\n", []Update{{"refs/heads/b", one, two}}, ""},
		{"a branch is created, another one deleted", "HEAD~1 " + two + " refs/heads/b " + none + "\n(delete) " + none + " refs/heads/a " + one + "\n", []Update{{"refs/heads/b", "", two}, {"refs/heads/a", one, ""}}, ""},
		{"what is pushed may be called anything", "HEAD@{1 hour ago} :/a\x1b[2J refs/heads/x " + two + " refs/heads/b " + one + "\n", []Update{{"refs/heads/b", one, two}}, ""},
		{"nor has it to be called something", " " + two + " refs/heads/b " + one + "\n", []Update{{"refs/heads/b", one, two}}, ""},
		{"ids of SHA-256", "a " + long + " refs/heads/b " + strings.Repeat("0", 64) + "\n", []Update{{"refs/heads/b", "", long}}, ""},
		{"names of other scripts stay what they are", "a " + two + " refs/heads/\u202eb " + one + "\n", []Update{{"refs/heads/\u202eb", one, two}}, ""},

		{"cut before the line break", "a " + two + " refs/heads/b " + one, nil, "ends in the middle of line 1"},
		{"cut in the second line", "a " + two + " refs/heads/b " + one + "\na " + two, nil, "ends in the middle of line 2"},
		{"what git tells other hooks", one + " " + two + " refs/heads/b\n", nil, "line 1: .* that is not LOCALREF ID REMOTEREF ID"},
		{"an empty line", "\n", nil, "that is not LOCALREF"},
		{"an id is cut", "a " + two[1:] + " refs/heads/b " + one + "\n", nil, "is not an object id"},
		{"ids of two kinds", "a " + long + " refs/heads/b " + one + "\n", nil, "ids of two kinds"},
		{"neither here nor there", "a " + none + " refs/heads/b " + none + "\n", nil, "neither created nor moved nor deleted"},
		{"the remote's ref has no full name", "a " + two + " b " + one + "\n", nil, `"b" is not the full name of a ref`},
		{"a name with escape sequences is shown escaped", "a " + two + " refs/heads/\x1b[2J " + one + "\n", nil, `"refs/heads/\\x1b\[2J" is not the full name of a ref`},
		{"a NUL", "a " + two + " refs/heads/a\x00 " + one + "\n", nil, `\\x00" is not the full name`},
		{"one ref twice", strings.Repeat("a "+two+" refs/heads/b "+one+"\n", 2), nil, "is there twice"},
		{"a line without end", strings.Repeat("a", maxLine+1), nil, "line 1 has more than 8192 bytes"},
	} {
		got, err := readPushed(strings.NewReader(tt.stdin))
		if !reflect.DeepEqual(got, tt.want) || !errMatches(err, tt.err) {
			t.Errorf("%s: %v, %v", tt.says, got, err)
		}
		if err != nil && (!errors.Is(err, ErrUpdates) || strings.ContainsRune(err.Error(), '\x1b')) {
			t.Errorf("%s: %q", tt.says, err)
		}
	}
}

// More refs than are looked at are refused before memory is.
func TestTooManyRefs(t *testing.T) {
	in, out := io.Pipe()
	go func() {
		for n := 0; ; n++ {
			if _, err := fmt.Fprintf(out, "a %s refs/heads/%d %s\n", two, n, one); err != nil {
				return
			}
		}
	}()
	defer in.Close()
	if updates, err := readPushed(in); updates != nil || !errMatches(err, "more than 131072 refs: push them in parts") {
		t.Errorf("%d, %v", len(updates), err)
	}
}

func TestPreCommit(t *testing.T) {
	tips := map[string]string{"refs/heads/main": one}
	pushed := map[string]string{"PRE_COMMIT_REMOTE_BRANCH": "refs/heads/main", "PRE_COMMIT_LOCAL_BRANCH": "HEAD~1", "PRE_COMMIT_FROM_REF": "from", "PRE_COMMIT_TO_REF": "to"}
	with := func(kv ...string) map[string]string {
		env := maps.Clone(pushed)
		for i := 0; i < len(kv); i += 2 {
			env["PRE_COMMIT_"+kv[i]] = kv[i+1]
		}
		return env
	}
	resolve := func(rev string) (string, error) {
		id := map[string]string{"from": strings.Repeat("a", 40), "to": two, "HEAD~1": strings.Repeat("b", 40), "old": one}[rev]
		if id == "" {
			return "", gitcmd.ErrRevision
		}
		return id, nil
	}
	for _, tt := range []struct {
		says string
		env  map[string]string
		tips map[string]string
		want []Update
		err  string
	}{
		{"the last fetch says where a branch stood", pushed, tips, []Update{{"refs/heads/main", one, two}}, ""},
		{"FROM_REF of a new branch is no tip", with("REMOTE_BRANCH", "refs/heads/new"), tips, []Update{{"refs/heads/new", "", two}}, ""},
		{"FROM_REF is, where nothing was fetched", pushed, nil, []Update{{"refs/heads/main", strings.Repeat("a", 40), two}}, ""},
		{"a whole history is new", with("FROM_REF", "", "TO_REF", ""), nil, []Update{{"refs/heads/main", "", strings.Repeat("b", 40)}}, ""},
		{"nothing is new", with("TO_REF", "old"), tips, nil, ""},
		{"no push at all, as in pre-commit run", nil, tips, nil, "pre-commit does so for git push alone, or with --remote-branch"},
		{"a range without a ref", with("REMOTE_BRANCH", ""), tips, nil, "or with --remote-branch"},
		{"a ref without a range", with("TO_REF", "", "LOCAL_BRANCH", ""), tips, nil, "or with --remote-branch"},
		{"what is pushed is not here", with("TO_REF", "gone"), tips, nil, "not a revision"},
		{"nor what it began with", with("FROM_REF", "gone"), nil, nil, "not a revision"},
		{"the remote's branch has no full name", with("REMOTE_BRANCH", "main\x1b"), tips, nil, `"main\\x1b" is not the full name`},
	} {
		got, err := preCommit(func(name string) string { return tt.env[name] }, tt.tips, resolve)
		if !reflect.DeepEqual(got, tt.want) || !errMatches(err, tt.err) {
			t.Errorf("%s: %v, %v", tt.says, got, err)
		}
	}
}

func TestReadPrePush(t *testing.T) {
	dir := t.TempDir()
	env := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com",
	}
	git := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("git", args...)
		cmd.Dir, cmd.Env = dir, env
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %q: %v, %s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	git("init", "-q", "-b", "main")
	git("commit", "-q", "--allow-empty", "-m", "1")
	first := git("rev-parse", "HEAD")
	git("commit", "-q", "--allow-empty", "-m", "2")
	second := git("rev-parse", "HEAD")
	git("remote", "add", "origin", "/nowhere")
	git("update-ref", "refs/remotes/origin/main", first)
	git("update-ref", "refs/remotes/origin/x", first)
	git("update-ref", "refs/remotes/other/y", first)
	git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
	repo := gitcmd.New(dir, env)
	there := map[string]string{"refs/heads/main": first, "refs/heads/x": first}
	line := "refs/heads/main " + second + " refs/heads/%s %s\n"
	for _, tt := range []struct {
		says, remote, stdin string
		env                 map[string]string
		tips                map[string]string
		head, err           string
		update              Update
	}{
		{says: "what the last fetch brought", remote: "origin", stdin: fmt.Sprintf(line, "main", first), tips: there, head: "refs/heads/main", update: Update{"refs/heads/main", first, second}},
		{says: "the remote has lost a branch since", remote: "origin", stdin: fmt.Sprintf(line, "x", none), tips: map[string]string{"refs/heads/main": first}, head: "refs/heads/main", update: Update{"refs/heads/x", "", second}},
		{says: "the remote went on, by what is here", remote: "origin", stdin: fmt.Sprintf(line, "x", second), tips: map[string]string{"refs/heads/main": first, "refs/heads/x": second}, head: "refs/heads/main", update: Update{"refs/heads/x", second, second}},
		{says: "of a URL nothing is known", remote: "/nowhere", stdin: fmt.Sprintf(line, "main", first), tips: map[string]string{"refs/heads/main": first}, update: Update{"refs/heads/main", first, second}},
		{says: "of a remote without HEAD its refs are", remote: "other", stdin: fmt.Sprintf(line, "main", none), tips: map[string]string{}, update: Update{"refs/heads/main", "", second}},
		{says: "the remote went on, by what is not here", remote: "origin", stdin: fmt.Sprintf(line, "main", one), err: "refs/heads/main is at " + one + " there; git fetch, and push again"},
		{says: "nor need it be, to delete it", remote: "origin", stdin: "(delete) " + none + " refs/heads/x " + one + "\n", tips: map[string]string{"refs/heads/main": first, "refs/heads/x": one}, head: "refs/heads/main", update: Update{"refs/heads/x", one, ""}},
		{says: "nor for notes that are not judged", remote: "origin", stdin: "a " + second + " refs/notes/commits " + one + "\n", tips: map[string]string{"refs/heads/main": first, "refs/heads/x": first, "refs/notes/commits": one}, head: "refs/heads/main", update: Update{"refs/notes/commits", one, second}},
		{says: "but for those that are", remote: "origin", stdin: "a " + second + " refs/notes/sigstore " + one + "\n", err: "git fetch"},
		{says: "standard input is cut", remote: "origin", stdin: "refs/heads/main", err: "in the middle of line 1"},
		{says: "pre-commit says what is pushed", env: map[string]string{"PRE_COMMIT": "1", "PRE_COMMIT_REMOTE_NAME": "origin", "PRE_COMMIT_REMOTE_BRANCH": "refs/heads/main", "PRE_COMMIT_TO_REF": second, "PRE_COMMIT_FROM_REF": first}, tips: there, head: "refs/heads/main", update: Update{"refs/heads/main", first, second}},
		{says: "pre-commit pushes nothing", env: map[string]string{"PRE_COMMIT": "1"}, err: "with --remote-branch"},
		{says: "nobody says what is pushed", err: "git push calls this"},
	} {
		var args []string
		if tt.remote != "" {
			args = []string{tt.remote, "/nowhere"}
		}
		p, err := ReadPrePush(t.Context(), repo, args, strings.NewReader(tt.stdin), func(name string) string { return tt.env[name] })
		if !errMatches(err, tt.err) {
			t.Errorf("%s: %v", tt.says, err)
		}
		if tt.err != "" || err != nil {
			continue
		}
		if !reflect.DeepEqual(p.Before.Tips, tt.tips) || p.Before.Head != tt.head || !reflect.DeepEqual(p.Updates, []Update{tt.update}) {
			t.Errorf("%s: %v, HEAD %q, %v", tt.says, p.Before.Tips, p.Before.Head, p.Updates)
		}
	}
	if _, err := ReadPrePush(t.Context(), repo, []string{"origin"}, nil, nil); !errors.Is(err, ErrNoPush) {
		t.Errorf("one argument: %v", err)
	}
}
