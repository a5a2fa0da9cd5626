package gitcmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/paraph/paraph/internal/bounded"
)

// ErrMoved says that a ref is no longer where it was read.
var ErrMoved = errors.New("the ref was moved by somebody else meanwhile")

// Tip returns the id that a ref leads to, "" if there is no such ref. The name
// is the full one: rev-parse would also take a tag or a branch that is called
// as the ref is.
func (r *Repo) Tip(ctx context.Context, ref string) (string, error) {
	id, _, err := r.tip(ctx, ref)
	return id, err
}

// tip is Tip, and the type of the object.
func (r *Repo) tip(ctx context.Context, ref string) (id, kind string, err error) {
	out, err := r.Output(ctx, "for-each-ref", "--format=%(refname) %(objectname) %(objecttype)", ref)
	if err != nil {
		return "", "", r.explain(ctx, err)
	}
	for line := range strings.Lines(string(out)) { // of refs below this one too
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == ref {
			return fields[1], fields[2], nil
		}
	}
	return "", "", nil
}

// WriteNotes makes one commit on a notes ref whose tip is tip ("": the ref is
// not there yet) that gives each object its note, in place of one that it has.
// Nothing is written unless the ref is still there, and then all of it:
// otherwise the error is ErrMoved.
//
// It is git fast-import that writes: its own notemodify command takes commits
// for commits only, and a tag has notes too. One folder deep is a place where
// git finds a note among any number of others.
func (r *Repo) WriteNotes(ctx context.Context, ref, tip string, notes map[string][]byte, message string, now time.Time) error {
	var in bytes.Buffer
	fmt.Fprintf(&in, "commit %s\ncommitter %s\ndata %d\n%s\n", ref, r.committer(ctx, now), len(message), message)
	if tip != "" {
		fmt.Fprintf(&in, "from %s\n", tip)
	}
	for _, id := range slices.Sorted(maps.Keys(notes)) {
		for depth := range MaxFanout + 1 {
			fmt.Fprintf(&in, "D %s\n", NotePath(id, depth))
		}
		fmt.Fprintf(&in, "M 100644 inline %s\ndata %d\n", NotePath(id, 1), len(notes[id]))
		in.Write(notes[id])
		in.WriteByte('\n')
	}
	in.WriteString("done\n")
	args := []string{"fast-import", "--quiet", "--done", "--date-format=raw"}
	cmd := r.command(ctx, args...)
	ownGroup(cmd)
	cmd.Stdin = &in
	stderr := &bounded.Writer{Max: maxStderr}
	cmd.Stderr = stderr
	err := cmd.Run()
	if err == nil {
		return nil
	}
	if there, tipErr := r.Tip(ctx, ref); tipErr == nil && there != tip {
		return ErrMoved
	}
	return failure(args, err, stderr)
}

// Who makes commits where git does not know the user.
const fallbackName, fallbackEmail = "paraph", "paraph@localhost"

// committer is who makes the commit, at a time: the user as git knows them,
// else the program itself, since a proof is worth the same whoever found it.
func (r *Repo) committer(ctx context.Context, now time.Time) string {
	who := fallbackName + " <" + fallbackEmail + ">"
	if out, err := r.Output(ctx, "var", "GIT_COMMITTER_IDENT"); err == nil {
		if i := bytes.LastIndexByte(out, '>'); i > 0 {
			who = string(out[:i+1])
		}
	}
	return fmt.Sprintf("%s %d +0000", who, now.Unix())
}
