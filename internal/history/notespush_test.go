package history_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/history"
	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/verdict"
)

// A noted is what stands at a path of a tree of notes.
type noted struct{ path, content string }

// notes writes a commit whose tree has these notes, and nothing before it.
func (r *repo) notes(at ...noted) string {
	r.t.Helper()
	return r.allNotes(at)[0]
}

// allNotes writes such commits, with one git for all.
func (r *repo) allNotes(all ...[]noted) (ids []string) {
	r.t.Helper()
	var in strings.Builder
	for i, at := range all {
		fmt.Fprintf(&in, "commit refs/test/%04d\ncommitter A <a@b> 1777896000 +0000\ndata 1\nx\n", i)
		for _, n := range at {
			mode, path, found := strings.Cut(n.path, " ")
			if !found {
				mode, path = "100644", n.path
			}
			if mode == "160000" {
				fmt.Fprintf(&in, "M %s %s %s\n", mode, n.content, path)
				continue
			}
			fmt.Fprintf(&in, "M %s inline %s\ndata %d\n%s\n", mode, path, len(n.content), n.content)
		}
	}
	r.gitWith([]byte(in.String()), "fast-import", "--quiet", "--force")
	return strings.Fields(r.git("for-each-ref", "--format=%(objectname)", fmt.Sprintf("--count=%d", len(all)), "refs/test/"))
}

// commitOf makes a commit of a tree.
func (r *repo) commitOf(tree string) string {
	r.t.Helper()
	return r.git("-c", "user.name=A", "-c", "user.email=a@b", "commit-tree", "-m", "x", tree)
}

// What is added proves, what proves stays, and the rest is nobody's business.
func TestNotesPush(t *testing.T) {
	for _, format := range []git.Format{git.SHA1, git.SHA256} {
		t.Run(format.String(), func(t *testing.T) { testNotesPush(t, format) })
	}
}

