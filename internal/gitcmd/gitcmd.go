// Package gitcmd runs git. Objects come from git itself, never from a second
// implementation, and git runs in an environment that nobody can use to show
// other objects than the repository has: no replace refs, no grafts, no lazy
// fetch, none of the GIT_* variables but those that say where things are.
package gitcmd

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"github.com/paraph/paraph/internal/bounded"
	"github.com/paraph/paraph/internal/payload"
)

// Names that git's children keep: where the repository is, where incoming
// objects are kept, and which configuration was given.
var kept = map[string]bool{
	"GIT_DIR": true, "GIT_WORK_TREE": true, "GIT_COMMON_DIR": true, "GIT_OBJECT_DIRECTORY": true,
	"GIT_ALTERNATE_OBJECT_DIRECTORIES": true, "GIT_QUARANTINE_PATH": true, "GIT_CEILING_DIRECTORIES": true,
}

// Environ returns env as git's children get it.
func Environ(env []string) []string {
	var out []string
	for _, e := range env {
		name, _, _ := strings.Cut(e, "=")
		if strings.HasPrefix(name, "GIT_") && !kept[name] && !strings.HasPrefix(name, "GIT_CONFIG_") {
			continue
		}
		out = append(out, e)
	}
	return append(out, "GIT_NO_REPLACE_OBJECTS=1", "GIT_GRAFT_FILE=/dev/null", "GIT_NO_LAZY_FETCH=1", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C",
		"GIT_ALLOW_PROTOCOL=", // git before 2.39.4 does not know GIT_NO_LAZY_FETCH
		"GIT_FLUSH=0")         // rev-list writes each line by itself into a pipe (write-or-die.c), and nobody waits for one
}

// A Repo runs git in one repository.
type Repo struct {
	dir string
	env []string
}

// New returns a Repo for the repository of dir ("" is the current directory),
// with env as the caller's environment.
func New(dir string, env []string) *Repo {
	return &Repo{dir, Environ(env)}
}

const (
	maxOutput = 16 << 20 // bytes of a command's output
	maxStderr = 4 << 10  // bytes of git's words that are repeated

	readAtOnce = 64 << 10 // bytes of what git writes
)

// An Error is what git said when it failed.
type Error struct {
	Args     []string
	ExitCode int    // -1 if git could not be run
	Stderr   string // bounded; may hold anything
	Err      error
}

func (e *Error) Error() string {
	if e.ExitCode < 0 {
		return fmt.Sprintf("git %s: %v", e.Args[0], e.Err)
	}
	return fmt.Sprintf("git %s: %s", e.Args[0], strings.TrimSpace(e.Stderr))
}

func (e *Error) Unwrap() error { return e.Err }

// Output runs git with args and returns what it printed.
func (r *Repo) Output(ctx context.Context, args ...string) ([]byte, error) {
	cmd := r.command(ctx, args...)
	stdout, stderr := &bounded.Writer{Max: maxOutput}, &bounded.Writer{Max: maxStderr}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	if err := cmd.Run(); err != nil {
		return nil, failure(args, err, stderr)
	}
	if stdout.Cut() {
		return nil, &Error{Args: args, ExitCode: -1, Err: fmt.Errorf("more than %d bytes of output", maxOutput)}
	}
	return stdout.Bytes(), nil
}

// overrides are settings that no configuration may have otherwise.
var overrides = []string{
	// Of a name that stands for several refs, rev-parse says which one it
	// took, the first, only if it is not to warn of them (refs.c:repo_dwim_ref).
	"-c", "core.warnAmbiguousRefs=false",
	// A commit-graph says again who is whose parent, and nothing holds it
	// against the commits.
	"-c", "core.commitGraph=false",
	// Whoever names a file of grafts, if only /dev/null, is advised not to, before
	// every other word.
	"-c", "advice.graftFileDeprecated=false",
}

func (r *Repo) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "git", slices.Concat(overrides, args)...)
	cmd.Dir, cmd.Env = r.dir, r.env
	return cmd
}

func failure(args []string, err error, stderr *bounded.Writer) error {
	e := &Error{Args: args, ExitCode: -1, Stderr: string(stderr.Bytes()), Err: err}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		e.ExitCode = exit.ExitCode()
	}
	return e
}

// ErrMissing says that an object is not in the repository.
var ErrMissing = errors.New("object is not in the repository")

// A RawObject is an object as the repository has it.
type RawObject struct {
	ID   string
	Type string
	Raw  []byte
}

