package gitcmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

const notesRef = "refs/notes/test"

// Notes that were written are those that git shows and that are read again, for
// commits and tags, beside and in place of others.
func TestWriteNotes(t *testing.T) {
	f := newFixture(t)
	r := New(f.dir, f.env)
	tag := f.git(t, "-C", f.dir, "rev-parse", "inner")
	write := func(notes map[string][]byte) {
		t.Helper()
		tip, err := r.Tip(t.Context(), notesRef)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.WriteNotes(t.Context(), notesRef, tip, notes, "notes", time.Unix(1777896000, 0)); err != nil {
			t.Fatal(err)
		}
	}
	f.git(t, "-C", f.dir, "notes", "--ref=test", "add", "-m", "other", f.second)
	write(map[string][]byte{f.first: []byte("one\ntwo\n"), tag: []byte("tag\n")})
	write(map[string][]byte{f.first: []byte("new\n"), f.second: []byte("second")})
	want := map[string]string{f.first: "new\n", f.second: "second", tag: "tag\n"}
	got, err := r.Notes(t.Context(), notesRef, 100, f.first, tag, f.second, strings.Repeat("1", 40))
	if err != nil || len(got) != len(want) {
		t.Fatalf("%q, %v", got, err)
	}
	for id, note := range want {
		if string(got[id]) != note {
			t.Errorf("%s: %q, want %q", id, got[id], note)
		}
		if shown := f.git(t, "-C", f.dir, "notes", "--ref=test", "show", id); shown != strings.TrimSuffix(note, "\n") {
			t.Errorf("git shows %q for %s", shown, id)
		}
	}
	ids, err := r.Noted(t.Context(), notesRef)
	slices.Sort(ids)
	expected := []string{f.first, f.second, tag}
	slices.Sort(expected)
	if err != nil || !slices.Equal(ids, expected) {
		t.Errorf("%q, %v", ids, err)
	}
	if log := f.git(t, "-C", f.dir, "log", "--format=%s|%cI", notesRef); strings.Count(log, "notes|2026-05-04T12:00:00") != 2 {
		t.Errorf("%q", log)
	}
}

// Whoever comes second does not undo what the first one did.
func TestWriteNotesMoved(t *testing.T) {
	f := newFixture(t)
	r := New(f.dir, f.env)
	f.git(t, "-C", f.dir, "notes", "--ref=test", "add", "-m", "first", f.first)
	old, err := r.Tip(t.Context(), notesRef)
	if err != nil {
		t.Fatal(err)
	}
	f.git(t, "-C", f.dir, "notes", "--ref=test", "add", "-m", "second", f.second)
	for _, tip := range []string{old, ""} {
		err = r.WriteNotes(t.Context(), notesRef, tip, map[string][]byte{f.first: []byte("x")}, "m", time.Now())
		if !errors.Is(err, ErrMoved) {
			t.Errorf("from %q: %v", tip, err)
		}
	}
	got, err := r.Notes(t.Context(), notesRef, 100, f.first, f.second)
	if err != nil || string(got[f.first]) != "first\n" || string(got[f.second]) != "second\n" {
		t.Errorf("%q, %v", got, err)
	}
}

// A thousand notes are read and written in one process each.
func TestManyNotes(t *testing.T) {
	f := newFixture(t)
	r := New(f.dir, f.env)
	notes := map[string][]byte{}
	var ids []string
	for i := range 1000 {
		id := fmt.Sprintf("%040x", i*7919)
		ids = append(ids, id)
		notes[id] = fmt.Appendf(nil, "note %d\n", i)
	}
	if err := r.WriteNotes(t.Context(), notesRef, "", notes, "m", time.Now()); err != nil {
		t.Fatal(err)
	}
	got, err := r.Notes(t.Context(), notesRef, 100, ids...)
	if err != nil || len(got) != 1000 || string(got[ids[999]]) != "note 999\n" {
		t.Errorf("%d notes, %v", len(got), err)
	}
}

func TestNotesThatAreNotThere(t *testing.T) {
	f := newFixture(t)
	r := New(f.dir, f.env)
	if got, err := r.Notes(t.Context(), notesRef, 100, f.first); err != nil || len(got) != 0 {
		t.Errorf("%q, %v", got, err)
	}
	if ids, err := r.Noted(t.Context(), notesRef); err != nil || ids != nil {
		t.Errorf("%q, %v", ids, err)
	}
	if tip, err := r.Tip(t.Context(), notesRef); err != nil || tip != "" {
		t.Errorf("%q, %v", tip, err)
	}
	f.git(t, "-C", f.dir, "notes", "--ref=test", "add", "-m", strings.Repeat("x", 101), f.first)
	if got, err := r.Notes(t.Context(), notesRef, 100, f.first); err != nil || len(got) != 0 {
		t.Errorf("a note over the limit: %d, %v", len(got), err)
	}
	if _, err := New(t.TempDir(), f.env).Noted(t.Context(), notesRef); !errors.Is(err, ErrNoRepository) {
		t.Errorf("%v", err)
	}
}

func TestCommits(t *testing.T) {
	f := newFixture(t)
	r := New(f.dir, f.env)
	f.git(t, "-C", f.dir, "branch", "old", f.first)
	for name, tt := range map[string]struct {
		h    History
		want []string
	}{
		"head":       {History{Revisions: []string{"HEAD"}}, []string{f.second, f.first}},
		"range":      {History{Revisions: []string{"old..main"}}, []string{f.second}},
		"all":        {History{All: true}, []string{f.second, f.first}},
		"tag of tag": {History{Revisions: []string{"outer"}}, []string{f.second, f.first}},
		"empty":      {History{Revisions: []string{"main..main"}}, nil},
	} {
		var got []string
		err := r.Commits(t.Context(), tt.h, func(o RawObject) error {
			if o.Type != "commit" || !strings.HasPrefix(string(o.Raw), "tree ") {
				t.Errorf("%s: %s %q", name, o.Type, o.Raw)
			}
			got = append(got, o.ID)
			return nil
		})
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, %v, want %q", name, got, err, tt.want)
		}
	}
	for _, bad := range []string{"nothing", "--all", "a\nb", "", "main...nothing"} {
		err := r.Commits(t.Context(), History{Revisions: []string{bad}}, func(RawObject) error { return nil })
		if !errors.Is(err, ErrRevision) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	stop := errors.New("stop")
	if err := r.Commits(t.Context(), History{All: true}, func(RawObject) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Commits(ctx, History{All: true}, func(RawObject) error { return nil }); err == nil {
		t.Error("a walk that was interrupted ended well")
	}
	tags, err := r.Tags(t.Context())
	if err != nil || len(tags) != 2 {
		t.Errorf("%q, %v", tags, err)
	}
	var kinds []string
	if err := r.Stream(t.Context(), append(tags, f.first), func(o RawObject) error {
		kinds = append(kinds, o.Type)
		return nil
	}); err != nil || strings.Join(kinds, " ") != "tag tag commit" {
		t.Errorf("%q, %v", kinds, err)
	}
	missing := strings.Repeat("1", 40)
	kinds = nil
	if err := r.Stream(t.Context(), []string{missing, f.first}, func(o RawObject) error {
		kinds = append(kinds, o.ID[:4]+o.Type)
		return nil
	}); err != nil || !slices.Equal(kinds, []string{"1111", f.first[:4] + "commit"}) {
		t.Errorf("%q, %v", kinds, err)
	}
}
