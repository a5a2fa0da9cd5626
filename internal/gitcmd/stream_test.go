package gitcmd

import (
	"bufio"
	"fmt"
	"io"
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
