package server

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// search finds size bytes, and counts how often it had to.
func search(size int, times *int) func() ([]json.RawMessage, error) {
	return func() ([]json.RawMessage, error) {
		*times++
		return []json.RawMessage{make([]byte, size)}, nil
	}
}

// What was not asked for lately is forgotten, by number and by size.
func TestMemoryIsBounded(t *testing.T) {
	for name, test := range map[string]struct{ size, keys, kept int }{
		"many":  {10, 3 * maxRemembered, maxRemembered},
		"large": {maxMemory / 8, 30, 8},
		"huge":  {maxMemory + 1, 3, 0},
	} {
		var m memory
		times := 0
		for i := range test.keys {
			key := sha256.Sum256(fmt.Append(nil, i))
			for range 2 {
				if e, err := m.get(t.Context(), key, search(test.size, &times)); err != nil || len(e) != 1 {
					t.Fatalf("%s: %v", name, err)
				}
			}
		}
		want := test.keys
		if test.kept == 0 {
			want = 2 * test.keys
		}
		if len(m.known) != test.kept || len(m.order) != test.kept || m.size != test.kept*test.size || times != want {
			t.Errorf("%s: %d and %d are kept, %d bytes, %d look-ups", name, len(m.known), len(m.order), m.size, times)
		}
	}
}

// All who ask meanwhile wait for the one who finds out, who may fail or panic.
func TestMemoryWaits(t *testing.T) {
	oh := errors.New("oh")
	for name, find := range map[string]func() ([]json.RawMessage, error){
		"found":  func() ([]json.RawMessage, error) { return []json.RawMessage{[]byte("1")}, nil },
		"failed": func() ([]json.RawMessage, error) { return nil, oh },
		"panic":  func() ([]json.RawMessage, error) { panic("oh") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var m memory
				var times, failed int
				var mu sync.Mutex
				var wg sync.WaitGroup
				for range 20 {
					wg.Go(func() {
						defer func() { _ = recover() }()
						_, err := m.get(t.Context(), [32]byte{}, func() ([]json.RawMessage, error) {
							times++
							time.Sleep(time.Minute)
							return find()
						})
						mu.Lock()
						defer mu.Unlock()
						if err != nil {
							failed++
						}
					})
				}
				wg.Wait()
				want := map[string]int{"found": 0, "failed": 20, "panic": 19}[name]
				if times != 1 || failed != want || len(m.known) != 1-min(want, 1) {
					t.Errorf("%d look-ups, %d failed, %d are kept", times, failed, len(m.known))
				}
			})
		})
	}
}

func TestMemoryWaitEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m memory
		var wg sync.WaitGroup
		wg.Go(func() {
			_, _ = m.get(t.Context(), [32]byte{}, func() ([]json.RawMessage, error) {
				time.Sleep(time.Hour)
				return nil, nil
			})
		})
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := m.get(ctx, [32]byte{}, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		wg.Wait()
	})
}
