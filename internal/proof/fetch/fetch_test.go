package fetch_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/internal/agent"
	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/proof"
	"github.com/paraph/paraph/internal/proof/fetch"
	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verify"
)

const person = "Alice <alice@example.com> 1777896000 +0000"

var alice = testpki.Identity{Email: "alice@example.com", Issuer: "https://accounts.example.com"}

// A world is a repository, an instance, and a log that answers as is set.
type world struct {
	t       *testing.T
	dir     string
	env     []string
	pki     *testpki.PKI
	entries map[string][]*testpki.Entry // by certificate
	asked   int
	// answer makes an answer, from the log's own.
	answer func(agent.Answer) agent.Answer
	tip    string
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, dir: t.TempDir(), pki: testpki.New(), entries: map[string][]*testpki.Entry{}}
	w.env = append(os.Environ(), "HOME="+w.dir, "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
	w.git("", "init", "-q", "-b", "main")
	return w
}

func (w *world) git(stdin string, args ...string) string {
	w.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env, cmd.Stdin = w.dir, w.env, strings.NewReader(stdin)
	out, err := cmd.Output()
	if err != nil {
		w.t.Fatalf("git %v: %v", args, err)
	}
	return strings.TrimSpace(string(out))
}

// commits makes n commits on top of main, in one go; each is by sign, and
// unsigned where that returns nil.
func (w *world) commits(n int, sign func(i int, payload []byte) []byte) (ids []string) {
	w.t.Helper()
	tree := w.git("", "hash-object", "-w", "-t", "tree", "/dev/null")
	for i := range n {
		payload := "tree " + tree + "\n"
		if w.tip != "" {
			payload += "parent " + w.tip + "\n"
		}
		raw := []byte(payload + "author " + person + "\ncommitter " + person + fmt.Sprintf("\n\n%d\n", i))
		if armored := sign(i, raw); armored != nil {
			var err error
			if raw, err = git.Join(git.SHA1, git.Commit, raw, armored); err != nil {
				w.t.Fatal(err)
			}
		}
		w.tip = w.write(raw)
		ids = append(ids, w.tip)
	}
	w.git("", "update-ref", "refs/heads/main", w.tip)
	return ids
}

// write stores a commit as git does, without a process for each: a loose object.
func (w *world) write(raw []byte) string {
	w.t.Helper()
	id, err := git.Hash(git.SHA1, git.Commit, raw)
	if err != nil {
		w.t.Fatal(err)
	}
	var object bytes.Buffer
	z := zlib.NewWriter(&object)
	fmt.Fprintf(z, "commit %d\x00%s", len(raw), raw)
	path := filepath.Join(w.dir, ".git", "objects", id[:2], id[2:])
	if err := errors.Join(z.Close(), os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, object.Bytes(), 0o400)); err != nil {
		w.t.Fatal(err)
	}
	return id
}

// old makes n commits of one signer and logs them.
func (w *world) old(s *testpki.OldSigner, n int) []string {
	ids := w.commits(n, func(_ int, payload []byte) []byte { return s.Sign(payload) })
	for _, id := range ids {
		w.log(s, id)
	}
	return ids
}

func (w *world) log(s *testpki.OldSigner, id string) {
	w.entries[string(s.Leaf.Raw)] = append(w.entries[string(s.Leaf.Raw)], s.Log(id))
}

func (w *world) repo() *gitcmd.Repo { return gitcmd.New(w.dir, w.env) }

func (w *world) trust() verify.Trust {
	root, err := trust.Parse(w.pki.TrustedRoot(), "test")
	if err != nil {
		w.t.Fatal(err)
	}
	return verify.Trust{Roots: []*trust.Root{root}}
}

