/*
Bench measures what paraph costs, as ratios against a program that does
nothing, in one run on one machine:

	go run ./hack/bench [-commits 500] [-rounds 7] [-history 2000] [-many 100000] [-before PROGRAM] [-sign] [-push N]

git starts one process for each signature that it shows, so the number that
counts is the time of "git log --show-signature" per commit, over that of a Go
program that drains standard input and exits. The commits are signed against a
Sigstore instance in memory with a P-384 CA, as the public one has. For a
signature it is the time beyond the slower of log and timestamp authority. A budget
that is missed is shown, not failed. -before names another build of paraph,
which is measured beside this one: a change's cost is their difference. Its paraph-agent is to lie beside it.
*/
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

func main() {
	commits := flag.Int("commits", 500, "signed commits in the repository")
	rounds := flag.Int("rounds", 7, "rounds of git log for each program")
	history := flag.Int("history", 2000, "commits, and certificates, of the history that paraph verify is timed with")
	many := flag.Int("many", 100_000, "commits of the history whose verification's memory is measured, 0 for none")
	onlyPush := flag.Int("push", 0, "time a push of so many commits, and nothing else")
	before := flag.String("before", "", "another build of paraph, to compare with")
	onlySign := flag.Bool("sign", false, "time signatures, and nothing else")
	flag.Parse()
	if a := flag.Args(); len(a) > 3 && a[0] == hookArg {
		code, err := runHook(a[1], a[2], a[3:]...)
		if err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
		os.Exit(code)
	}
	dir, err := os.MkdirTemp("", "paraph-bench-")
	if err == nil {
		err = run(dir, *commits, *rounds, *history, *many, *before, *onlySign, *onlyPush)
		err = errors.Join(err, os.RemoveAll(dir))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(dir string, commits, rounds, history, many int, before string, onlySign bool, onlyPush int) error {
	fmt.Printf("%s, %s/%s, %d cores, %s\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), strings.TrimSpace(output("git", "version")))
	b := bench{dir: dir, rounds: rounds, before: before}
	if err := b.build(); err != nil {
		return err
	}
	if onlySign {
		return b.sign()
	}
	if onlyPush > 0 {
		return b.push(onlyPush)
	}
	if err := b.sizes(); err != nil {
		return err
	}
	if err := b.startup(); err != nil {
		return err
	}
	if err := b.sign(); err != nil {
		return err
	}
	if err := b.verify(history, many, many/2000+1); err != nil {
		return err
	}
	if err := b.push(usualPush); err != nil {
		return err
	}
	for _, version := range []int{1, 2} {
		if err := b.log(version, commits); err != nil {
			return err
		}
	}
	return nil
}

type bench struct {
	dir    string
	rounds int
	before string // another build of paraph, "" for none
}

// programs are those that are measured, in turn, by name and path.
func (b bench) programs() [][2]string {
	out := [][2]string{{"idle", b.path("idle")}, {"paraph", b.path("paraph")}}
	if b.before != "" {
		out = append(out, [2]string{"before", b.before})
	}
	return out
}

// starts is how often each program is started to see what a start costs.
const starts = 200

// startup times a process that begins and ends: what all packages that a
// program links cost, used or not.
func (b bench) startup() error {
	times := map[string][]time.Duration{}
	for range starts {
		for _, p := range b.programs() {
			cmd := exec.Command(p[1], "version")
			start := time.Now()
			if err := cmd.Run(); err != nil {
				return fmt.Errorf("%s version: %w", p[0], err)
			}
			times[p[0]] = append(times[p[0]], time.Since(start))
		}
	}
	fmt.Printf("start and end of a process, median of %d (best)\n", starts)
	base := median(times["idle"])
	for _, p := range b.programs() {
		more := median(times[p[0]]) - base
		note := ""
		if p[0] == "paraph" {
			note = " (budget 2 ms)" + missed(more > 2*time.Millisecond)
		}
		fmt.Printf("%-13s %6.2f ms (%5.2f), %+.2f ms%s\n", p[0], ms(median(times[p[0]]), 1), ms(slices.Min(times[p[0]]), 1), ms(more, 1), note)
	}
	fmt.Println()
	return nil
}

func (b bench) path(name string) string { return filepath.Join(b.dir, name) }

// idle is the program that all others are compared with.
const idle = `package main

import (
	"io"
	"os"
)

func main() { io.Copy(io.Discard, os.Stdin) }
`

// build makes the programs as a release would.
func (b bench) build() error {
	src := b.path("idle.go")
	if err := os.WriteFile(src, []byte(idle), 0o600); err != nil {
		return err
	}
	for name, pkg := range map[string]string{"idle": src, "paraph": "./cmd/paraph", "paraph-agent": "./cmd/paraph-agent"} {
		cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", b.path(name), pkg)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("building %s: %w\n%s", name, err, out)
		}
	}
	return nil
}

// sizes prints what a user downloads and what an auditor has to read.
func (b bench) sizes() error {
	fmt.Println("program        MB  (budget)   modules  (budget)")
	for _, p := range []struct {
		name        string
		mb, modules int
	}{{"paraph", 10, 20}, {"paraph-agent", 20, 50}} {
		info, err := os.Stat(b.path(p.name))
		if err != nil {
			return err
		}
		n := 0
		for line := range strings.Lines(output("go", "version", "-m", b.path(p.name))) {
			if f := strings.Fields(line); len(f) > 0 && (f[0] == "dep" || f[0] == "mod") {
				n++
			}
		}
		mb := float64(info.Size()) / 1e6
		fmt.Printf("%-13s %4.1f  (%2d)%s     %7d  (%d)%s\n", p.name, mb, p.mb, missed(mb > float64(p.mb)), n, p.modules, missed(n > p.modules))
	}
	fmt.Println()
	return nil
}

func missed(yes bool) string {
	if yes {
		return " MISSED"
	}
	return ""
}

// A logRow is a program that git log runs, with or without its cache.
type logRow struct {
	name, program string
	cache         bool
	budget        float64 // 0: none
}

func (b bench) logRows() (rows []logRow) {
	for _, p := range b.programs() {
		rows = append(rows, logRow{name: p[0], program: p[1]})
		if p[0] == "paraph" {
			rows[len(rows)-1].budget = 4
			rows = append(rows, logRow{"cached", p[1], true, 2})
		}
	}
	return rows
}

// log times git log --show-signature with each program in turn, round by
// round, so that whatever else the machine does hits all of them.
func (b bench) log(version, commits int) error {
	repo, err := newRepo(b.path(fmt.Sprintf("v%d", version)), version, commits)
	if err != nil {
		return err
	}
	if err := repo.checkGood(b.path("paraph")); err != nil { // and fill the cache
		return err
	}
	rows := b.logRows()
	times := map[string][]time.Duration{}
	for range b.rounds {
		for _, row := range rows {
			d, err := repo.showSignatures(row.program, row.cache)
			if err != nil {
				return err
			}
			times[row.name] = append(times[row.name], d)
		}
	}
	fmt.Printf("git log --show-signature, %d commits with entries of Rekor v%d, median of %d rounds (best)\n", commits, version, b.rounds)
	base := median(times["idle"])
	for _, row := range rows {
		m := median(times[row.name])
		ratio := float64(m) / float64(base)
		note := ""
		if row.budget > 0 {
			note = fmt.Sprintf(" (budget %.0f)", row.budget) + missed(ratio > row.budget)
		}
		fmt.Printf("%-13s %6.2f ms (%5.2f) per commit, %.2fx%s\n", row.name, ms(m, commits), ms(slices.Min(times[row.name]), commits), ratio, note)
	}
	fmt.Println()
	return nil
}

func median(d []time.Duration) time.Duration {
	s := slices.Sorted(slices.Values(d))
	return s[len(s)/2]
}

func ms(d time.Duration, commits int) float64 {
	return float64(d.Microseconds()) / 1000 / float64(commits)
}

// output runs a command that cannot sensibly fail and returns what it said.
func output(name string, args ...string) string {
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		return fmt.Sprintf("%s: %v", name, err)
	}
	return string(out)
}
