package base64lines_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/paraph/paraph/internal/base64lines"
)

func TestDecode(t *testing.T) {
	for _, test := range []struct {
		name, text, want string // want is "" where it is refused
	}{
		{"one line", "cGFyYXBo\n", "paraph"},
		{"two lines", "cGFy\nYXBo\n", "paraph"},
		{"a line may end anywhere", "cGFyY\nXBo\n", "paraph"},
		{"padding", "cGFyYXBocw==\n", "paraphs"},
		{"76 columns", strings.Repeat("YWFh", 19) + "\n", strings.Repeat("a", 57)},
		{"80 columns", strings.Repeat("YWFh", 20) + "\n", ""},
		{"nothing", "", ""},
		{"an empty line", "cGFy\n\nYXBo\n", ""},
		{"no LF at the end", "cGFyYXBo", ""},
		{"CR LF", "cGFyYXBo\r\n", ""},
		{"a blank", "cGFy YXBo\n", ""},
		{"bits beyond the last byte", "cGFyYXBocx==\n", ""},
		{"no padding", "cGFyYXBocw\n", ""},
		{"more after the padding", "cw==cw==\n", ""},
		{"the alphabet of URLs", "-_-_\n", ""},
	} {
		got, err := base64lines.Decode([]byte(test.text))
		if string(got) != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%s: %q, %v; want %q", test.name, got, err, test.want)
		}
	}
}

// What is read is written again as the same text, but for its lines.
func FuzzDecode(f *testing.F) {
	f.Add([]byte("cGFy\nYXBocw==\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := base64lines.Decode(text)
		if err == nil && base64.StdEncoding.EncodeToString(got) != string(bytes.ReplaceAll(text, []byte("\n"), nil)) {
			t.Errorf("%q became %x", text, got)
		}
	})
}
