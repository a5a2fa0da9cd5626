package gitcmd

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
)

// MaxFanout is how many folders deep a note can lie: git makes one more for
// each hundredfold of notes (notes.c:determine_fanout).
const MaxFanout = 3

// Notes reads the notes of objects under a notes ref, by the objects' ids. An
// object without a note is not in the answer; a note of more than limit bytes
// is not read and is not there either. Where one object has several notes at
// different depths of the tree, which a merge can leave behind, they are joined
// by a line break, as git does (notes.c:combine_notes_concatenate).
func (r *Repo) Notes(ctx context.Context, ref string, limit int64, ids ...string) (map[string][]byte, error) {
	var specs strings.Builder
	for _, id := range ids {
		for depth := range MaxFanout + 1 {
			fmt.Fprintf(&specs, "%s:%s\n", ref, NotePath(id, depth))
		}
	}
	notes := map[string][]byte{}
	next := 0
	err := r.catFile(ctx, strings.NewReader(specs.String()), func(in *bufio.Reader) error {
		for ; next < len(ids)*(MaxFanout+1); next++ {
			id := ids[next/(MaxFanout+1)]
			note, err := readNote(in, ref+":"+NotePath(id, next%(MaxFanout+1)), limit)
			if err != nil {
				return err
			}
			if len(note) > 0 {
				notes[id] = JoinNotes(notes[id], note)
			}
		}
		return nil
	})
	return notes, err
}

// NotePath is where a note lies in the tree of its ref, depth folders deep.
func NotePath(id string, depth int) string {
	var b strings.Builder
	for range depth {
		b.WriteString(id[:2] + "/")
		id = id[2:]
	}
	return b.String() + id
}

// JoinNotes is what one object's notes at two places are together.
func JoinNotes(a, b []byte) []byte {
	if len(a) == 0 {
		return b
	}
	return append(append(bytes.TrimRight(a, "\n"), '\n'), b...)
}

// readNote reads one answer of cat-file --batch: "<id> blob <size>\n<bytes>\n",
// "<spec> missing\n" or "<id> submodule\n".
func readNote(in *bufio.Reader, spec string, limit int64) ([]byte, error) {
	head, err := in.ReadSlice('\n')
	if err != nil {
		return nil, fmt.Errorf("git cat-file ended early: %w", err)
	}
	line := strings.TrimSuffix(string(head), "\n")
	if line == spec+" missing" {
		return nil, nil
	}
	id, what, _ := strings.Cut(line, " ")
	if what == "submodule" { // a link to a commit elsewhere; git before 2.51 says missing
		return nil, nil
	}
	o, size, err := splitHead(line, id)
	if err != nil {
		return nil, err
	}
	if o.Type != "blob" || size > limit {
		_, err := io.CopyN(io.Discard, in, size+1)
		return nil, err
	}
	note := make([]byte, size+1)
	if _, err := io.ReadFull(in, note); err != nil {
		return nil, fmt.Errorf("git cat-file ended early: %w", err)
	}
	if note[size] != '\n' {
		return nil, fmt.Errorf("git cat-file answered %s with other than %d bytes", spec, size)
	}
	return note[:size], nil
}
