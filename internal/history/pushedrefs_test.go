package history

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/paraph/paraph/internal/verdict"
)

// Updates are read as git writes them, and in no other form.
func TestPushedRefs(t *testing.T) {
	a, b, none, wide := strings.Repeat("a", 40), strings.Repeat("b", 40), strings.Repeat("0", 40), strings.Repeat("c", 64)
	const main = " refs/heads/main\n"
	for name, tt := range map[string]struct {
		text  string
		width int
		want  []PushedRef // nil: it cannot be read
	}{
		"moved":               {a + " " + b + main, 40, []PushedRef{{"refs/heads/main", a, b}}},
		"created":             {none + " " + b + main, 40, []PushedRef{{"refs/heads/main", "", b}}},
		"deleted":             {a + " " + none + main, 0, []PushedRef{{"refs/heads/main", a, ""}}},
		"two":                 {a + " " + b + main + a + " " + b + " refs/tags/v1\n", 40, []PushedRef{{"refs/heads/main", a, b}, {"refs/tags/v1", a, b}}},
		"SHA-256":             {wide + " " + strings.Repeat("0", 64) + main, 64, []PushedRef{{"refs/heads/main", wide, ""}}},
		"zeros at the start":  {none[:39] + "1 " + b + main, 40, []PushedRef{{"refs/heads/main", none[:39] + "1", b}}},
		"none":                {"", 40, nil},
		"neither":             {none + " " + none + main, 40, nil},
		"twice":               {a + " " + b + main + a + " " + b + main, 40, nil},
		"no LF":               {a + " " + b + " refs/heads/main", 40, nil},
		"an empty line":       {a + " " + b + main + "\n", 40, nil},
		"no ref":              {a + " " + b + "\n", 40, nil},
		"two blanks":          {a + "  " + b + main, 40, nil},
		"a blank in the ref":  {a + " " + b + " refs/heads/a b\n", 40, nil},
		"a CR":                {a + " " + b + " refs/heads/main\r\n", 40, nil},
		"a NUL":               {a + " " + b + " refs/heads/main\x00x\n", 40, nil},
		"not a full name":     {a + " " + b + " main\n", 40, nil},
		"a folder":            {a + " " + b + " refs/heads/\n", 40, nil},
		"capitals":            {strings.ToUpper(a) + " " + b + main, 40, nil},
		"no hex":              {strings.Repeat("g", 40) + " " + b + main, 40, nil},
		"short":               {a[:39] + " " + b[:39] + main, 0, nil},
		"two widths":          {a + " " + wide + main, 0, nil},
		"then another width":  {a + " " + b + main + wide + " " + wide + " refs/tags/v1\n", 0, nil},
		"width of elsewhere":  {wide + " " + wide + main, 40, nil},
		"a marker for update": {a + " " + b + main + "-----BEGIN X-----\n", 40, nil},
	} {
		got, err := pushedRefs([]byte(tt.text), tt.width)
		var e *verdict.Error
		if tt.want == nil && (!errors.As(err, &e) || e.Class != verdict.Syntax || e.Rule != RulePushedRefs || got != nil) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		if tt.want != nil && (err != nil || !slices.Equal(got, tt.want)) {
			t.Errorf("%s: %+v, %v, want %+v", name, got, err, tt.want)
		}
	}
	var many []PushedRef
	for n := range maxPushedRefs + 1 {
		many = append(many, PushedRef{"refs/heads/" + strconv.Itoa(n), a, b})
	}
	if got, err := pushedRefs([]byte(written(many, 40)), 40); err == nil || got != nil {
		t.Errorf("%d refs are read", len(got))
	}
	if got, err := pushedRefs([]byte(written(many[1:], 40)), 40); err != nil || len(got) != maxPushedRefs {
		t.Errorf("%d refs are read, %v", len(got), err)
	}
}

// written are updates as a certificate has them.
func written(refs []PushedRef, width int) string {
	var b strings.Builder
	id := func(s string) string {
		if s == "" {
			return strings.Repeat("0", width)
		}
		return s
	}
	for _, u := range refs {
		b.WriteString(id(u.Old) + " " + id(u.New) + " " + u.Ref + "\n")
	}
	return b.String()
}

// Whatever is read is all that stands there.
func FuzzPushedRefs(f *testing.F) {
	a, b, wide := strings.Repeat("a", 40), strings.Repeat("0", 40), strings.Repeat("c", 64)
	f.Add([]byte(a+" "+b+" refs/heads/main\n"+b+" "+a+" refs/tags/v1\n"), 40)
	f.Add([]byte(wide+" "+wide+" refs/heads/main\n"), 64)
	f.Add([]byte(wide+" "+wide+" refs/heads/main"), 0)
	f.Fuzz(func(t *testing.T, text []byte, width int) {
		refs, err := pushedRefs(text, width)
		if err != nil {
			if refs != nil {
				t.Errorf("%+v beside %v", refs, err)
			}
			return
		}
		if width == 0 {
			width = strings.IndexByte(string(text), ' ')
		}
		if got := written(refs, width); got != string(text) {
			t.Errorf("%q is read as %q", text, got)
		}
		names := map[string]bool{}
		for _, u := range refs {
			if names[u.Ref] || u.Old == "" && u.New == "" {
				t.Errorf("%+v", u)
			}
			names[u.Ref] = true
		}
	})
}
