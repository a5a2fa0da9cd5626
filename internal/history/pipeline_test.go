package history

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/cache"
	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// A repository is one of real git.
type repository struct {
	t    *testing.T
	dir  string
	env  []string
	repo *gitcmd.Repo
}

func newRepository(t *testing.T) *repository {
	t.Helper()
	r := &repository{t: t, dir: t.TempDir()}
	r.env = append(os.Environ(), "HOME="+r.dir, "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
	r.repo = gitcmd.New(r.dir, r.env)
	r.git(nil, "init", "-q", "-b", "main")
	return r
}

func (r *repository) git(stdin io.Reader, args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env, cmd.Stdin = r.dir, r.env, stdin
	out, err := cmd.Output()
	if err != nil {
		r.t.Fatalf("git %v: %v", args, err)
	}
	return string(out)
}

// numbered are blobs of a repository, with what each says.
func numbered(t *testing.T, n int) (*repository, []string) {
	t.Helper()
	r := newRepository(t)
	var ids []string
	for i := range n {
		ids = append(ids, strings.TrimSpace(r.git(strings.NewReader(fmt.Sprint(i)), "hash-object", "-w", "--stdin")))
	}
	return r, ids
}

// What comes out is in order, however long each takes.
func TestPipelineKeepsOrder(t *testing.T) {
	r, ids := numbered(t, 50)
	for _, workers := range []int{1, 2, 7} {
		var got []string
		var running atomic.Int32
		err := pipeline(t.Context(), r.repo, slices.Values(ids), workers, func(o gitcmd.RawObject) string {
			if n := running.Add(1); int(n) > workers {
				t.Errorf("%d at once", n)
			}
			defer running.Add(-1)
			time.Sleep(time.Duration(len(o.ID)*int(o.ID[0])%3) * time.Millisecond)
			return string(o.Raw)
		}, func(s string) error {
			got = append(got, s)
			return nil
		})
		for i, s := range got {
			if s != fmt.Sprint(i) {
				t.Fatalf("%s in place %d", s, i)
			}
		}
		if err != nil || len(got) != len(ids) {
			t.Errorf("%d of %d, %v", len(got), len(ids), err)
		}
	}
}

// Errors, faults and the end of the context end it, and nothing hangs.
func TestPipelineEnds(t *testing.T) {
	r, ids := numbered(t, 300)
	stop := errors.New("stop")
	work := func(o gitcmd.RawObject) string { return string(o.Raw) }
	taken := 0
	take := func(string) error {
		taken++
		if taken == 5 {
			return stop
		}
		return nil
	}
	if err := pipeline(t.Context(), r.repo, slices.Values(ids), 2, work, take); !errors.Is(err, stop) || taken != 5 {
		t.Errorf("%v after %d", err, taken)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err := pipeline(ctx, r.repo, slices.Values(ids), 2, func(o gitcmd.RawObject) string {
		cancel()
		return ""
	}, func(string) error { return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	err = pipeline(t.Context(), r.repo, slices.Values(ids), 2, func(gitcmd.RawObject) string { panic("fault") }, func(string) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "internal error at "+ids[0]+": fault") {
		t.Errorf("%v", err)
	}
}

// An object that is not there is one without a type, and ends nothing.
func TestPipelineMissing(t *testing.T) {
	r, ids := numbered(t, 2)
	ids = slices.Insert(ids, 1, strings.Repeat("0a", 20))
	var got []string
	err := pipeline(t.Context(), r.repo, slices.Values(ids), 2, func(o gitcmd.RawObject) string { return o.Type }, func(s string) error {
		got = append(got, s)
		return nil
	})
	if err != nil || !slices.Equal(got, []string{"blob", "", "blob"}) {
		t.Errorf("%q, %v", got, err)
	}
}

// A room never has more in it than its size, but for a single object.
func TestRoom(t *testing.T) {
	r := newRoom(10)
	if !r.take(t.Context(), 25) {
		t.Fatal("an object has no room")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if r.take(ctx, 1) {
		t.Error("there was more than the size")
	}
	r.give(25)
	if !r.take(t.Context(), 6) || !r.take(t.Context(), 4) {
		t.Error("there is no room after it was given back")
	}
	go func() {
		time.Sleep(time.Millisecond)
		r.give(4)
	}()
	if !r.take(t.Context(), 3) {
		t.Error("room that was given back was not found")
	}
}

// Bytes that have another id than the one that was asked for are no answer.
func TestExamineOtherBytes(t *testing.T) {
	x := newExaminer(t.Context(), newRepository(t).repo, (*cache.Cache)(nil).Under(verify.Trust{}))
	raw := []byte("tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor A <a@example.com> 1 +0000\ncommitter A <a@example.com> 1 +0000\n\nA\n")
	e := x.examine(gitcmd.RawObject{ID: strings.Repeat("1", 40), Type: "commit", Raw: raw})
	if e.result.Verdict != verdict.Bad || e.result.Err.Rule != "object-id" {
		t.Errorf("%s: %v", e.result.Verdict, e.result.Err)
	}
	e = exempted(gitcmd.RawObject{ID: strings.Repeat("1", 40), Type: "commit", Raw: raw})
	if e.result.Verdict != verdict.Bad || e.result.Err.Rule != "object-id" {
		t.Errorf("exempt, %s: %v", e.result.Verdict, e.result.Err)
	}
	e = x.examine(gitcmd.RawObject{ID: strings.Repeat("1", 40), Type: "commit"})
	if e.result.Verdict != verdict.Malformed || e.result.Err.Rule != "object-size" {
		t.Errorf("%s: %v", e.result.Verdict, e.result.Err)
	}
}
