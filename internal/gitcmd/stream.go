package gitcmd

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
)

// History says which objects to walk.
type History struct {
	// Revisions are as git rev-list takes them: what they reach, A..B, ^A.
	Revisions []string
	// All stands for branches, tags and remotes.
	All bool
}

// args are the arguments of git rev-list, or an error for a revision that
// must not reach git.
func (h History) args() ([]string, error) {
	args := []string{"rev-list"}
	if h.All {
		args = append(args, "--branches", "--tags", "--remotes")
	}
	args = append(args, "--end-of-options")
	for _, rev := range h.Revisions {
		if err := checkRevision(rev); err != nil {
			return nil, err
		}
		args = append(args, rev)
	}
	return append(args, "--"), nil
}

// Commits reads the commits of a history, the newest first, and hands each to
// visit: one git walks, another one reads. Nobody has checked yet that the
// bytes have their id.
func (r *Repo) Commits(ctx context.Context, h History, visit func(RawObject) error) error {
	args, err := h.args()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	walk, err := r.start(ctx, nil, args)
	if err != nil {
		return err
	}
	err = r.stream(ctx, walk.stdout, func(o RawObject) error {
		if o.Type == "" {
			return fmt.Errorf("%s: %w", o.ID, ErrMissing)
		}
		return visit(o)
	})
	if err != nil {
		cancel() // the walk goes on for nobody
	}
	if waitErr := walk.wait(); err == nil && waitErr != nil {
		err = r.walkFailure(ctx, waitErr)
	}
	return err
}

// maxFamily bounds the line on a commit and its parents, in bytes.
const maxFamily = 1 << 20

// Walk lists the commits of a history, without reading them: visit is told the
// id of each and of its parents, those that a shallow clone has cut off left
// out. The slice is the callee's until it returns.
func (r *Repo) Walk(ctx context.Context, h History, visit func(ids []string) error) error {
	// As arguments, what many refs lead to would be too much.
	var revisions strings.Builder
	for _, rev := range h.Revisions {
		if err := checkRevision(rev); err != nil {
			return err
		}
		revisions.WriteString(rev + "\n")
	}
	h.Revisions = nil
	args, err := h.args()
	if err != nil {
		return err
	}
	err = r.pipe(ctx, strings.NewReader(revisions.String()), func(in *bufio.Reader) error {
		lines := bufio.NewScanner(in)
		lines.Buffer(nil, maxFamily)
		for lines.Scan() {
			ids := strings.Split(lines.Text(), " ")
			for _, id := range ids {
				if !isID(id) || len(id) != len(ids[0]) {
					return fmt.Errorf("git rev-list answered %q", lines.Text())
				}
			}
			if err := visit(ids); err != nil {
				return err
			}
		}
		return lines.Err()
	}, slices.Insert(args, 1, "--parents", "--stdin")...)
	var e *Error
	if errors.As(err, &e) {
		return r.walkFailure(ctx, err)
	}
	return err
}

// Cut reports whether a history has a commit whose parents a shallow clone
// leaves out: git walks such a history as if it began there.
func (r *Repo) Cut(ctx context.Context, h History) (bool, error) {
	shallow, err := r.shallow(ctx)
	if err != nil || !shallow {
		return false, err
	}
	args, err := h.args()
	if err != nil {
		return false, err
	}
	out, err := r.Output(ctx, slices.Insert(args, 1, "--max-parents=0")...)
	if err != nil {
		return false, r.walkFailure(ctx, err)
	}
	cut := false
	err = r.Stream(ctx, strings.Fields(string(out)), func(o RawObject) error {
		head, _, _ := bytes.Cut(o.Raw, []byte("\n\n"))
		cut = cut || bytes.Contains(head, []byte("\nparent "))
		return nil
	})
	return cut, err
}

// walkFailure tells a range that is none from a history that is not all here.
func (r *Repo) walkFailure(ctx context.Context, err error) error {
	var e *Error
	if errors.As(err, &e) && e.ExitCode == 128 && (strings.Contains(e.Stderr, "bad revision") || strings.Contains(e.Stderr, "ambiguous argument")) {
		return fmt.Errorf("%w: %s", r.notFound(ctx), strings.TrimSpace(e.Stderr))
	}
	return err
}

// Stream reads the objects with these ids, in order, and hands each to visit:
// one that is not in the repository with its id alone, without a type; one that
// is larger than any that is verified without its bytes.
func (r *Repo) Stream(ctx context.Context, ids []string, visit func(RawObject) error) error {
	if len(ids) == 0 {
		return nil
	}
	return r.StreamSeq(ctx, slices.Values(ids), visit)
}

// StreamSeq is Stream of ids that are asked for only as they are needed.
func (r *Repo) StreamSeq(ctx context.Context, ids iter.Seq[string], visit func(RawObject) error) error {
	in, out := io.Pipe()
	go func() {
		w := bufio.NewWriter(out)
		for id := range ids {
			if _, err := w.WriteString(id + "\n"); err != nil {
				return
			}
		}
		out.CloseWithError(w.Flush())
	}()
	defer in.Close()
	return r.stream(ctx, in, visit)
}

