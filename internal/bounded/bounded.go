// Package bounded keeps the beginning of what a program writes.
package bounded

// A Writer keeps the first Max bytes that are written to it and swallows the
// rest, so that the program that writes too much is not stopped in the middle.
// The zero Writer keeps nothing.
//
// It is no bytes.Buffer with a bound: that one's ReadFrom, which os/exec
// prefers to Write, knows none.
type Writer struct {
	Max int
	buf []byte
	cut bool
}

// Write takes all of p, and never fails.
func (w *Writer) Write(p []byte) (int, error) {
	n := min(w.Max-len(w.buf), len(p))
	w.buf = append(w.buf, p[:n]...)
	w.cut = w.cut || n < len(p)
	return len(p), nil
}

// Bytes returns what was kept.
func (w *Writer) Bytes() []byte { return w.buf }

// Cut reports whether there was more.
func (w *Writer) Cut() bool { return w.cut }