// ask is the log.
func (w *world) ask(ctx context.Context, requests iter.Seq[agent.Request], answer func(agent.Answer) error) error {
	for r := range requests {
		w.asked++
		if r.Instance != "test" {
			return fmt.Errorf("instance %q", r.Instance)
		}
		a := agent.Answer{N: r.N}
		for _, e := range w.entries[string(r.Leaf)] {
			a.Entries = append(a.Entries, e.V1JSON())
		}
		if w.answer != nil {
			a = w.answer(a)
		}
		if err := errors.Join(answer(a), ctx.Err()); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) fetcher() *fetch.Fetcher {
	return &fetch.Fetcher{Repo: w.repo(), Trust: w.trust(), Ask: w.ask, Now: func() time.Time { return testpki.DefaultTime }}
}

func (w *world) run() (fetch.Summary, error) {
	return w.fetcher().Run(w.t.Context(), gitcmd.History{All: true}, nil)
}

// expect runs and compares the numbers: embedded, noted, fetched, absent, failed.
func (w *world) expect(want ...int) fetch.Summary {
	w.t.Helper()
	s, err := w.run()
	if err != nil {
		w.t.Fatal(err)
	}
	if got := []int{s.Embedded, s.Noted, s.Fetched, s.Absent, s.Failed}; fmt.Sprint(got) != fmt.Sprint(want) {
		w.t.Errorf("embedded, noted, fetched, absent, failed: %v, want %v; %q", got, want, s.Failures)
	}
	return s
}

// One certificate that signed many objects is asked for once, whatever else is
// between them.
func TestRun(t *testing.T) {
	w := newWorld(t)
	s := w.pki.OldSigner(alice)
	ids := w.old(s, 5)
	w.commits(2, func(int, []byte) []byte { return nil })
	other := w.pki.OldSigner(testpki.Identity{Email: "bob@example.com", Issuer: alice.Issuer})
	w.commits(1, func(_ int, payload []byte) []byte { return other.Sign(payload) })
	w.commits(1, func(int, []byte) []byte {
		return []byte("-----BEGIN PGP SIGNATURE-----\n\nx\n-----END PGP SIGNATURE-----\n")
	})
	sum := w.expect(1, 0, 5, 1, 0)
	if w.asked != 2 || sum.Objects != 7 || sum.Done != 9 {
		t.Errorf("%d requests, %+v", w.asked, sum)
	}
	w.expect(1, 5, 0, 1, 0)
	if w.asked != 3 {
		t.Errorf("%d requests after the second run", w.asked)
	}
	notes, err := w.repo().Notes(t.Context(), proof.Ref, proof.MaxNote, ids...)
	if err != nil || len(notes) != 5 || bytes.Count(notes[ids[0]], []byte("\n")) != 1 {
		t.Errorf("%d notes, %v", len(notes), err)
	}
}

// What the log answers is an attacker's.
func TestAnswersThatProveNothing(t *testing.T) {
	w := newWorld(t)
	s := w.pki.OldSigner(alice)
	ids := w.old(s, 1)
	right := w.entries[string(s.Leaf.Raw)][0]
	wrong := right.Clone()
	wrong.SET = []byte("false")
	otherTime := right.Clone()
	otherTime.IntegratedTime += 3600
	elsewhere := testpki.New(testpki.Seed("elsewhere")).OldSigner(alice)
	all := func(entries ...[]byte) func(agent.Answer) agent.Answer {
		return func(a agent.Answer) agent.Answer {
			a.Entries = nil
			for _, e := range entries {
				a.Entries = append(a.Entries, json.RawMessage(e))
			}
			return a
		}
	}
	for name, answer := range map[string]func(agent.Answer) agent.Answer{
		"nothing":           all(),
		"garbage":           all([]byte(`{}`), []byte(`null`), []byte(`{"x":{"body":"x"}}`)),
		"another object's":  all(s.Log(strings.Repeat("1", 40)).V1JSON()),
		"another signer's":  all(elsewhere.Log(ids[0]).V1JSON()),
		"a false SET":       all(wrong.V1JSON()),
		"another time":      all(otherTime.V1JSON()),
		"two in one answer": all([]byte(strings.TrimSuffix(string(right.V1JSON()), "}") + "," + strings.TrimPrefix(string(s.Log("x").V1JSON()), "{"))),
	} {
		w.answer = answer
		w.t.Log(name)
		w.expect(0, 0, 0, 1, 0)
	}
	if tip, err := w.repo().Tip(t.Context(), proof.Ref); err != nil || tip != "" {
		t.Errorf("something was kept: %s, %v", tip, err)
	}
	// The right one behind all the others counts.
	w.answer = all([]byte(`{}`), wrong.V1JSON(), elsewhere.Log(ids[0]).V1JSON(), right.V1JSON())
	w.expect(0, 0, 1, 0, 0)
}

// A request that failed is counted and told; others go on.
func TestFailures(t *testing.T) {
	w := newWorld(t)
	w.old(w.pki.OldSigner(alice), 2)
	w.old(w.pki.OldSigner(alice), 1)
	n := 0
	w.answer = func(a agent.Answer) agent.Answer {
		if n++; n == 1 {
			return agent.Answer{N: a.N, Error: "status 500"}
		}
		return a
	}
	s, err := w.run()
	if err != nil || s.Failed+s.Fetched != 3 || s.Failed == 0 || s.Fetched == 0 || !strings.Contains(s.Failures[0], ": status 500") {
		t.Errorf("%+v, %v", s, err)
	}
	w.answer = nil
	w.expect(0, s.Fetched, s.Failed, 0, 0)
	// An answer that nobody asked for, or twice, ends the run.
	w.old(w.pki.OldSigner(alice), 1)
	for _, n := range []int{7, -1} {
		w.answer = func(agent.Answer) agent.Answer { return agent.Answer{N: n} }
		if s, err := w.run(); err == nil || !strings.Contains(err.Error(), "which nobody asked") || s.Failed != 1 {
			t.Errorf("%+v, %v", s, err)
		}
	}
}

// More than a thousand objects are kept a thousand at a time, and a run that
// ends in the middle loses no more than that.
func TestManyAndInterrupted(t *testing.T) {
	w := newWorld(t)
	w.old(w.pki.OldSigner(alice), 600)
	w.old(w.pki.OldSigner(alice), 500)
	broken := errors.New("the log is gone")
	f := w.fetcher()
	f.Ask = func(ctx context.Context, requests iter.Seq[agent.Request], answer func(agent.Answer) error) error {
		if w.asked >= 2 {
			return broken
		}
		return w.ask(ctx, requests, answer)
	}
	s, err := f.Run(t.Context(), gitcmd.History{All: true}, nil)
	if !errors.Is(err, broken) || s.Fetched != 1000 || s.Failed != 100 {
		t.Errorf("%+v, %v", s, err)
	}
	w.expect(0, 1000, 100, 0, 0)
	if n := w.git("", "rev-list", "--count", proof.Ref); n != "2" {
		t.Errorf("%s commits of notes", n)
	}
}

// An interruption keeps what was answered.
func TestInterrupted(t *testing.T) {
	w := newWorld(t)
	w.old(w.pki.OldSigner(alice), 1)
	w.old(w.pki.OldSigner(alice), 1)
	ctx, cancel := context.WithCancel(t.Context())
	w.answer = func(a agent.Answer) agent.Answer {
		cancel()
		return a
	}
	s, err := w.fetcher().Run(ctx, gitcmd.History{All: true}, nil)
	if !errors.Is(err, context.Canceled) || s.Fetched != 1 {
		t.Errorf("%+v, %v", s, err)
	}
	w.answer = nil
	w.expect(0, 1, 1, 0, 0)
}

// Two that fetch at the same time both keep what they found.
func TestRace(t *testing.T) {
	w := newWorld(t)
	ids := w.old(w.pki.OldSigner(alice), 3)
	f := w.fetcher()
	n := 0
	f.Ask = func(ctx context.Context, requests iter.Seq[agent.Request], answer func(agent.Answer) error) error {
		if n++; n == 1 { // somebody else is faster, and adds a note of another object
			w.git("", "-c", "user.name=A", "-c", "user.email=a@b", "notes", "--ref=sigstore", "add", "-m", "theirs", ids[2]+"^{tree}")
			w.expect(0, 0, 3, 0, 0)
		}
		return w.ask(ctx, requests, answer)
	}
	s, err := f.Run(t.Context(), gitcmd.History{All: true}, nil)
	if err != nil || s.Fetched != 3 {
		t.Errorf("%+v, %v", s, err)
	}
	noted, err := fetch.Noted(t.Context(), w.repo(), nil)
	if err != nil || len(noted) != 4 {
		t.Errorf("%q, %v", noted, err)
	}
	w.expect(0, 3, 0, 0, 0)
}

// tag makes a tag of the old way and logs it.
func (w *world) tag(s *testpki.OldSigner, kind git.Type, object string) string {
	w.t.Helper()
	payload := []byte("object " + object + "\ntype " + string(kind) + "\ntag v1\ntagger " + person + "\n\nm\n")
	raw, err := git.Join(git.SHA1, git.Tag, payload, s.Sign(payload))
	if err != nil {
		w.t.Fatal(err)
	}
	id := w.git(string(raw), "hash-object", "-w", "-t", "tag", "--literally", "--stdin")
	w.log(s, id)
	return id
}

// Verification looks at tags that tags lead to, and so does the look-up: at each
// once, as far as they are here.
func TestTagsOfTags(t *testing.T) {
	w := newWorld(t)
	s := w.pki.OldSigner(alice)
	commit := w.old(s, 1)[0]
	inner := w.tag(s, git.Commit, commit)
	outer := w.tag(s, git.Tag, inner)
	alone := w.tag(s, git.Tag, strings.Repeat("1", 40))
	f := w.fetcher()
	for name, tt := range map[string]struct {
		tags []string
		want int
	}{
		"outer":    {[]string{outer}, 3},
		"both":     {[]string{inner, outer, inner}, 3},
		"not here": {[]string{alone, outer}, 4},
	} {
		got, err := f.Run(t.Context(), gitcmd.History{Revisions: []string{"main"}}, tt.tags)
		if err != nil || got.Objects != tt.want || got.Fetched+got.Noted+got.Embedded != tt.want || got.Done != tt.want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if _, err := f.Run(t.Context(), gitcmd.History{Revisions: []string{"main"}}, []string{strings.Repeat("1", 40)}); !errors.Is(err, gitcmd.ErrMissing) {
		t.Errorf("a tag that was asked for is not here: %v", err)
	}
}

// Notes that prove nothing are no longer in memory when the log is asked,
// however large somebody made them.
func TestLargeNotes(t *testing.T) {
	w := newWorld(t)
	ids := w.old(w.pki.OldSigner(alice), 150)
	in := "blob\nmark :1\ndata " + strconv.Itoa(proof.MaxNote) + "\n" + strings.Repeat("x", proof.MaxNote) + "\n"
	in += "commit " + proof.Ref + "\ncommitter " + person + "\ndata 1\nx\n"
	for _, id := range ids {
		in += "M 100644 :1 " + id + "\n"
	}
	w.git(in, "fast-import", "--quiet", "--date-format=raw")
	f := w.fetcher()
	f.Ask = func(ctx context.Context, requests iter.Seq[agent.Request], answer func(agent.Answer) error) error {
		runtime.GC()
		var m runtime.MemStats
		if runtime.ReadMemStats(&m); m.HeapAlloc > uint64(len(ids)/2*proof.MaxNote) {
			t.Errorf("%d MiB in memory", m.HeapAlloc>>20)
		}
		return w.ask(ctx, requests, answer)
	}
	if s, err := f.Run(t.Context(), gitcmd.History{All: true}, nil); err != nil || s.Fetched != len(ids) {
		t.Errorf("%+v, %v", s, err)
	}
	w.expect(0, len(ids), 0, 0, 0)
}
