package gitcmd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// maxRevision bounds a revision as a user writes it, in bytes.
const maxRevision = 4096

// A Revision is an object that a user named.
type Revision struct {
	ID  string
	Ref string // full name of the ref that led there, "" if none did
}

// ErrRevision says that a revision does not name one object here.
var ErrRevision = errors.New("not a revision of this repository")

// ErrShallow says that nobody can tell here whether a revision names an object:
// the clone ends somewhere in the history.
var ErrShallow = errors.New("not a revision of this shallow clone; git fetch --unshallow --tags brings the rest of it")

// ErrNoRepository says that there is no repository to look into.
var ErrNoRepository = errors.New("this is not a git repository")

// checkRevision refuses words that git could take for an option, and names
// that could not be shown.
func checkRevision(rev string) error {
	switch {
	case rev == "":
		return fmt.Errorf("%w: it is empty", ErrRevision)
	case len(rev) > maxRevision:
		return fmt.Errorf("%w: %d bytes long", ErrRevision, len(rev))
	case strings.HasPrefix(rev, "-"):
		return fmt.Errorf("%q: %w: it begins with a dash", rev, ErrRevision)
	case strings.ContainsFunc(rev, unicode.IsControl):
		return fmt.Errorf("%q: %w: it has control characters", rev, ErrRevision)
	}
	return nil
}

// Resolve finds the object that a revision names, without peeling tags.
func (r *Repo) Resolve(ctx context.Context, rev string) (Revision, error) {
	id, err := r.parse(ctx, rev, rev)
	if err != nil {
		return Revision{}, err
	}
	found := Revision{ID: id}
	// The ref says by which name a tag was reached. rev-parse prints nothing
	// for what is not exactly a ref.
	name := unpeeled(rev)
	out, err := r.Output(ctx, "rev-parse", "--symbolic-full-name", "--end-of-options", name)
	if err != nil {
		return Revision{}, err
	}
	for line := range strings.Lines(string(out)) {
		if line = strings.TrimSuffix(line, "\n"); strings.HasPrefix(line, "refs/") {
			found.Ref = line
		}
	}
	// git follows a symbolic ref and prints where it ends. Among tags the name
	// counts by which one was asked for, so that none stands in for another.
	const tags = "refs/tags/"
	if strings.HasPrefix(found.Ref, tags) && !strings.HasSuffix("/"+found.Ref, "/"+name) {
		found.Ref = tags + strings.TrimPrefix(strings.TrimPrefix(name, "refs/"), "tags/")
	}
	return found, nil
}

// Commit finds the commit that a revision leads to.
func (r *Repo) Commit(ctx context.Context, rev string) (id string, err error) {
	return r.parse(ctx, rev, rev+"^{commit}")
}

// parse finds the object that the words stand for, by which somebody means rev.
func (r *Repo) parse(ctx context.Context, rev, words string) (id string, err error) {
	if err := checkRevision(rev); err != nil {
		return "", err
	}
	out, err := r.Output(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", words)
	if err != nil {
		var e *Error
		if errors.As(err, &e) && e.ExitCode == 1 {
			return "", fmt.Errorf("%q: %w", rev, r.notFound(ctx))
		}
		return "", r.explain(ctx, err)
	}
	if id = strings.TrimSpace(string(out)); !isID(id) {
		return "", fmt.Errorf("%q: %w", rev, ErrRevision)
	}
	return id, nil
}

// unpeeled cuts off suffixes that ask for the very object that a name stands
// for (gitrevisions(7)): the ref led to it all the same.
func unpeeled(rev string) string {
	for {
		name := strings.TrimSuffix(strings.TrimSuffix(rev, "^{tag}"), "^{object}")
		if name == rev || name == "" {
			return rev
		}
		rev = name
	}
}

// notFound tells a revision that is not here from one that may be elsewhere.
func (r *Repo) notFound(ctx context.Context) error {
	if shallow, err := r.shallow(ctx); err == nil && shallow {
		return ErrShallow
	}
	return ErrRevision
}

func (r *Repo) shallow(ctx context.Context) (bool, error) {
	out, err := r.Output(ctx, "rev-parse", "--is-shallow-repository")
	return strings.TrimSpace(string(out)) == "true", err
}

// explain tells a folder that is no repository from one whose git failed.
func (r *Repo) explain(ctx context.Context, err error) error {
	var e *Error
	if _, dirErr := r.Output(ctx, "rev-parse", "--absolute-git-dir"); errors.As(dirErr, &e) && e.ExitCode > 0 {
		return fmt.Errorf("%w: %s", ErrNoRepository, strings.TrimSpace(e.Stderr))
	}
	return err
}

func isID(s string) bool {
	if len(s) != 40 && len(s) != 64 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