// Objects reads the objects with these ids, in order. Nobody has checked yet
// that the bytes have the id.
func (r *Repo) Objects(ctx context.Context, ids ...string) ([]RawObject, error) {
	var out []RawObject
	err := r.catFile(ctx, strings.NewReader(strings.Join(ids, "\n")+"\n"), func(in *bufio.Reader) error {
		for _, id := range ids {
			o, err := readObject(in, id)
			if err != nil {
				return err
			}
			out = append(out, o)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// catFile has git cat-file --batch answer what stdin asks. read must take the
// answers in their order.
func (r *Repo) catFile(ctx context.Context, stdin io.Reader, read func(*bufio.Reader) error) error {
	// Nobody waits for one answer before the next question: git need not write
	// each of them by itself.
	return r.pipe(ctx, stdin, read, "cat-file", "--batch", "--buffer")
}

// pipe runs git with args and has read take what it prints, while it does. When
// read fails git is ended, however much it has to say.
func (r *Repo) pipe(ctx context.Context, stdin io.Reader, read func(*bufio.Reader) error, args ...string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c, err := r.start(ctx, stdin, args)
	if err != nil {
		return err
	}
	if err = read(bufio.NewReaderSize(c.stdout, readAtOnce)); err != nil {
		cancel()
	}
	_, _ = io.Copy(io.Discard, c.stdout) // let git end by itself
	if waitErr := c.wait(); err == nil {
		err = waitErr
	}
	return err
}

// A child is a git that runs, and whose output is to be read.
type child struct {
	cmd    *exec.Cmd
	args   []string
	stdout io.Reader
	stderr *bounded.Writer
}

func (r *Repo) start(ctx context.Context, stdin io.Reader, args []string) (*child, error) {
	c := &child{cmd: r.command(ctx, args...), args: args, stderr: &bounded.Writer{Max: maxStderr}}
	c.cmd.Stdin, c.cmd.Stderr = stdin, c.stderr
	var err error
	if c.stdout, err = c.cmd.StdoutPipe(); err == nil {
		err = c.cmd.Start()
	}
	if err != nil {
		return nil, failure(args, err, c.stderr)
	}
	return c, nil
}

// wait returns what git said if it failed. All of its output must be read, or
// nobody's business any more.
func (c *child) wait() error {
	if err := c.cmd.Wait(); err != nil {
		return failure(c.args, err, c.stderr)
	}
	return nil
}

// readObject parses "<id> <type> <size>\n<bytes>\n", or "<id> missing\n".
func readObject(in *bufio.Reader, id string) (RawObject, error) {
	o, size, err := readHead(in, id)
	if err != nil {
		return o, err
	}
	return readBody(in, o, size)
}

// readBody reads the bytes of an object, and the line break after them.
func readBody(in *bufio.Reader, o RawObject, size int64) (RawObject, error) {
	// Memory is taken at once for what most objects have, and for more as it comes.
	body := make([]byte, min(size+1, readAtOnce))
	if _, err := io.ReadFull(in, body); err != nil {
		return o, endedEarly(err)
	}
	if more := size + 1 - int64(len(body)); more > 0 {
		whole := bytes.NewBuffer(body)
		if _, err := io.CopyN(whole, in, more); err != nil {
			return o, endedEarly(err)
		}
		body = whole.Bytes()
	}
	o.Raw = body[:size:size]
	if body[size] != '\n' {
		return o, fmt.Errorf("git cat-file answered %s with other than %d bytes", o.ID, size)
	}
	return o, nil
}

func endedEarly(err error) error { return fmt.Errorf("git cat-file ended early: %w", err) }

// errLarge is an object that is not read.
var errLarge = errors.New("the object is too large")

// readHead parses the line before an object's bytes.
func readHead(in *bufio.Reader, id string) (o RawObject, size int64, err error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return o, 0, endedEarly(err)
	}
	head := strings.TrimSuffix(string(line), "\n")
	if head == id+" missing" {
		return o, 0, fmt.Errorf("%s: %w", id, ErrMissing)
	}
	o, size, err = splitHead(head, id)
	if err == nil && size > payload.MaxSize {
		err = fmt.Errorf("%s: %w: it has %d bytes, at most %d are read", id, errLarge, size, int64(payload.MaxSize))
	}
	return o, size, err
}

// splitHead parses "<id> <type> <size>".
func splitHead(head, id string) (o RawObject, size int64, err error) {
	fields := strings.Split(head, " ")
	if len(fields) != 3 || fields[0] != id {
		return o, 0, fmt.Errorf("git cat-file answered %q for %s", head, id)
	}
	size, err = strconv.ParseInt(fields[2], 10, 64)
	switch {
	case err != nil || size < 0:
		return o, 0, fmt.Errorf("git cat-file answered %q for %s", head, id)
	}
	return RawObject{ID: id, Type: fields[1]}, size, nil
}
