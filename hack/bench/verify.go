package main

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/paraph/paraph/git"
)

// Budgets of paraph verify.
const (
	coldPerSecond   = 1500
	cachedPerSecond = 20000
	mostMemory      = 150 // MB
)

// verify times paraph verify over a history in which each commit has a
// certificate of its own, and looks at the memory that a long one takes, where
// perCertificate commits share one.
func (b bench) verify(commits, many, perCertificate int) error {
	r, err := newRepo(b.path("history"), 1, commits)
	if err != nil {
		return err
	}
	if out, err := r.git("repack", "-a", "-d", "-q").CombinedOutput(); err != nil { // as a clone is
		return fmt.Errorf("git repack: %w\n%s", err, out)
	}
	fmt.Printf("paraph verify --all, %d commits with %d certificates, median of %d rounds (best)\n", commits, commits, b.rounds)
	if err := b.rates(r, commits); err != nil {
		return err
	}
	if many == 0 {
		fmt.Print("memory of a long history: not measured (-many 0)\n\n")
		return nil
	}
	long, err := longRepo(b.path("long"), many, perCertificate)
	if err != nil {
		return err
	}
	for _, flags := range [][]string{{"--no-cache"}, nil, nil} {
		d, memory, err := long.verifyAll(b.path("paraph"), flags...)
		if err != nil {
			return err
		}
		fmt.Printf("paraph verify --all %s of %d commits with %d certificates: paraph's own VmHWM %.0f MB, %.0f /s (budget %d MB)%s\n",
			flags, many, many/perCertificate, memory, float64(many)/d.Seconds(), mostMemory, missed(memory > mostMemory))
	}
	fmt.Println()
	return nil
}

// rates prints how many commits of a history are verified in a second, by each
// build in turn, so that whatever else the machine does hits all of them.
func (b bench) rates(r *repo, commits int) error {
	for _, how := range []struct {
		name   string
		flags  []string
		budget float64
	}{
		{"cold", []string{"--no-cache"}, coldPerSecond},
		{"cached", nil, cachedPerSecond},
	} {
		times := map[string][]time.Duration{}
		programs := b.programs()[1:]
		for i := range b.rounds + 1 {
			for _, p := range programs {
				d, _, err := r.verifyAll(p[1], how.flags...)
				if err != nil {
					return err
				}
				if i > 0 { // the first one fills the caches
					times[p[0]] = append(times[p[0]], d)
				}
			}
		}
		rate := func(d time.Duration) float64 { return float64(commits) / d.Seconds() }
		for _, p := range programs {
			name, note := how.name+", "+p[0], ""
			if p[0] == "paraph" {
				name, note = how.name, fmt.Sprintf(", budget %.0f%s", how.budget, missed(rate(median(times[p[0]])) < how.budget))
			}
			fmt.Printf("%-14s %7.0f /s (%.0f)%s\n", name, rate(median(times[p[0]])), rate(slices.Min(times[p[0]])), note)
		}
	}
	fmt.Println()
	return nil
}

// verifyAll runs paraph verify --all and returns how long it took, and how
// many megabytes the process itself had at most: git's are none of its, and
// count the pack that git maps.
func (r *repo) verifyAll(program string, flags ...string) (time.Duration, float64, error) {
	cmd := r.git()
	cmd.Path, cmd.Args = program, append([]string{program, "verify", "--all"}, flags...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = io.Discard, &said
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, 0, err
	}
	ended, peak := make(chan struct{}), make(chan float64)
	go func() { peak <- watchPeak(cmd.Process.Pid, ended) }()
	err := cmd.Wait()
	took := time.Since(start)
	close(ended)
	memory := <-peak
	if err != nil {
		return 0, 0, fmt.Errorf("paraph verify --all: %w: %s", err, said.String())
	}
	return took, memory, nil
}

// look is how often a process's peak is read: the kernel keeps it, but forgets
// it with the process.
const look = 10 * time.Millisecond

// watchPeak reads the peak of a process's memory until that has ended, in
// megabytes: VmHWM of proc_pid_status(5), 0 where there is none.
func watchPeak(pid int, ended <-chan struct{}) (peak float64) {
	for {
		select {
		case <-ended:
			return peak
		case <-time.After(look):
		}
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			continue
		}
		var kb float64
		_, line, _ := strings.Cut(string(status), "\nVmHWM:")
		if _, err := fmt.Sscan(line, &kb); err == nil { // a process that ended has no such line
			peak = max(peak, kb/1024)
		}
	}
}

// longRepo writes its commits as one pack: as many files would take longer
// than all the rest.
func longRepo(dir string, commits, perCertificate int) (*repo, error) {
	r, pki, err := emptyRepo(dir)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "long.pack")
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sum := sha1.New()
	w := io.MultiWriter(f, sum)
	const tree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte("PACK"), 2), uint32(commits)+1)
	if _, err := w.Write(head); err != nil {
		return nil, err
	}
	if err := packObject(w, 2, nil); err != nil { // the empty tree
		return nil, err
	}
	tip, s := "", signer{pki: pki, version: 1, every: perCertificate}
	for i := range commits {
		raw, err := s.commit(tree+"\n", tip, i)
		if err != nil {
			return nil, err
		}
		if tip, err = git.Hash(git.SHA1, git.Commit, raw); err != nil {
			return nil, err
		}
		if err := packObject(w, 1, raw); err != nil {
			return nil, err
		}
	}
	if _, err := f.Write(sum.Sum(nil)); err != nil {
		return nil, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	index := r.git("index-pack", "--stdin")
	index.Stdin = f
	if out, err := index.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("git index-pack: %w\n%s", err, out)
	}
	if out, err := r.git("update-ref", "refs/heads/main", tip).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("git update-ref: %w\n%s", err, out)
	}
	return r, os.Remove(path)
}

// packObject writes an object as gitformat-pack(5) has it: type and size, seven
// bits to a byte after the first four, and the deflated bytes.
func packObject(w io.Writer, kind byte, raw []byte) error {
	size := uint64(len(raw))
	b := kind<<4 | byte(size&15)
	var head []byte
	for size >>= 4; size > 0; size >>= 7 {
		head = append(head, b|0x80)
		b = byte(size & 0x7f)
	}
	if _, err := w.Write(append(head, b)); err != nil {
		return err
	}
	z, err := zlib.NewWriterLevel(w, zlib.BestSpeed)
	if err != nil {
		return err
	}
	if _, err := z.Write(raw); err != nil {
		return err
	}
	return z.Close()
}
