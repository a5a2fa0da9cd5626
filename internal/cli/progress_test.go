package cli

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"
)

// A bar says how far it is, makes room for other lines, and is gone at the end.
func TestProgress(t *testing.T) {
	var screen bytes.Buffer
	closed := false
	p := &progress{tty: &screen, done: func() error { closed = true; return nil }, total: 200, begun: time.Now().Add(-2 * time.Second)}
	p.show(100, func() string { return p.rate(100) })
	if got, want := screen.String(), "\r[==========          ] 100 of 200 objects, 50/s"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	p.show(101, func() string { t.Error("the bar moves all the time"); return "" })
	p.shown = time.Time{}
	p.show(150, func() string { return "" })
	screen.Reset()
	if _, err := p.above(&screen).Write([]byte("a line\n")); err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimLeft(screen.String(), "\r "); got != "a line\n" || len(screen.String()) < 40 {
		t.Errorf("%q", screen.String())
	}
	screen.Reset()
	if p.close(); !closed || screen.Len() > 0 {
		t.Errorf("closed %t, %q", closed, screen.String())
	}
}

// A number of objects that nobody counted, or that was wrong, is no reason to fail.
func TestProgressWithoutTotal(t *testing.T) {
	for total, want := range map[int]string{0: "\r7 objects, x", 5: "\r[====================] 7 of 5 objects, x"} {
		var screen bytes.Buffer
		(&progress{tty: &screen, total: total}).show(7, func() string { return "x" })
		if screen.String() != want {
			t.Errorf("%q, want %q", screen.String(), want)
		}
	}
}

// What is no terminal gets no bar and no colour.
func TestNoTerminal(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	var b bytes.Buffer
	for _, env := range []Env{{Stdout: null, Stderr: null}, {Stdout: &b, Stderr: &b}} {
		bar := env.errProgress(5)
		bar.show(1, func() string { t.Error("there is a bar"); return "" })
		bar.close()
		if opt := env.textOptions(); opt.Colour || opt.Width != 0 {
			t.Errorf("%+v", opt)
		}
	}
}
