package push

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// An Update is what a push does to one ref: it creates, moves or deletes it.
type Update struct {
	Ref      string // full name
	Old, New string // object ids in hexadecimal, "" for none
}

// Bounds of what a hook is told.
const (
	maxUpdates = 1 << 17 // refs of one push
	maxLine    = 8 << 10 // bytes of a line: file systems end names sooner
)

// ErrUpdates says that the updates of a push cannot be read. Nobody knows then
// what is to be judged.
var ErrUpdates = errors.New("what the push updates cannot be read")

// ReadUpdates reads what git tells a pre-receive hook: "<old> <new> <ref>\n" for
// each ref (githooks(5), pre-receive).
func ReadUpdates(r io.Reader) ([]Update, error) {
	updates, err := readLines(r, func(line string) (Update, error) {
		f := strings.SplitN(line, " ", 3)
		if len(f) != 3 {
			return Update{}, fmt.Errorf("%w: that is not OLD NEW REF", ErrUpdates)
		}
		return NewUpdate(f[2], f[0], f[1])
	})
	if err == nil && len(updates) == 0 {
		err = fmt.Errorf("%w: standard input names none: did another hook read it before?", ErrUpdates)
	}
	return updates, err
}

// readLines reads an update from each line, until standard input ends.
func readLines(r io.Reader, read func(line string) (Update, error)) ([]Update, error) {
	var updates []Update
	seen := map[string]bool{}
	in := bufio.NewReaderSize(r, maxLine)
	for {
		line, err := in.ReadSlice('\n')
		switch {
		case err == io.EOF && len(line) == 0:
			return updates, nil
		case err == io.EOF:
			return nil, fmt.Errorf("%w: standard input ends in the middle of line %d", ErrUpdates, len(updates)+1)
		case errors.Is(err, bufio.ErrBufferFull):
			return nil, fmt.Errorf("%w: line %d has more than %d bytes", ErrUpdates, len(updates)+1, maxLine)
		case err != nil:
			return nil, fmt.Errorf("%w: %w", ErrUpdates, err)
		case len(updates) == maxUpdates:
			return nil, fmt.Errorf("%w: there are more than %d refs: push them in parts", ErrUpdates, maxUpdates)
		}
		u, err := read(strings.TrimSuffix(string(line), "\n"))
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", len(updates)+1, err)
		}
		if seen[u.Ref] {
			return nil, fmt.Errorf("%w: %q is there twice", ErrUpdates, u.Ref)
		}
		seen[u.Ref] = true
		updates = append(updates, u)
	}
}

// NewUpdate is the update of a ref by two ids as git writes them, all zeros for
// none.
func NewUpdate(ref, before, after string) (u Update, err error) {
	if u.Old, err = parseID(before); err != nil {
		return u, err
	}
	if u.New, err = parseID(after); err != nil {
		return u, err
	}
	switch {
	case len(before) != len(after):
		return u, fmt.Errorf("%w: %q and %q are ids of two kinds", ErrUpdates, before, after)
	case u.Old == "" && u.New == "":
		return u, fmt.Errorf("%w: %q is neither created nor moved nor deleted", ErrUpdates, ref)
	}
	u.Ref = ref
	return u, checkRef(ref)
}

// checkRef refuses what is no full name of a ref (git-check-ref-format(1)).
func checkRef(ref string) error {
	name, ok := strings.CutPrefix(ref, "refs/")
	if !ok || name == "" || strings.HasSuffix(name, "/") || strings.ContainsAny(name, " ~^:?*[\\\x7f") || strings.ContainsFunc(name, func(c rune) bool { return c < ' ' }) {
		return fmt.Errorf("%w: %q is not the full name of a ref", ErrUpdates, ref)
	}
	return nil
}

// parseID reads an id, "" for one of zeros.
func parseID(s string) (string, error) {
	if len(s) != 40 && len(s) != 64 || strings.Trim(s, "0123456789abcdef") != "" {
		return "", fmt.Errorf("%w: %q is not an object id", ErrUpdates, s)
	}
	if strings.Trim(s, "0") == "" {
		return "", nil
	}
	return s, nil
}
