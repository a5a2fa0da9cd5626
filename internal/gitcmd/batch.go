package gitcmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/paraph/paraph/internal/bounded"
)

// A Batch is a git cat-file --batch that is asked one object at a time, while
// somebody decides which one is next. It is for one goroutine.
type Batch struct {
	*child // nil before the first question
	repo   *Repo
	ctx    context.Context
	cancel context.CancelFunc
	in     io.WriteCloser
	out    *bufio.Reader
	broken error // after which nobody knows where the next answer begins
}

// Batch returns one, which the first question starts: many a verification has
// none. It ends with the context, or with Close.
func (r *Repo) Batch(ctx context.Context) *Batch {
	b := &Batch{repo: r}
	b.ctx, b.cancel = context.WithCancel(ctx)
	return b
}

func (b *Batch) start() error {
	args := []string{"cat-file", "--batch"}
	c := &child{cmd: b.repo.command(b.ctx, args...), args: args, stderr: &bounded.Writer{Max: maxStderr}}
	c.cmd.Stderr = c.stderr
	var err error
	if b.in, err = c.cmd.StdinPipe(); err == nil {
		c.stdout, err = c.cmd.StdoutPipe()
	}
	if err == nil {
		err = c.cmd.Start()
	}
	if err != nil {
		return failure(args, err, c.stderr)
	}
	b.child, b.out = c, bufio.NewReader(c.stdout)
	return nil
}

// Read returns the object with this id: [ErrMissing] if it is not in the
// repository, without its bytes where it has more than anybody reads. Nobody
// has checked yet that the bytes have their id.
func (b *Batch) Read(id string) (RawObject, error) {
	switch {
	case b.broken != nil:
		return RawObject{}, b.broken
	case !isID(id):
		return RawObject{}, fmt.Errorf("%q is not an object id", id)
	}
	if b.child == nil {
		if b.broken = b.start(); b.broken != nil {
			return RawObject{}, b.broken
		}
	}
	_, err := io.WriteString(b.in, id+"\n")
	var o RawObject
	var size int64
	if err == nil {
		o, size, err = readHead(b.out, id)
	}
	switch {
	case errors.Is(err, ErrMissing):
		return RawObject{ID: id}, err
	case errors.Is(err, errLarge):
		_, err = io.CopyN(io.Discard, b.out, size+1)
	case err == nil:
		o, err = readBody(b.out, o, size)
	}
	if err != nil {
		b.broken = &Error{Args: b.args, ExitCode: -1, Err: err}
	}
	return o, b.broken
}

// Close ends it.
func (b *Batch) Close() error {
	defer b.cancel()
	if b.child == nil {
		return nil
	}
	err := b.in.Close()
	_, _ = io.Copy(io.Discard, b.out) // let git end by itself
	if waitErr := b.wait(); b.broken == nil {
		err = errors.Join(err, waitErr)
	}
	return err
}
