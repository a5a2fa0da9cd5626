package gitcmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
)

// A Batch is a long-lived git cat-file --batch.
type Batch struct {
	c      *child
	in     io.WriteCloser
	out    *bufio.Reader
	cancel context.CancelFunc
	err    error
}

func (r *Repo) Batch(ctx context.Context) (*Batch, error) {
	ctx, cancel := context.WithCancel(ctx)
	pr, pw := io.Pipe()
	c, err := r.start(ctx, pr, []string{"cat-file", "--batch"})
	if err != nil {
		cancel()
		return nil, err
	}
	return &Batch{c: c, in: pw, out: bufio.NewReader(c.stdout), cancel: cancel}, nil
}

func (b *Batch) Read(id string) (RawObject, error) {
	if _, err := fmt.Fprintln(b.in, id); err != nil {
		return RawObject{}, err
	}
	o, err := readObject(b.out, id)
	if errors.Is(err, ErrMissing) {
		return o, err
	}
	return o, err
}

func (b *Batch) Close() error {
	b.in.Close()
	err := b.c.wait()
	b.cancel()
	return err
}

func (r *Repo) CleanMerge(ctx context.Context, a, b string) (string, bool, error) {
	return "", false, errors.New("tmp")
}
