//go:build unix

package tuf

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/httpclient"
	"github.com/paraph/paraph/internal/trust/store"
)

// TestMain is also the programs that the tests start: one that updates, one
// that takes the lock and keeps it.
func TestMain(m *testing.M) {
	s := store.New(os.Environ())
	now := func() time.Time { return start.Add(time.Minute) }
	fail := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	switch os.Getenv("PARAPH_TEST_PROGRAM") {
	case "":
		os.Exit(m.Run())
	case "update":
		i, err := s.Instance("mine")
		fail(err)
		_, err = Updater{s, now}.Update(context.Background(), i, HTTP(httpclient.New(), i.Repository))
		fail(err)
	case "lock":
		_, err := lock(context.Background(), s, "mine")
		fail(err)
		fmt.Println("locked")
		_, _ = io.Copy(io.Discard, os.Stdin)
	}
}

// program starts this test as another program, in the bench's home.
func (b *bench) program(t *testing.T, name string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = []string{"HOME=" + b.home, "TMPDIR=" + os.TempDir(), "PARAPH_TEST_PROGRAM=" + name, "GORACE=atexit_sleep_ms=0"}
	return cmd
}

// Ten processes at once, over a cache that is half written: each ends well,
// and what is in hand is whole.
func TestTenProcesses(t *testing.T) {
	b := used(t)
	for _, name := range []string{"mine.root.json", "mine.tuf.json"} {
		if err := os.Truncate(b.home+"/.cache/paraph/trust/"+name, 500); err != nil {
			t.Fatal(err)
		}
	}
	digest := b.publish()
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if out, err := b.program(t, "update").CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	all.Wait()
	if h := b.inHand(t); h.Root.Digest != digest || h.Versions.Targets != 2 || strings.Contains(h.Root.Origin, "cannot") {
		t.Errorf("%v, %s", h.Versions, h.Root.Origin)
	}
	emptied(t)
}

// Who had to wait for another's update takes that one's.
func TestSecondOfTwo(t *testing.T) {
	b := used(t)
	unlock, err := lock(t.Context(), b.store, "mine")
	if err != nil {
		t.Fatal(err)
	}
	began := make(chan struct{})
	u := Updater{b.store, func() time.Time { close(began); return start.Add(time.Minute) }}
	waiting := make(chan error)
	go func() {
		_, err := u.Update(t.Context(), b.instance, func(context.Context, string, int64) ([]byte, error) { return nil, errors.New("asked again") })
		waiting <- err
	}()
	<-began
	c, err := b.store.Load(b.instance)
	if err != nil {
		t.Fatal(err)
	}
	c.Checked = start.Add(2 * time.Minute)
	if err := b.store.Save(b.instance, c); err != nil {
		t.Fatal(err)
	}
	unlock()
	if err := <-waiting; err != nil {
		t.Error(err)
	}
}

// While updates write, whoever reads always finds a whole root.
func TestReadersDuringUpdates(t *testing.T) {
	b := used(t)
	good := map[[32]byte]bool{sha256.Sum256(pki.TrustedRoot()): true, b.publish(): true}
	done := make(chan struct{})
	var reader sync.WaitGroup
	reader.Go(func() {
		for reads := 0; ; reads++ {
			h, err := b.store.InHand("mine")
			if err != nil || !good[h.Root.Digest] || strings.Contains(h.Root.Origin, "cannot") {
				t.Errorf("after %d reads: %+v, %v", reads, h, err)
				return
			}
			select {
			case <-done:
				return
			default:
			}
		}
	})
	for range 10 {
		b.repo.PublishTimestamp()
		b.updates(t)
	}
	close(done)
	reader.Wait()
}

// A lock ends with the process that holds it. Who waits for one waits no
// longer than its context.
func TestLockEndsWithProcess(t *testing.T) {
	b := used(t)
	holder := b.program(t, "lock")
	in, err := holder.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadBytes('\n'); err != nil || !bytes.Equal(line, []byte("locked\n")) {
		t.Fatalf("%q, %v", line, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := b.update(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "another paraph-agent is at it") {
		t.Errorf("%v", err)
	}
	if err := holder.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = holder.Wait() // killed
	b.updates(t)
}
