package history

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/proof"
	"github.com/paraph/paraph/internal/trees"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// Bounds of what one push may do to notes, and of what is in memory meanwhile.
const (
	maxNotesWork  = 1 << 25 // bytes and entries of trees that are compared
	maxNotesMoved = 1 << 17 // objects whose notes change
	notesAtOnce   = 4096    // of them
	noteBytes     = 16 << 20
)

// The rules of a push of notes, all of class Policy, but for the last one.
const (
	RuleNotePath    = "note-path"    // no note of an object, and new
	RuleNoteAdded   = "note-added"   // a new line that proves nothing
	RuleNoteDropped = "note-dropped" // a line that proves is gone, or nobody can tell that it does not
	RuleNoteSize    = "note-size"    // more than counts
	RuleNotesMoved  = "notes-moved"  // more than is looked at; Infrastructure
)

// NotesPush holds what a push makes of the notes of proof.Ref, whose tip was the
// commit before ("" for a new ref) and is after, against what may become of them:
// every line that is new proves, and none that proves is gone. Whether after
// contains before, and who made its commits, is not asked. A *verdict.Error of
// another class than Infrastructure says what is wrong.
//
// Only notes that differ are read, and what git finds at several depths of the
// tree counts as it is read together, see [gitcmd.Repo.Notes].
func (v *Verification) NotesPush(before, after string) error {
	r := &v.run
	p := &notesPush{run: r, trust: r.opts.Verdicts.Trust(), digits: len(after), pending: map[string]noteChange{}}
	var err error
	if before != "" {
		if p.was, err = r.treeOf(before); err != nil {
			return err
		}
	}
	if p.is, err = r.treeOf(after); err != nil {
		return err
	}
	ids, err := p.moved()
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := p.look(id); err != nil {
			return err
		}
	}
	return p.flush()
}

// A notesPush is what a push does to the notes of a ref.
type notesPush struct {
	*run
	trust   verify.Trust
	digits  int    // of object ids
	was, is string // trees

	pending map[string]noteChange // by object, not judged yet
	size    int                   // bytes of that
}

// A noteChange is what a push does to the note of one object.
type noteChange struct {
	added   map[int][]byte // by number of the line
	dropped [][]byte
}

// moved are the objects of which something changes at the places of their notes.
func (p *notesPush) moved() ([]string, error) {
	ids := map[string]bool{}
	err := p.reader.Differ(p.was, p.is, maxNotesWork, func(path string, was, is trees.Entry) error {
		id := p.noted(path)
		switch {
		case is != (trees.Entry{}) && id == "":
			return verdict.Errorf(verdict.Policy, RuleNotePath, "%q is no note of an object, whose id of %d digits in lowercase would be its path: take it out of the notes", start([]byte(path)), p.digits)
		case is != (trees.Entry{}) && is.Mode != trees.File:
			return verdict.Errorf(verdict.Policy, RuleNotePath, "the note of %s is no regular file: git notes --ref=sigstore makes one", id)
		case id != "":
			ids[id] = true
		}
		if len(ids) > maxNotesMoved {
			return verdict.Errorf(verdict.Infrastructure, RuleNotesMoved, "the notes of more than %d objects change at once: push them in parts", maxNotesMoved)
		}
		return nil
	})
	return slices.Sorted(maps.Keys(ids)), err
}

// noted is the object of the note at a path, "" for a path where none is.
func (p *notesPush) noted(path string) string {
	id, depth := strings.ReplaceAll(path, "/", ""), strings.Count(path, "/")
	if depth > gitcmd.MaxFanout || len(id) != p.digits || !isHexID(id) || gitcmd.NotePath(id, depth) != path {
		return ""
	}
	return id
}

// A notePlaces are the blobs at the places of one object's note, by depth, ""
// for none.
type notePlaces [gitcmd.MaxFanout + 1]string

func (p *notesPush) places(tree, id string) (at notePlaces, err error) {
	if tree == "" {
		return at, nil
	}
	for depth := range at {
		e, err := p.find(tree, gitcmd.NotePath(id, depth))
		if err == nil && p.reader.Spent() > maxNotesWork {
			err = verdict.Errorf(verdict.Infrastructure, RuleNotesMoved, "more than %d bytes and entries of trees would have to be read: push the notes in parts", maxNotesWork)
		}
		if err != nil {
			return at, err
		}
		if e.Mode != trees.Folder && e.Mode != trees.Submodule {
			at[depth] = e.ID
		}
	}
	return at, nil
}

// blobs are those that there are, in the order in which they are joined.
func (at notePlaces) blobs() []string {
	return slices.DeleteFunc(slices.Clone(at[:]), func(id string) bool { return id == "" })
}

