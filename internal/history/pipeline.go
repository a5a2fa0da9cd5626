package history

import (
	"context"
	"fmt"
	"iter"
	"sync"

	"github.com/paraph/paraph/internal/gitcmd"
)

// Bounds on what is under way at once.
const (
	perWorker   = 64       // objects
	bytesAtOnce = 32 << 20 // of objects, beyond the one that is next
)

// A job is an object on its way through the pipeline.
type job[T any] struct {
	raw  gitcmd.RawObject
	out  T
	err  error
	done chan struct{}
}

// pipeline reads objects, works on several at once, and hands what came of
// each to take, in the order of the ids. One that is missing has its id alone.
// The first error of take, or of git, ends it.
func pipeline[T any](ctx context.Context, repo *gitcmd.Repo, ids iter.Seq[string], workers int, work func(gitcmd.RawObject) T, take func(T) error) error {
	whole := ctx
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	queue := make(chan *job[T], workers*perWorker) // in order
	todo := make(chan *job[T], workers*perWorker)
	room := newRoom(bytesAtOnce)
	var running sync.WaitGroup
	for range max(workers, 1) {
		running.Go(func() {
			for j := range todo {
				j.run(work)
			}
		})
	}
	var readErr error
	running.Go(func() {
		defer close(queue)
		defer close(todo)
		readErr = repo.StreamSeq(ctx, ids, func(o gitcmd.RawObject) error {
			if !room.take(ctx, len(o.Raw)) {
				return context.Cause(ctx)
			}
			j := &job[T]{raw: o, done: make(chan struct{})}
			for _, c := range []chan *job[T]{queue, todo} {
				select {
				case c <- j:
				case <-ctx.Done():
					return context.Cause(ctx)
				}
			}
			return nil
		})
	})
	var err error
	for j := range queue {
		select {
		case <-j.done:
		case <-ctx.Done(): // it may never be worked on
			if err == nil {
				err = context.Cause(ctx)
			}
		}
		if err != nil {
			continue // the reader is about to end
		}
		size := len(j.raw.Raw)
		if err = j.err; err == nil {
			err = take(j.out)
		}
		if err != nil {
			cancel()
		}
		room.give(size)
	}
	running.Wait()
	switch {
	case err != nil:
		return err
	case whole.Err() != nil: // whatever git says that was killed
		return context.Cause(whole)
	}
	return readErr
}

// run works on the object. A fault is an error, and no result.
func (j *job[T]) run(work func(gitcmd.RawObject) T) {
	defer close(j.done)
	defer func() {
		if p := recover(); p != nil {
			j.err = fmt.Errorf("internal error at %s: %v", j.raw.ID, p)
		}
	}()
	j.out = work(j.raw)
}

// A room has space for so many bytes, and always for one object.
type room struct {
	mu    sync.Mutex
	free  int
	size  int
	given chan struct{} // has a value when there is more space
}

func newRoom(size int) *room { return &room{free: size, size: size, given: make(chan struct{}, 1)} }

// take waits for space, and reports whether there came some.
func (r *room) take(ctx context.Context, n int) bool {
	for {
		r.mu.Lock()
		if r.free >= n || r.free == r.size {
			r.free -= n
			r.mu.Unlock()
			return true
		}
		r.mu.Unlock()
		select {
		case <-r.given:
		case <-ctx.Done():
			return false
		}
	}
}

func (r *room) give(n int) {
	r.mu.Lock()
	r.free += n
	r.mu.Unlock()
	select {
	case r.given <- struct{}{}:
	default:
	}
}
