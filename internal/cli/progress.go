package cli

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/paraph/paraph/internal/report"
)

const (
	progressEvery = 100 * time.Millisecond // how often the bar moves
	barWidth      = 20                     // columns
)

// A progress is a line on the user's terminal that says how far it is. Without
// a terminal it says nothing. It is one goroutine's.
type progress struct {
	tty          io.Writer
	done         func() error // what closes the terminal
	total        int          // objects, 0 if nobody counted them
	begun, shown time.Time
	width        int // of the line that is there
}

// newProgress is a bar on the user's terminal, wherever the streams go.
func (env Env) newProgress(total int) *progress {
	tty, err := env.Terminal()
	if err != nil {
		return &progress{}
	}
	return &progress{tty: tty, done: tty.Close, total: total, begun: time.Now()}
}

// errProgress is a bar on standard error, if that is a terminal. What takes no
// time shows none.
func (env Env) errProgress(total int) *progress {
	if _, is := columnsOf(env.Stderr); !is {
		return &progress{}
	}
	now := time.Now()
	return &progress{tty: env.Stderr, done: func() error { return nil }, total: total, begun: now, shown: now}
}

// show moves the bar, if it did not just move; more says what else there is.
func (p *progress) show(done int, more func() string) {
	if p.tty == nil || time.Since(p.shown) < progressEvery {
		return
	}
	p.shown = time.Now()
	if p.total <= 0 {
		p.line(fmt.Sprintf("%d objects, %s", done, more()))
		return
	}
	filled := min(done, p.total) * barWidth / p.total
	p.line(fmt.Sprintf("[%s%s] %d of %d objects, %s",
		strings.Repeat("=", filled), strings.Repeat(" ", barWidth-filled), done, p.total, more()))
}

// rate is what show says beside a number of objects that only takes time.
func (p *progress) rate(done int) string {
	seconds := time.Since(p.begun).Seconds()
	return fmt.Sprintf("%.0f/s", float64(done)/max(seconds, progressEvery.Seconds()))
}

// line replaces the line that is there.
func (p *progress) line(text string) {
	fmt.Fprintf(p.tty, "\r%s%s", text, strings.Repeat(" ", max(0, p.width-len(text))))
	p.width = len(text)
}

// clear takes the line away until the bar moves again.
func (p *progress) clear() {
	if p.width > 0 {
		p.line("")
		fmt.Fprint(p.tty, "\r")
	}
}

// close takes the bar away.
func (p *progress) close() {
	if p.tty == nil {
		return
	}
	p.clear()
	_ = p.done()
}

// above is a writer for what else the terminal shows: the bar makes room for it.
func (p *progress) above(w io.Writer) io.Writer { return aboveBar{w, p} }

type aboveBar struct {
	w   io.Writer
	bar *progress
}

func (a aboveBar) Write(b []byte) (int, error) {
	a.bar.clear()
	return a.w.Write(b)
}

// columnsOf is columns of a stream, which need not be a file.
func columnsOf(w io.Writer) (width int, is bool) {
	f, isFile := w.(*os.File)
	if !isFile {
		return 0, false
	}
	return columns(f)
}

// textOptions are what standard output can show. NO_COLOR counts when it is not
// empty (no-color.org).
func (env Env) textOptions() report.Options {
	width, is := columnsOf(env.Stdout)
	plain := slices.ContainsFunc(env.Environ, func(v string) bool {
		return strings.HasPrefix(v, "NO_COLOR=") && v != "NO_COLOR=" || v == "TERM=dumb"
	})
	return report.Options{Colour: is && !plain, Width: width}
}
