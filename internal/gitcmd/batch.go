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
	child
	cancel context.CancelFunc
	in     io.WriteCloser
	out    *bufio.Reader
	broken error // after which nobody knows where the next answer begins
}

// Batch starts one. It ends with the context, or with Close.
func (r *Repo) Batch(ctx context.Context) (*Batch, error) {
	ctx, cancel := context.WithCancel(ctx)
	args := []string{"cat-file", "--batch"}
	b := &Batch{cancel: cancel, child: child{cmd: r.command(ctx, args...), args: args, stderr: &bounded.Writer{Max: maxStderr}}}
	b.cmd.Stderr = b.stderr
	var err error
	if b.in, err = b.cmd.StdinPipe(); err == nil {
		b.stdout, err = b.cmd.StdoutPipe()
	}
	if err == nil {
		err = b.cmd.Start()
	}
	if err != nil {
		cancel()
		return nil, failure(args, err, b.stderr)
	}
	b.out = bufio.NewReader(b.stdout)
	return b, nil
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
	err := b.in.Close()
	_, _ = io.Copy(io.Discard, b.out) // let git end by itself
	if waitErr := b.wait(); b.broken == nil {
		err = errors.Join(err, waitErr)
	}
	return err
}
