package trees

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/paraph/paraph/internal/gitcmd"
)

// fsck is what git says of an object, good or bad.
func (r *repo) fsck(id string) string {
	cmd := exec.Command("git", "fsck", "--strict", "--no-dangling", id)
	cmd.Dir, cmd.Env = r.dir, r.env()
	out, err := cmd.CombinedOutput()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		r.t.Fatal(err)
	}
	return string(out)
}

func (r *repo) commit(tree string, parents ...string) string {
	args := []string{"commit-tree", "-m", "m", tree}
	for _, p := range parents {
		args = append(args, "-p", p)
	}
	return r.git("", args...)
}

func (r *repo) treeOf(commit string) string { return r.git("", "rev-parse", commit+"^{tree}") }

// changed asks for the paths that a commit of the repository changes.
func (r *repo) changed(reader *Reader, id string) []string {
	r.t.Helper()
	parents := strings.Fields(r.git("", "rev-list", "--parents", "-1", id))[1:]
	c := Commit{Tree: r.treeOf(id), Bases: func(n int) ([]string, error) {
		ids, err := gitcmd.New(r.dir, r.env()).MergeBases(r.t.Context(), parents[0], parents[n])
		for i := range ids {
			ids[i] = r.treeOf(ids[i])
		}
		return ids, err
	}}
	for _, p := range parents {
		c.Parents = append(c.Parents, r.treeOf(p))
	}
	got, err := reader.Changed(c, everywhere)
	if err != nil {
		r.t.Fatal(err)
	}
	return got
}

// entries is what git says stands at each path, folders included.
func (r *repo) entries(commit string) map[string]string {
	if out, ok := r.listed[commit]; ok {
		return out
	}
	out := map[string]string{}
	r.listed[commit] = out
	for line := range strings.Lines(r.git("", "ls-tree", "-r", "-t", commit)) {
		what, path, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		out[path] = what
	}
	return out
}

// expected is policy.md word by word, from what git lists of whole trees.
func (r *repo) expected(id string) []string {
	parents := strings.Fields(r.git("", "rev-list", "--parents", "-1", id))[1:]
	is, first := r.entries(id), map[string]string{}
	if len(parents) > 0 {
		first = r.entries(parents[0])
	}
	leaf := func(what string) string {
		if strings.Contains(what, " tree ") {
			return ""
		}
		return what
	}
	var out []string
	all := maps.Clone(first)
	maps.Copy(all, is)
	for path := range all {
		if leaf(is[path]) != leaf(first[path]) && !r.fromOther(parents, path, is[path], first[path]) {
			out = append(out, path)
		}
	}
	slices.Sort(out)
	return out
}

// fromOther is the exception for merges.
func (r *repo) fromOther(parents []string, path, is, first string) bool {
	for n := 1; n < len(parents); n++ {
		if r.entries(parents[n])[path] != is {
			continue
		}
		cmd := exec.Command("git", "merge-base", "--all", parents[0], parents[n])
		cmd.Dir, cmd.Env = r.dir, r.env()
		out, _ := cmd.Output() // no base is a failure
		bases := strings.Fields(string(out))
		if len(bases) > 0 && !slices.ContainsFunc(bases, func(base string) bool { return r.entries(base)[path] != first }) {
			return true
		}
	}
	return false
}

// treeWith is tree, of mode and content by path. Where a file and a folder have
// one name, the file is there.
func (r *repo) treeWith(files map[string]string) string {
	var lines []string
	for path, what := range files {
		isAbove := func(other string) bool { return strings.HasPrefix(path, other+"/") }
		if mode, content, _ := strings.Cut(what, " "); !slices.ContainsFunc(slices.Collect(maps.Keys(files)), isAbove) {
			lines = append(lines, mode+" "+path+" "+content)
		}
	}
	return r.tree(lines...)
}

