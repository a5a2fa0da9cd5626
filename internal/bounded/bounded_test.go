package bounded

import "testing"

func TestWriter(t *testing.T) {
	w := &Writer{Max: 5}
	for _, step := range []struct {
		write, kept string
		cut         bool
	}{
		{"abc", "abc", false},
		{"de", "abcde", false},
		{"", "abcde", false},
		{"f", "abcde", true},
		{"ghi", "abcde", true},
	} {
		if n, err := w.Write([]byte(step.write)); n != len(step.write) || err != nil {
			t.Fatalf("%q: %d, %v: the writer would be stopped", step.write, n, err)
		}
		if string(w.Bytes()) != step.kept || w.Cut() != step.cut {
			t.Errorf("after %q: %q, cut %t", step.write, w.Bytes(), w.Cut())
		}
	}
	var zero Writer
	if n, err := zero.Write([]byte("a")); n != 1 || err != nil || len(zero.Bytes()) != 0 || !zero.Cut() {
		t.Errorf("the zero Writer: %d, %v, %q", n, err, zero.Bytes())
	}
}
