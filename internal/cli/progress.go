package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/paraph/paraph/internal/proof/fetch"
)

// progressEvery is how often the bar moves.
const (
	progressEvery = 100 * time.Millisecond
	barWidth      = 20 // columns
)

// A progress is a line on the user's terminal that says how far it is. Without
// a terminal it says nothing.
type progress struct {
	tty   io.WriteCloser
	total int // objects
	began time.Time
	shown time.Time
	width int
}

func (env Env) newProgress(total int) *progress {
	tty, err := env.Terminal()
	if err != nil {
		return &progress{}
	}
	return &progress{tty: tty, total: total}
}

// show moves the bar, if it did not just move.
func (p *progress) show(s fetch.Summary) {
	if p.tty == nil || time.Since(p.shown) < progressEvery {
		return
	}
	p.shown = time.Now()
	done := min(s.Done, p.total) * barWidth / max(p.total, 1)
	p.line(fmt.Sprintf("[%s%s] %d of %d objects, %d fetched, %d not in the log, %d failed",
		strings.Repeat("=", done), strings.Repeat(" ", barWidth-done), s.Done, p.total, s.Fetched, s.Absent, s.Failed))
}

// verified shows how far a verification is, of as many objects as were found.
func (p *progress) verified(n, found int) {
	if p.tty == nil || time.Since(p.shown) < progressEvery {
		return
	}
	p.shown = time.Now()
	if p.began.IsZero() {
		p.began = p.shown
	}
	rate := ""
	if d := p.shown.Sub(p.began); d > time.Second {
		rate = fmt.Sprintf(", %.0f a second", float64(n)/d.Seconds())
	}
	done := min(n, found) * barWidth / max(found, 1)
	p.line(fmt.Sprintf("[%s%s] %d of %d objects%s", strings.Repeat("=", done), strings.Repeat(" ", barWidth-done), n, max(n, found), rate))
}

// line replaces the line that is there.
func (p *progress) line(text string) {
	fmt.Fprintf(p.tty, "\r%s%s", text, strings.Repeat(" ", max(0, p.width-len(text))))
	p.width = len(text)
}

// close takes the bar away.
func (p *progress) close() {
	if p.tty == nil {
		return
	}
	if p.width > 0 {
		p.line("")
		fmt.Fprint(p.tty, "\r")
	}
	_ = p.tty.Close()
	p.tty = nil
}
