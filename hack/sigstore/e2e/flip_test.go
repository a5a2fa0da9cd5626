package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A spot is one bit of a raw commit.
type spot struct {
	offset int
	bit    byte
}

const (
	spots   = 200 // for each version of Rekor
	workers = 4   // of them at a time
)

// spread chooses spots evenly over n bytes, each bit as often as any other.
func spread(n int) []spot {
	var out []spot
	for i := range spots {
		out = append(out, spot{i * n / spots, byte(i % 8)})
	}
	return out
}

// However one bit of a signed commit is changed, git does not call it good,
// and paraph, which reads the object itself, never lets it pass.
func TestFlippedBits(t *testing.T) {
	forEachLog(t, func(t *testing.T, log logVersion) {
		u := newUser(t, log, mint(t, nil))
		u.trust(alice, servers.Endpoints.Issuer)
		id := u.commit("first")
		if l := u.letter(id); l != "G" {
			t.Fatalf("%%G? is %q before any change", l)
		}
		raw := u.object("commit", id)
		var wg sync.WaitGroup
		var mu sync.Mutex
		letters := map[string]int{}
		next := make(chan spot)
		for range workers {
			wg.Go(func() {
				for s := range next {
					l, err := tryFlip(u, raw, s)
					if err != nil {
						t.Errorf("byte %d of %d, bit %d: %v", s.offset, len(raw), s.bit, err)
					}
					mu.Lock()
					letters[l]++
					mu.Unlock()
				}
			})
		}
		for _, s := range spread(len(raw)) {
			next <- s
		}
		close(next)
		wg.Wait()
		t.Logf("%%G? of %d changed commits: %v", spots, letters)
		if letters["B"]+letters["E"] < spots*8/10 {
			t.Errorf("git asked paraph too rarely to say anything: %v", letters)
		}
	})
}

// tryFlip changes one bit and returns git's letter.
func tryFlip(u *user, raw []byte, s spot) (string, error) {
	changed := append([]byte{}, raw...)
	changed[s.offset] ^= 1 << s.bit
	r, err := u.try(string(changed), "git", "hash-object", "-t", "commit", "-w", "--literally", "--stdin")
	if err != nil || r.status != 0 {
		return "", errors.Join(err, fmt.Errorf("it cannot be stored: %s", r.stderr))
	}
	id := strings.TrimSpace(r.stdout)
	r, err = u.try("", "git", "log", "-1", "--format=%G?", id)
	letter := strings.TrimSpace(r.stdout)
	if r.status != 0 {
		letter = "stops"
	}
	switch letter {
	case "B", "E", "N", "stops": // N and stops are git's own, without asking paraph
	default:
		err = errors.Join(err, fmt.Errorf("%%G? is %q", letter))
	}
	return letter, errors.Join(err, refused(u, id))
}

// failures are the verdicts that a changed commit may get.
var failures = []string{"bad", "malformed", "unknown", "unproven", "expired", "unsigned"}

// refused is an error if paraph verify lets a commit pass.
func refused(u *user, id string) error {
	r, err := u.try("", "paraph", "verify", "--format", "json", "--any-signer", id)
	if err != nil || r.status == 0 {
		return errors.Join(err, fmt.Errorf("paraph verify: exit status %d: %s", r.status, r.stdout))
	}
	if r.stdout == "" {
		return nil // git cannot read it at all, so there is no verdict
	}
	var got report
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil {
		return err
	}
	if len(got.Results) != 1 || !slices.Contains(failures, got.Results[0].Verdict) {
		return fmt.Errorf("paraph verify: %s", r.stdout)
	}
	return nil
}