// Histories of any shape: what a commit changes is what git's comparison of
// two trees says, what a merge changes what policy.md says.
func TestRandomHistories(t *testing.T) {
	places := []string{"a", "a/b", "a/b/c", "a.b", "A", ".paraph/policy", ".paraph", "z/s"}
	modes := []string{"100644", "100755", "120000", "160000"}
	merges := 0
	for seed := range uint64(3) {
		format := []string{"sha1", "sha256"}[seed%2]
		r := newRepo(t, format)
		random := rand.New(rand.NewPCG(seed, 5))
		reader := r.reader()
		var commits []string
		has := map[string]map[string]string{} // commit, path, mode and content
		for range 14 {
			var parents []string
			files := map[string]string{}
			for range min(random.IntN(4), len(commits)) {
				p := commits[random.IntN(len(commits))]
				if !slices.Contains(parents, p) {
					parents = append(parents, p)
				}
			}
			for _, place := range places {
				if len(parents) > 0 && random.IntN(4) > 0 {
					if was, ok := has[parents[random.IntN(len(parents))]][place]; ok {
						files[place] = was
					}
				} else if random.IntN(2) > 0 {
					files[place] = fmt.Sprint(modes[random.IntN(len(modes))], " ", random.IntN(2))
				}
			}
			id := r.commit(r.treeWith(files), parents...)
			commits, has[id] = append(commits, id), files
			got, want := r.changed(reader, id), r.expected(id)
			if len(parents) == 1 {
				want = strings.Fields(r.git("", "diff-tree", "-r", "--no-renames", "--no-commit-id", "--name-only", id))
				slices.Sort(want)
				want = slices.Compact(want)
			}
			if !slices.Equal(got, want) {
				t.Errorf("seed %d, commit %s of %q: %q, want %q", seed, id, parents, got, want)
			}
			if len(parents) > 1 {
				merges++
			}
		}
	}
	if merges < 10 {
		t.Errorf("only %d merges", merges)
	}
}

// Attack 53: a merge that takes back an old policy is nothing that git's
// combined comparison would show. A criss-cross has two bases: what one of them
// has and not the other, the side cannot bring.
func TestMergesThatGitHides(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		r := newRepo(t, format)
		reader := r.reader()
		policy := func(v string) string { return r.tree("100644 .paraph/policy "+v, "100644 README x") }
		base := r.commit(policy("old"))
		side := r.commit(r.tree("100644 .paraph/policy old", "100644 README side"), base)
		mainline := r.commit(policy("new"), base)
		back := r.commit(r.treeOf(side), mainline, side)
		if hidden := r.git("", "diff-tree", "-c", "-r", "--name-only", "--no-commit-id", back); hidden != "" {
			t.Fatalf("git shows %q: the attack is none any more", hidden)
		}
		if got := r.changed(reader, back); !slices.Equal(got, []string{".paraph/policy"}) {
			t.Errorf("back to the old policy: %q", got)
		}
		honest := r.commit(r.tree("100644 .paraph/policy new", "100644 README side"), mainline, side)
		if got := r.changed(reader, honest); len(got) != 0 {
			t.Errorf("what the side changed: %q", got)
		}

		one, two := r.commit(policy("one"), base), r.commit(policy("two"), base)
		left, right := r.commit(policy("one"), one, two), r.commit(policy("two"), two, one)
		if n := len(strings.Fields(r.git("", "merge-base", "--all", left, right))); n != 2 {
			t.Fatalf("%d bases", n)
		}
		cross := r.commit(policy("two"), left, right)
		if got := r.changed(reader, cross); !slices.Equal(got, []string{".paraph/policy"}) {
			t.Errorf("criss-cross: %q", got)
		}
	}
}

// Bases are asked for once, and only where they decide.
func TestBasesAreAskedOnce(t *testing.T) {
	r := newRepo(t, "sha1")
	base, side := r.tree("100644 a x", "100644 b x"), r.tree("100644 a y", "100644 b y")
	asked := 0
	c := Commit{Tree: side, Parents: []string{base, side}, Bases: func(int) ([]string, error) { asked++; return []string{base}, nil }}
	if got, err := r.reader().Changed(c, everywhere); err != nil || len(got) != 0 || asked != 1 {
		t.Errorf("%q, %v, asked %d times", got, err, asked)
	}
	c.Tree = base
	if got, err := r.reader().Changed(c, everywhere); err != nil || len(got) != 0 || asked != 1 {
		t.Errorf("%q, %v, asked %d times", got, err, asked)
	}
}
