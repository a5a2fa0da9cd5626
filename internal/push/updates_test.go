package push

import (
	"errors"
	"strings"
	"testing"
)

const (
	idA   = "1111111111111111111111111111111111111111"
	idB   = "2222222222222222222222222222222222222222"
	wideA = idA + "111111111111111111111111"
)

func TestReadUpdates(t *testing.T) {
	got, err := ReadUpdates(strings.NewReader(none + " " + idA + " refs/heads/new\n" + idA + " " + idB + " refs/heads/m\xc3\xa4in\n" + idB + " " + none + " refs/tags/v1\n"))
	want := []Update{{"refs/heads/new", "", idA}, {"refs/heads/mäin", idA, idB}, {"refs/tags/v1", idB, ""}}
	if err != nil || len(got) != len(want) {
		t.Fatalf("%v, %v", got, err)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%+v, want %+v", got[i], want[i])
		}
	}
}

// What cannot be read is an error that says what is wrong, and never less than
// what git said.
func TestReadUpdatesRefuses(t *testing.T) {
	good := none + " " + idA + " refs/heads/main\n"
	for name, tt := range map[string]struct{ in, want string }{
		"nothing":       {"", "did another hook read it before?"},
		"cut":           {good + idA + " " + idB + " refs/heads/ma", "in the middle of line 2"},
		"no line break": {strings.TrimSuffix(good, "\n"), "in the middle of line 1"},
		"two words":     {idA + " " + idB + "\n", "that is not OLD NEW REF"},
		"empty line":    {good + "\n", "that is not OLD NEW REF"},
		"a short id":    {idA[1:] + " " + idB + " refs/heads/main\n", "is not an object id"},
		"two kinds":     {idA + " " + wideA + " refs/heads/main\n", "ids of two kinds"},
		"capitals":      {strings.ToUpper("a"+idA[1:]) + " " + idB + " refs/heads/main\n", "is not an object id"},
		"no change":     {none + " " + none + " refs/heads/main\n", "neither created nor moved nor deleted"},
		"no ref":        {none + " " + idA + " HEAD\n", "is not the full name of a ref"},
		"a folder":      {none + " " + idA + " refs/heads/\n", "is not the full name of a ref"},
		"two refs":      {none + " " + idA + " refs/heads/a refs/heads/b\n", "is not the full name of a ref"},
		"escape":        {none + " " + idA + " refs/heads/\x1b[2J\n", "is not the full name of a ref"},
		"twice":         {good + good, "is there twice"},
		"a long line":   {none + " " + idA + " refs/heads/" + strings.Repeat("x", maxLine) + "\n", "has more than"},
	} {
		got, err := ReadUpdates(strings.NewReader(tt.in))
		if got != nil || !errors.Is(err, ErrUpdates) || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%s: %v, %v, want ...%s...", name, got, err, tt.want)
		}
	}
}

func FuzzReadUpdates(f *testing.F) {
	f.Add([]byte(none + " " + idA + " refs/heads/main\n"))
	f.Add([]byte(idA + " " + none + " refs/tags/v1\n" + none + " " + idB + " refs/notes/x\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		updates, err := ReadUpdates(strings.NewReader(string(in)))
		if err != nil {
			return
		}
		var out strings.Builder
		for _, u := range updates {
			width := max(len(u.Old), len(u.New))
			old, now := u.Old, u.New
			if old == "" {
				old = strings.Repeat("0", width)
			}
			if now == "" {
				now = strings.Repeat("0", width)
			}
			out.WriteString(old + " " + now + " " + u.Ref + "\n")
		}
		if out.String() != string(in) {
			t.Errorf("%q was read as %q", in, out.String())
		}
	})
}