func (r *Repo) stream(ctx context.Context, ids io.Reader, visit func(RawObject) error) error {
	return r.catFile(ctx, ids, func(in *bufio.Reader) error {
		for {
			head, err := in.Peek(1)
			if len(head) == 0 && err == io.EOF {
				return nil
			}
			o, err := readNext(in)
			if err == nil {
				err = visit(o)
			}
			if err != nil {
				return err
			}
		}
	})
}

// readNext reads whatever object git answers with next.
func readNext(in *bufio.Reader) (RawObject, error) {
	head, err := in.Peek(maxID + 1)
	if err != nil && err != io.EOF {
		return RawObject{}, endedEarly(err)
	}
	id, _, found := bytes.Cut(head, []byte(" "))
	if !found || !isID(string(id)) {
		return RawObject{}, fmt.Errorf("git cat-file answered %q", head)
	}
	o, size, err := readHead(in, string(id))
	switch {
	case errors.Is(err, ErrMissing):
		return RawObject{ID: string(id)}, nil
	case errors.Is(err, errLarge):
		_, err = io.CopyN(io.Discard, in, size+1)
		return o, err
	case err != nil:
		return o, err
	}
	return readBody(in, o, size)
}

// maxID is the length of the longest id in hexadecimal.
const maxID = 64

// A Ref is a name and what it leads to.
type Ref struct{ Name, ID, Type string }

// Refs lists branches, tags and remotes, but for the HEADs of remotes, which stand
// for others.
func (r *Repo) Refs(ctx context.Context) ([]Ref, error) {
	var refs []Ref
	err := r.pipe(ctx, nil, func(in *bufio.Reader) error {
		lines := bufio.NewScanner(in)
		for lines.Scan() {
			f := strings.SplitN(lines.Text(), " ", 4)
			if len(f) != 4 || !isID(f[0]) {
				return fmt.Errorf("git for-each-ref answered %q", lines.Text())
			}
			if f[2] == "" || !strings.HasPrefix(f[3], "refs/remotes/") || !strings.HasSuffix(f[3], "/HEAD") {
				refs = append(refs, Ref{Name: f[3], ID: f[0], Type: f[1]})
			}
		}
		return lines.Err()
	}, "for-each-ref", "--format=%(objectname) %(objecttype) %(symref) %(refname)", "refs/heads/", "refs/tags/", "refs/remotes/")
	if err != nil {
		return nil, r.explain(ctx, err)
	}
	return refs, nil
}

// Tags returns the ids of the annotated tags that refs/tags lead to, each once.
// What a tag leads to is not followed.
func (r *Repo) Tags(ctx context.Context) ([]string, error) {
	out, err := r.Output(ctx, "for-each-ref", "--format=%(objecttype) %(objectname)", "refs/tags/")
	if err != nil {
		return nil, r.explain(ctx, err)
	}
	seen := map[string]bool{}
	var ids []string
	for line := range strings.Lines(string(out)) {
		id, isTag := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "tag ")
		if isTag && isID(id) && !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// Noted returns the ids of the objects that have a note under a ref, in the
// order of the ids. A ref that is not there has no notes.
func (r *Repo) Noted(ctx context.Context, ref string) ([]string, error) {
	if _, err := r.Output(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", ref+"^{tree}"); err != nil {
		var e *Error
		if errors.As(err, &e) && e.ExitCode == 1 {
			return nil, nil
		}
		return nil, r.explain(ctx, err)
	}
	var ids []string
	err := r.pipe(ctx, nil, func(in *bufio.Reader) (err error) {
		ids, err = readNoted(in)
		return err
	}, "ls-tree", "-r", "-z", "--full-tree", "--end-of-options", ref)
	return ids, err
}

// maxNoted is how many entries a tree of notes may have: a few objects are
// enough to write one that never ends.
const maxNoted = 1 << 20

// readNoted parses "<mode> <type> <id>\t<path>\0" over and over.
func readNoted(in *bufio.Reader) ([]string, error) {
	var ids []string
	long := false // the entry is, and no note
	for n := 0; ; {
		entry, err := in.ReadSlice(0)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			long = true
			continue
		case err == io.EOF:
			slices.Sort(ids)
			return slices.Compact(ids), nil
		case err != nil:
			return nil, err
		}
		if n++; n > maxNoted {
			return nil, fmt.Errorf("there are more than %d notes", maxNoted)
		}
		_, path, _ := strings.Cut(strings.TrimSuffix(string(entry), "\x00"), "\t")
		id := strings.ReplaceAll(path, "/", "")
		if !long && isID(id) && len(path)-len(id) <= MaxFanout {
			ids = append(ids, id)
		}
		long = false
	}
}
