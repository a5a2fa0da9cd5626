package cache_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/cache"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

func TestMain(m *testing.M) {
	switch os.Getenv("CACHE_TEST") {
	case "settings":
		settingsChild()
	case "verify":
		os.Exit(verifyChild(os.Getenv("CACHE_TEST_OBJECTS"), false))
	case "put":
		os.Exit(verifyChild(os.Getenv("CACHE_TEST_OBJECTS"), true))
	default:
		os.Exit(m.Run())
	}
}

// An objectJSON is what another process is to verify.
type objectJSON struct{ Signed, Armored []byte }

// verifyChild verifies all objects of a file in some order, and ends with
// status 0 if all hold; or keeps them for ever, once it has verified them.
func verifyChild(file string, forEver bool) int {
	data, err := os.ReadFile(file)
	if err != nil {
		return 2
	}
	var in struct {
		Root    []byte
		Objects []objectJSON
	}
	if json.Unmarshal(data, &in) != nil || len(in.Objects) == 0 {
		return 2
	}
	root, err := trust.Parse(in.Root, "test")
	if err != nil {
		return 2
	}
	v := cache.Open(os.Environ()).Under(verify.Trust{Roots: []*trust.Root{root}})
	results := make([]*verify.Result, len(in.Objects))
	for _, i := range rand.Perm(len(in.Objects)) {
		results[i] = v.Verify(in.Objects[i].Signed, in.Objects[i].Armored, verify.Note{})
		if results[i].Verdict != verdict.Valid {
			fmt.Fprintln(os.Stderr, results[i].Verdict, results[i].Err)
			return 1
		}
	}
	if forEver {
		os.Stdout.WriteString(".") // it begins
	}
	for forEver {
		for i, o := range in.Objects {
			v.Put(cache.Ask(o.Signed, o.Armored, verify.Note{}), results[i])
		}
	}
	return 0
}

// handOver writes objects for other processes.
func (w *world) handOver(objects []object) string {
	w.t.Helper()
	out := struct {
		Root    []byte
		Objects []objectJSON
	}{Root: w.pki.TrustedRoot()}
	for _, o := range objects {
		out.Objects = append(out.Objects, objectJSON{o.signed, o.armored})
	}
	data, err := json.Marshal(out)
	if err != nil {
		w.t.Fatal(err)
	}
	file := filepath.Join(w.t.TempDir(), "objects.json")
	write(w.t, file, data, 0o600)
	return file
}

func (w *world) child(what, file string) *exec.Cmd {
	w.t.Helper()
	self, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(w.environ(), "CACHE_TEST="+what, "CACHE_TEST_OBJECTS="+file)
	cmd.Stderr = os.Stderr
	return cmd
}

// Many processes at once make one cache, and each gets right answers.
func TestManyProcesses(t *testing.T) {
	w := newWorld(t)
	var objects []object
	for n := range 40 {
		objects = append(objects, w.embedded(n, 1+n%2))
	}
	file := w.handOver(objects)
	for range 2 {
		var all sync.WaitGroup
		for range 6 {
			cmd := w.child("verify", file)
			all.Go(func() {
				if err := cmd.Run(); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	by := w.trust()
	v := w.open().Under(by)
	hits := 0
	for _, o := range objects {
		if r, ok := v.Get(o.ask()); ok {
			hits++
			same(t, r, o.valid(t, by))
		}
	}
	if hits < len(objects)-2 { // of two that share a page, one may have been lost each time
		t.Errorf("%d of %d are kept", hits, len(objects))
	}
}

// Workers of one process do not lose each other's answers, page by page.
func TestManyWorkers(t *testing.T) {
	w := newWorld(t)
	by := w.trust()
	o := w.embedded(1, 1)
	fresh := o.valid(t, by)
	c := w.open()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			v := c.Under(by)
			for range 50 {
				v.Put(o.ask(), fresh)
				if r, ok := v.Get(o.ask()); ok && r.Verdict != verdict.Valid {
					t.Error(r.Verdict)
				}
			}
		})
	}
	all.Wait()
	got, ok := c.Under(by).Get(o.ask())
	if !ok {
		t.Fatal("no answer")
	}
	same(t, got, fresh)
}

// kills is how often a process is killed while it writes.
const kills = 200

// Killed at any point, a process leaves a cache that gives right answers or
// none, and takes new ones.
func TestKilled(t *testing.T) {
	w := newWorld(t)
	var objects []object
	for n := range 6 {
		objects = append(objects, w.embedded(n, 1))
	}
	file := w.handOver(objects)
	by := w.trust()
	hits := 0
	var begun time.Duration // how long it took the last one to begin
	for n := range kills {
		if n%20 == 0 { // begin anew: the key and the folders too are made while somebody is killed
			w.home = t.TempDir()
		}
		cmd := w.child("put", file)
		started := time.Now()
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		if n%2 == 0 { // while it keeps; else at any time, from its start on
			if _, err := io.ReadFull(out, make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
			begun = time.Since(started)
			time.Sleep(rand.N(5 * time.Millisecond))
		} else {
			time.Sleep(rand.N(begun + 5*time.Millisecond))
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		c := cache.Open(w.environ())
		for _, o := range objects {
			if r, ok := c.Under(by).Get(o.ask()); ok {
				hits++
				same(t, r, o.valid(t, by))
			}
		}
		c.Close()
	}
	if hits == 0 {
		t.Error("nobody ever kept anything")
	}
	for _, o := range objects {
		again(t, w, o)
		if !found(w, o) {
			t.Error("nothing is kept any more")
		}
	}
}
