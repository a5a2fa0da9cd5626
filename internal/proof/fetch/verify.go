package fetch

import (
	"context"
	"slices"

	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/history"
	"github.com/paraph/paraph/internal/proof"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// A Line is one line of a note, and what it proves.
type Line struct {
	ID     string // the object
	Number int    // of the line, from 1
	// Bundle is what the line says, nil if it cannot be read.
	Bundle *proof.Bundle
	// Proven is nil where Err is not.
	Proven *proof.Proven
	// Err is why the line proves nothing.
	Err *verdict.Error
}

// Noted returns the ids of the objects that have a note: of all, or of those
// that revisions reach, the tags that they name with them.
func Noted(ctx context.Context, repo *gitcmd.Repo, revisions []string) ([]string, error) {
	all, err := repo.Noted(ctx, proof.Ref)
	if err != nil || len(revisions) == 0 {
		return all, err
	}
	noted := make(map[string]bool, len(all))
	for _, id := range all {
		noted[id] = true
	}
	var ids []string
	add := func(id string) {
		if noted[id] {
			ids = append(ids, id)
		}
	}
	for _, rev := range revisions {
		tag, err := repo.Tag(ctx, rev)
		if err != nil {
			return nil, err
		}
		add(tag)
	}
	err = repo.Commits(ctx, gitcmd.History{Revisions: revisions}, func(o gitcmd.RawObject) error {
		add(o.ID)
		return nil
	})
	return ids, err
}

// Notes reads the notes of objects and hands each line to visit, in the order
// of the ids. Without a trust the lines are read only, and nothing is proven.
func Notes(ctx context.Context, repo *gitcmd.Repo, ids []string, t *verify.Trust, visit func(Line) error) error {
	for chunk := range slices.Chunk(ids, perRead) {
		notes, err := repo.Notes(ctx, proof.Ref, proof.MaxNote, chunk...)
		if err != nil {
			return err
		}
		if t == nil {
			for _, id := range chunk {
				if err := eachLine(id, notes[id], func(*proof.Bundle) (*proof.Proven, error) { return nil, nil }, visit); err != nil {
					return err
				}
			}
			continue
		}
		err = repo.Stream(ctx, chunk, func(o gitcmd.RawObject) error {
			prove, err := history.Prover(o, *t)
			if err != nil {
				return err
			}
			return eachLine(o.ID, notes[o.ID], prove, visit)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// eachLine hands the lines of one note to visit.
func eachLine(id string, note []byte, prove func(*proof.Bundle) (*proof.Proven, error), visit func(Line) error) error {
	read := proof.Lines(note)
	if len(read) == 0 {
		return visit(Line{ID: id, Number: 1, Err: verdict.Errorf(verdict.Syntax, "note-empty", "the note is empty, or larger than %d bytes", int64(proof.MaxNote))})
	}
	for n, text := range read {
		l := Line{ID: id, Number: n + 1}
		b, err := proof.Parse(text)
		if err == nil {
			l.Bundle = b
			l.Proven, err = prove(b)
		}
		l.Err = verdict.As(err, verdict.Syntax, "note")
		if err := visit(l); err != nil {
			return err
		}
	}
	return nil
}