func testNotesPush(t *testing.T, format git.Format) {
	r := newRepo(t, format)
	logged := func(raw []byte) string {
		id, err := git.Hash(git.SHA1, git.Commit, raw)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	a, by, raw := r.old(git.Commit, r.commit("old"))
	good, again := r.line(by, logged(raw)), r.line(by, logged(raw))
	if good == again {
		t.Fatal("one entry twice")
	}
	b, otherSigner, otherRaw := r.old(git.Commit, r.commit("other"))
	other := r.line(otherSigner, logged(otherRaw))
	embedded := r.signed(git.Commit, r.commit("new"))
	unsigned := r.write("commit", []byte(r.commit("unsigned")))
	blob := r.write("blob", []byte("x"))
	r.pki.Clock.Set(by.Leaf.NotAfter.Add(time.Second))
	late := r.line(by, logged(raw))
	r.pki.Clock.Set(testpki.DefaultTime)
	strange := newRepo(t, format)
	strange.pki = testpki.New(testpki.Seed("strange"))
	c, strangeSigner, strangeRaw := strange.old(git.Commit, r.commit("strange"))
	strangeLine := strange.line(strangeSigner, logged(strangeRaw))
	missing := strings.Repeat("1", len(a))

	fan := func(id string, depth int) string { return gitcmd.NotePath(id, depth) }
	const junk = "junk\n"
	const (
		added, dropped = "policy/note-added", "policy/note-dropped"
		path, size     = "policy/note-path", "policy/note-size"
	)
	has := []noted{{a, good}}
	type row struct {
		before, after []noted // before nil: a new ref
		want          string
	}
	table := map[string]row{
		"the first ones":           {nil, []noted{{a, good}, {b, other}}, ""},
		"nothing":                  {nil, nil, ""},
		"one more object":          {has, []noted{{a, good}, {b, other}}, ""},
		"one more line":            {has, []noted{{a, good + again}}, ""},
		"one more line, before":    {has, []noted{{a, again + good}}, ""},
		"the same, moved":          {has, []noted{{fan(a, 1), good}}, ""},
		"moved back from far":      {[]noted{{fan(a, 3), good}}, []noted{{a, good}}, ""},
		"at a second depth":        {has, []noted{{a, good}, {fan(a, 2), again}}, ""},
		"joined":                   {[]noted{{a, good}, {fan(a, 2), again}}, []noted{{fan(a, 1), again + good}}, ""},
		"without the second depth": {[]noted{{a, good}, {fan(a, 2), again}}, has, dropped},
		"other ends of lines":      {has, []noted{{a, "\n" + strings.TrimSpace(good) + "\r\n\n"}}, ""},
		"the same line twice":      {has, []noted{{a, good + good}}, ""},
		"one of two":               {[]noted{{a, good + good}}, has, ""},
		"junk":                     {nil, []noted{{a, junk}}, added},
		"junk behind":              {has, []noted{{a, good + junk}}, added},
		"junk beside":              {has, []noted{{a, good}, {fan(a, 1), junk}}, added},
		"junk twice":               {[]noted{{a, junk}}, []noted{{a, junk + junk}}, added},
		"another object's":         {has, []noted{{a, good + other}}, added},
		"another object's note":    {nil, []noted{{b, good}}, added},
		"logged too late":          {nil, []noted{{a, late}}, added},
		"of an unsigned commit":    {nil, []noted{{unsigned, good}}, added},
		"of a blob":                {nil, []noted{{blob, good}}, added},
		"of one with its own":      {nil, []noted{{embedded, good}}, added},
		"of one that is not here":  {nil, []noted{{missing, good}}, added},
		"of another Sigstore's":    {nil, []noted{{r.copied(strange, c), strangeLine}}, added},
		"empty":                    {nil, []noted{{a, "\n"}}, added},
		"emptied":                  {has, []noted{{a, ""}}, added},
		"dropped":                  {has, []noted{{b, other}}, dropped},
		"replaced":                 {has, []noted{{a, again}}, dropped},
		"all dropped":              {has, nil, dropped},
		"moved out of reach":       {has, []noted{{strings.ToUpper(a), good}}, path},
		"too deep":                 {has, []noted{{a, good}, {fan(a, 4), good}}, path},
		"another file":             {has, []noted{{a, good}, {"README", junk}}, path},
		"a file in a folder":       {has, []noted{{a, good}, {a[:2] + "/README", junk}}, path},
		"a folder as the note":     {nil, []noted{{a + "/x", good}}, path},
		"a folder of a note":       {nil, []noted{{a[:1] + "/" + a[1:], good}}, path},
		"another width":            {nil, []noted{{strings.Repeat("1", 104-len(a)), good}}, path},
		"a link":                   {nil, []noted{{"120000 " + a, good}}, path},
		"a program":                {has, []noted{{"100755 " + a, good}}, path},
		"a submodule":              {nil, []noted{{"160000 " + a, a}}, path},
		"another file, gone":       {[]noted{{a, good}, {"README", junk}}, has, ""},
		"another file, as it was":  {[]noted{{"README", junk}}, []noted{{"README", junk}, {a, good}}, ""},
		"junk, gone":               {[]noted{{a, junk + good}}, has, ""},
		"a note of junk, gone":     {[]noted{{a, good}, {b, junk}}, has, ""},
		"another object's, gone":   {[]noted{{a, good + other}}, has, ""},
		"a late one, gone":         {[]noted{{a, good + late}}, has, ""},
		"of one not here, gone":    {[]noted{{missing, good}}, nil, dropped},
		"junk of it, gone":         {[]noted{{missing, junk}}, nil, ""},
		"a strange one, gone":      {[]noted{{c, strangeLine}}, nil, dropped},
		"eight lines":              {has, []noted{{a, strings.Repeat(good, 8)}}, ""},
		"nine lines":               {has, []noted{{a, strings.Repeat(good, 9)}}, size},
		"pushed out of sight":      {[]noted{{a, strings.Repeat(junk, 8) + good}}, []noted{{a, good}}, ""},
		"sorted out of sight":      {[]noted{{a, good + strings.Repeat(junk, 8)}}, []noted{{a, strings.Repeat(junk, 8) + good}}, size},
		"more than is read":        {has, []noted{{a, good + strings.Repeat("\n", 1<<20)}}, size},
		"more beside":              {has, []noted{{a, good}, {fan(a, 1), strings.Repeat("\n", 1<<20+1)}}, size},
		"more than both":           {has, []noted{{a, good}, {fan(a, 1), strings.Repeat("\n", 1<<20)}}, size},
		"more, as it was":          {[]noted{{b, strings.Repeat("\n", 1<<20+1)}}, []noted{{b, strings.Repeat("\n", 1<<20+1)}, {a, good}}, ""},
		"more beside, as it was":   {[]noted{{fan(a, 1), strings.Repeat("\n", 1<<20+1)}}, []noted{{fan(a, 1), strings.Repeat("\n", 1<<20+1)}, {a, good}}, ""},
		"less":                     {[]noted{{a, strings.Repeat("\n", 1<<20+1)}}, has, ""},
	}
	var trees [][]noted
	names := slices.Sorted(maps.Keys(table))
	for _, name := range names {
		trees = append(trees, table[name].before, table[name].after)
	}
	tips, v := r.allNotes(trees...), r.verification(testpki.DefaultTime)
	for n, name := range names {
		tt, before, after := table[name], tips[2*n], tips[2*n+1]
		if tt.before == nil {
			before = ""
		}
		if got := ruled(v.NotesPush(before, after)); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// copied stores another repository's object here.
func (r *repo) copied(from *repo, id string) string {
	r.t.Helper()
	return r.write("commit", []byte(from.git("cat-file", "commit", id)+"\n"))
}

// Trees that two readers could take for two things, and commits that are none,
// are refused; what is not here is not looked at, which is no verdict.
func TestNotesPushOfBrokenTrees(t *testing.T) {
	r := newRepo(t, git.SHA1)
	id, by, _ := r.old(git.Commit, r.commit("old"))
	blob := r.write("blob", []byte(r.line(by, id)))
	v := r.verification(testpki.DefaultTime)
	entry := func(mode, name, id string) string {
		return mode + " " + name + "\x00" + string(must(hex.DecodeString(id)))
	}
	note := entry("100644", id, blob)
	low, high := strings.Repeat("0", 40), strings.Repeat("f", 40)
	for name, tt := range map[string]struct{ tree, want string }{
		"as it should be":          {note, ""},
		"a name twice":             {note + note, "syntax/tree"},
		"out of order":             {entry("100644", high, blob) + note, "syntax/tree"},
		"cut":                      {note[:len(note)-1], "syntax/tree"},
		"a mode of nobody":         {entry("100600", id, blob), "syntax/tree"},
		"a tree that is a blob":    {entry("100644", id, r.tree), "syntax/object-kind"},
		"a blob that is a tree":    {entry("40000", id[:2], blob), "syntax/object-kind"},
		"a blob that is not here":  {entry("100644", id, strings.Repeat("2", 40)), "missing"},
		"a tree that is not here":  {entry("40000", id[:2], strings.Repeat("2", 40)), "missing"},
		"notes of nobody's object": {entry("100644", low, blob) + note, "policy/note-added"},
	} {
		after := r.commitOf(r.write("tree", []byte(tt.tree)))
		err := v.NotesPush("", after)
		if got := ruled(err); got != tt.want && (tt.want != "missing" || !errors.Is(err, gitcmd.ErrMissing)) {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
	good := r.notes(noted{id, r.line(by, id)})
	tag := r.write("tag", []byte(r.tag("v1", "commit", good)))
	for name, tt := range map[string]struct{ before, after, want string }{
		"a tag":             {"", tag, "syntax/object-kind"},
		"a blob":            {"", blob, "syntax/object-kind"},
		"in place of a tag": {tag, good, "syntax/object-kind"},
		"no commit here":    {"", strings.Repeat("2", 40), "missing"},
		"none before":       {strings.Repeat("2", 40), good, "missing"},
	} {
		err := v.NotesPush(tt.before, tt.after)
		if got := ruled(err); got != tt.want && (tt.want != "missing" || !errors.Is(err, gitcmd.ErrMissing)) {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
	// A tree that holds itself over and over has an end all the same.
	tree := r.write("tree", []byte(note))
	for range 40 {
		tree = r.write("tree", []byte(entry("40000", "aa", tree)+entry("40000", "ab", tree)))
	}
	if got := ruled(v.NotesPush("", r.commitOf(tree))); got != "policy/note-path" && got != "infrastructure/tree-size" {
		t.Errorf("folders in folders: %s", got)
	}
}

// The words name the object and what to do.
func TestNotesPushWords(t *testing.T) {
	r := newRepo(t, git.SHA1)
	id, by, _ := r.old(git.Commit, r.commit("old"))
	good := r.notes(noted{id, r.line(by, id)})
	for want, tips := range map[string][2]string{
		"the note of " + id + ": line 1 is new and proves nothing: ": {"", r.notes(noted{id, "junk\n"})},
		"the note of " + id + " has lost a line that proves: ":       {good, r.notes()},
	} {
		err := r.verification(testpki.DefaultTime).NotesPush(tips[0], tips[1])
		var e *verdict.Error
		if !errors.As(err, &e) || !strings.HasPrefix(e.Message, want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	var lost *verdict.Error
	gone := r.verification(testpki.DefaultTime).NotesPush("", r.notes(noted{strings.Repeat("1", 40), r.line(by, id)}))
	if !errors.As(gone, &lost) || lost.Class != verdict.Policy || !errors.Is(gone, history.ErrElsewhere) {
		t.Errorf("%v", gone)
	}
}

// Trees that are padded so that none of them is kept cost their reading only so
// often: each note below them would read all three again.
func TestNotesPushIsBounded(t *testing.T) {
	r := newRepo(t, git.SHA1)
	empty, err := hex.DecodeString(r.tree)
	if err != nil {
		t.Fatal(err)
	}
	blob, err := hex.DecodeString(r.write("blob", []byte("no proof")))
	if err != nil {
		t.Fatal(err)
	}
	padded := func(first ...string) string {
		var b strings.Builder
		b.WriteString(strings.Join(first, ""))
		for i := range 200_000 {
			fmt.Fprintf(&b, "40000 zz%06d\x00%s", i, empty)
		}
		return r.write("tree", []byte(b.String()))
	}
	folder := func(id string) string {
		raw, err := hex.DecodeString(id)
		if err != nil {
			t.Fatal(err)
		}
		return "40000 00\x00" + string(raw)
	}
	var notes []string
	for i := range 100 {
		notes = append(notes, fmt.Sprintf("100644 %036x\x00%s", i, blob))
	}
	tip := r.commitOf(padded(folder(padded(folder(padded(notes...))))))
	err = r.verification(time.Time{}).NotesPush("", tip)
	var e *verdict.Error
	if !errors.As(err, &e) || e.Rule != history.RuleNotesMoved {
		t.Errorf("%v, want %s", err, history.RuleNotesMoved)
	}
}
