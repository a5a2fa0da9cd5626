package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/proof"
	"github.com/paraph/paraph/internal/rekor"
)

// attempts is how often notes are written while others write there too.
const attempts = 5

// fromAnswer makes a bundle of an entry as Rekor v1 answers with it.
func fromAnswer(raw []byte) (*proof.Bundle, error) {
	e, err := rekor.ParseV1Response(raw)
	if err != nil {
		return nil, err
	}
	return proof.New(e)
}

// keep writes the notes of a chunk in one commit, whatever else others wrote
// there meanwhile. It goes on when the user interrupts: what was found was
// worth asking for.
func (r *run) keep(ctx context.Context, notes found) error {
	if len(notes) == 0 {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	for range attempts {
		err := r.write(ctx, notes)
		if !errors.Is(err, gitcmd.ErrMoved) {
			if err == nil {
				r.Fetched += len(notes)
				r.report()
			}
			return err
		}
	}
	return fmt.Errorf("%s: %w, %d times; run it again", proof.Ref, gitcmd.ErrMoved, attempts)
}

func (r *run) write(ctx context.Context, notes found) error {
	tip, err := r.Repo.Tip(ctx, proof.Ref)
	if err != nil {
		return err
	}
	merged := make(found, len(notes))
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(notes)), perRead) {
		old, err := r.Repo.Notes(ctx, proof.Ref, proof.MaxNote, ids...)
		if err != nil {
			return err
		}
		for _, id := range ids {
			merged[id] = join(notes[id], old[id])
		}
	}
	message := fmt.Sprintf("paraph: proof for %d signatures", len(notes))
	return r.Repo.WriteNotes(ctx, proof.Ref, tip, merged, message, r.Now())
}

// join puts a line that proves before those of the note that can prove
// elsewhere: bundles of the same certificate. Anything else there was nobody's
// proof of this object.
func join(line, old []byte) []byte {
	out := bytes.Clone(line)
	b, err := proof.Parse(bytes.TrimSuffix(line, []byte("\n")))
	if err != nil {
		return out
	}
	n := 1
	for _, other := range proof.Lines(old) {
		o, err := proof.Parse(other)
		if err != nil || n == proof.MaxLines || !bytes.Equal(o.Leaf, b.Leaf) || bytes.Equal(other, line[:len(line)-1]) {
			continue
		}
		out = append(append(out, other...), '\n')
		n++
	}
	return out
}
