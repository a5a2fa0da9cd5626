package gitcmd

import (
	"bufio"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/paraph/paraph/internal/payload"
)

// zeros are as many zero bytes as anybody reads.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// An object that is too large to be read does not hide those that come after it.
func TestStreamStepsOverLargeObjects(t *testing.T) {
	large, small := strings.Repeat("1", 40), strings.Repeat("2", 40)
	const size = payload.MaxSize + 1
	in := bufio.NewReader(io.MultiReader(
		strings.NewReader(fmt.Sprintf("%s commit %d\n", large, size)), io.LimitReader(zeros{}, size),
		strings.NewReader("\n"+small+" commit 1\nx\n"),
	))
	if o, err := readNext(in); err != nil || o.ID != large || o.Type != "commit" || o.Raw != nil {
		t.Errorf("%s %s %d bytes, %v", o.ID, o.Type, len(o.Raw), err)
	}
	if o, err := readNext(in); err != nil || o.ID != small || string(o.Raw) != "x" {
		t.Errorf("%s %q, %v", o.ID, o.Raw, err)
	}
}

// Whatever stands in the place of a note and is none counts as none.
func TestReadNote(t *testing.T) {
	const spec = "refs/notes/x:aa"
	id := strings.Repeat("1", 40)
	for _, answer := range []string{spec + " missing\n", id + " submodule\n", id + " tree 3\nabc\n", id + " commit 3\nabc\n", id + " blob 4\nabcd\n", id + " blob 0\n\n"} {
		in := bufio.NewReader(strings.NewReader(answer + "rest"))
		note, err := readNote(in, spec, 3)
		if rest, _ := io.ReadAll(in); err != nil || len(note) != 0 || string(rest) != "rest" {
			t.Errorf("%q: %q, %v, and %q left", answer, note, err, rest)
		}
	}
	if note, err := readNote(bufio.NewReader(strings.NewReader(id+" blob 3\nabc\n")), spec, 3); err != nil || string(note) != "abc" {
		t.Errorf("%q, %v", note, err)
	}
	for _, answer := range []string{"", "x", id + " blob 3\nab", id + " blob 3\nabcd", id + " blob -1\n\n", id + " blob\n", id + " ambiguous\n"} {
		if note, err := readNote(bufio.NewReader(strings.NewReader(answer)), spec, 3); err == nil {
			t.Errorf("%q: %q", answer, note)
		}
	}
}

// Ids are told once and in order, wherever in the tree their notes are, and
// nothing else that stands there, however long its name is.
func TestReadNoted(t *testing.T) {
	a, b := strings.Repeat("a", 40), strings.Repeat("b", 40)
	var in strings.Builder
	for _, path := range []string{NotePath(b, 1), NotePath(a, 2), "README", strings.Repeat("x", 1<<20), a[:30], NotePath(a, 0), NotePath(strings.Repeat("c", 40), 4), NotePath(b, 3)} {
		in.WriteString("100644 blob " + b + "\t" + path + "\x00")
	}
	got, err := readNoted(bufio.NewReader(strings.NewReader(in.String())))
	if err != nil || !slices.Equal(got, []string{a, b}) {
		t.Errorf("%q, %v", got, err)
	}
}

// A few trees that lead to each other make more notes than there can be.
func TestNotedOfATreeThatNeverEnds(t *testing.T) {
	f := newFixture(t)
	blob := f.git(t, "-C", f.dir, "hash-object", "-w", filepath.Join(f.dir, ".git", "HEAD"))
	in := "commit " + notesRef + "\ncommitter A <a@example.com> 1 +0000\ndata 1\nx\n"
	in += "M 100644 " + blob + " " + strings.Repeat("a", 30) + "\n"
	f.fastImport(t, in)
	for range 5 {
		tree := f.git(t, "-C", f.dir, "rev-parse", notesRef+"^{tree}")
		in := "commit " + notesRef + "\ncommitter A <a@example.com> 1 +0000\ndata 1\nx\ndeleteall\n"
		for i := range 256 {
			in += fmt.Sprintf("M 040000 %s %02x\n", tree, i)
		}
		f.fastImport(t, in)
	}
	_, err := New(f.dir, f.env).Noted(t.Context(), notesRef)
	if err == nil || !strings.Contains(err.Error(), "more than 1048576 notes") {
		t.Error(err)
	}
}

func (f *fixture) fastImport(t *testing.T, in string) {
	t.Helper()
	cmd := exec.Command("git", "-C", f.dir, "fast-import", "--quiet", "--force")
	cmd.Env, cmd.Stdin = f.env, strings.NewReader(in)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