// look finds what changes in the note of an object.
func (p *notesPush) look(id string) error {
	was, err := p.places(p.was, id)
	if err != nil {
		return err
	}
	is, err := p.places(p.is, id)
	if err != nil || slices.Equal(was.blobs(), is.blobs()) { // it moved, at most
		return err
	}
	old, err := p.note(was, nil)
	if err != nil {
		return err
	}
	next, err := p.note(is, func(depth int) error {
		if is[depth] == was[depth] {
			return nil // it was as absent before
		}
		return tooMuch(id)
	})
	if err != nil {
		return err
	}
	lines, more := proof.Split(next)
	switch {
	case more:
		return tooMuch(id)
	case len(lines) == 0 && len(is.blobs()) > 0:
		return verdict.Errorf(verdict.Policy, RuleNoteAdded, "the note of %s is empty: git notes --ref=sigstore remove takes it away", id)
	}
	c := changeOf(proof.Lines(old), lines)
	if len(c.added) == 0 && len(c.dropped) == 0 {
		return nil
	}
	p.pending[id] = c
	if p.size += len(old) + len(next); len(p.pending) < notesAtOnce && p.size < noteBytes {
		return nil
	}
	return p.flush()
}

func tooMuch(id string) error {
	return verdict.Errorf(verdict.Policy, RuleNoteSize, "the note of %s has more than %d lines or %d bytes, and what is beyond proves nothing: take lines out", id, proof.MaxLines, int64(proof.MaxNote))
}

// note reads an object's note. What is too large is as absent, unless large
// says otherwise.
func (p *notesPush) note(at notePlaces, large func(depth int) error) (note []byte, err error) {
	for depth, id := range at {
		if id == "" {
			continue
		}
		o, err := p.batch.Read(id)
		switch {
		case err != nil:
			return nil, err
		case o.Type != "blob": // a tree that lies about it
			return nil, verdict.Errorf(verdict.Syntax, "object-kind", "%s is a %s where a note belongs", id, o.Type)
		case o.Raw == nil || len(o.Raw) > proof.MaxNote:
			if large != nil {
				err = large(depth)
			}
		default:
			note, err = gitcmd.JoinNotes(note, o.Raw), checkID(o)
		}
		if err != nil {
			return nil, err
		}
	}
	return note, nil
}

// changeOf compares the lines of a note that count.
func changeOf(was, is [][]byte) noteChange {
	c := noteChange{added: map[int][]byte{}}
	rest := slices.Clone(was)
	for n, line := range is {
		if i := slices.IndexFunc(rest, func(old []byte) bool { return bytes.Equal(old, line) }); i >= 0 {
			rest = slices.Delete(rest, i, i+1)
			continue
		}
		c.added[n+1] = line
	}
	for _, line := range rest {
		if !slices.ContainsFunc(is, func(kept []byte) bool { return bytes.Equal(kept, line) }) {
			c.dropped = append(c.dropped, line)
		}
	}
	return c
}

// flush judges what is pending, several objects at once.
func (p *notesPush) flush() error {
	pending := p.pending
	p.pending, p.size = map[string]noteChange{}, 0
	if len(pending) == 0 {
		return nil
	}
	ids := slices.Values(slices.Sorted(maps.Keys(pending)))
	work := func(o gitcmd.RawObject) error { return pending[o.ID].judge(o, p.trust) }
	return pipeline(p.ctx, p.repo, ids, p.opts.jobs(), work, func(err error) error { return err })
}

// judge says what is wrong with a change of an object's note.
func (c noteChange) judge(o gitcmd.RawObject, t verify.Trust) error {
	prove, err := Prover(o, t)
	if err != nil {
		return err
	}
	proves := func(line []byte) *verdict.Error {
		b, err := proof.Parse(line)
		if err == nil {
			_, err = prove(b)
		}
		return verdict.As(err, verdict.Syntax, RuleNoteAdded)
	}
	for _, n := range slices.Sorted(maps.Keys(c.added)) {
		if err := proves(c.added[n]); err != nil {
			return refusedLine(RuleNoteAdded, err, "the note of %s: line %d is new and proves nothing: %w (%s): take it out; paraph proof fetch adds those that prove", o.ID, n, err, err.Rule)
		}
	}
	for _, line := range c.dropped {
		switch err := proves(line); {
		case err == nil:
			return verdict.Errorf(verdict.Policy, RuleNoteDropped, "the note of %s has lost a line that proves: git fetch, git notes --ref=sigstore merge, and push again", o.ID)
		case err.Class == verdict.Material || err.Class == verdict.Infrastructure:
			return refusedLine(RuleNoteDropped, err, "the note of %s has lost a line of which nobody can say here that it proves nothing: %w: put it back", o.ID, err)
		}
	}
	return nil
}

// refusedLine refuses a line of a note. That nobody could look at it is no
// refusal, unless it is the object that is not here.
func refusedLine(rule string, cause *verdict.Error, format string, args ...any) error {
	if cause.Class == verdict.Infrastructure && !errors.Is(cause, ErrElsewhere) {
		return fmt.Errorf(format, args...)
	}
	return verdict.Errorf(verdict.Policy, rule, format, args...)
}
