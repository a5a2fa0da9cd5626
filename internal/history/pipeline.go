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

// Objects go from hand to hand several at once, as many as make no difference
// to when the last of them is done: a part of those that went before.
const (
	together = 32 // at most
	partOf   = 64
)

// A job is some objects, one after the other, on their way through the pipeline.
type job[T any] struct {
	raw  []gitcmd.RawObject
	out  []T   // of those before the one that err is about
	err  error // a fault in the work on one
	size int   // bytes
	done chan struct{}
}

// pipeline reads objects, works on several at once, and hands what came of
// each to take, in the order of the ids. One that is missing has its id alone.
// The first error of take, or of git, ends it.
func pipeline[T any](ctx context.Context, repo *gitcmd.Repo, ids iter.Seq[string], workers int, work func(gitcmd.RawObject) T, take func(T) error) error {
	whole := ctx
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	atOnce := workers * perWorker / together
	f := &feed[T]{ctx: ctx, queue: make(chan *job[T], atOnce), todo: make(chan *job[T], atOnce), room: newRoom(bytesAtOnce), next: &job[T]{}}
	var running sync.WaitGroup
	for range max(workers, 1) {
		running.Go(func() {
			for j := range f.todo {
				j.run(work)
			}
		})
	}
	var readErr error
	running.Go(func() {
		defer close(f.queue)
		defer close(f.todo)
		if readErr = repo.StreamSeq(ctx, ids, f.add); readErr == nil {
			readErr = f.pass()
		}
	})
	var err error
	for j := range f.queue {
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
		if err = j.take(take); err != nil {
			cancel()
		}
		f.room.give(j.size)
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

// A feed makes jobs of the objects that are read.
type feed[T any] struct {
	ctx         context.Context
	queue, todo chan *job[T] // queue in order
	room        *room
	next        *job[T] // nobody has it yet
	read        int     // objects
}

// add adds an object to the next job.
func (f *feed[T]) add(o gitcmd.RawObject) error {
	if !f.room.tryTake(len(o.Raw)) {
		// Room comes from jobs that are done: none may wait here for more.
		if err := f.pass(); err != nil {
			return err
		}
		if !f.room.take(f.ctx, len(o.Raw)) {
			return context.Cause(f.ctx)
		}
	}
	f.read++
	f.next.raw = append(f.next.raw, o)
	f.next.size += len(o.Raw)
	if len(f.next.raw) >= min(together, f.read/partOf) {
		return f.pass()
	}
	return nil
}

// pass passes the next job on, if there is something in it.
func (f *feed[T]) pass() error {
	j := f.next
	if len(j.raw) == 0 {
		return nil
	}
	j.done = make(chan struct{})
	f.next = &job[T]{raw: make([]gitcmd.RawObject, 0, len(j.raw)+1)}
	for _, c := range []chan *job[T]{f.queue, f.todo} {
		select {
		case c <- j:
		case <-f.ctx.Done():
			return context.Cause(f.ctx)
		}
	}
	return nil
}

// run works on the objects. A fault is an error, and no result.
func (j *job[T]) run(work func(gitcmd.RawObject) T) {
	defer close(j.done)
	defer func() {
		if p := recover(); p != nil {
			j.err = fmt.Errorf("internal error at %s: %v", j.raw[len(j.out)].ID, p)
		}
	}()
	j.out = make([]T, 0, len(j.raw))
	for i := range j.raw {
		j.out = append(j.out, work(j.raw[i]))
	}
}

// take hands over what came of each.
func (j *job[T]) take(take func(T) error) error {
	for _, out := range j.out {
		if err := take(out); err != nil {
			return err
		}
	}
	return j.err
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
	for !r.tryTake(n) {
		select {
		case <-r.given:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// tryTake takes space if there is some.
func (r *room) tryTake(n int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.free < n && r.free != r.size {
		return false
	}
	r.free -= n
	return true
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
