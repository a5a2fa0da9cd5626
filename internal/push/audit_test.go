package push

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

// A full writer takes so many bytes, once.
type fullWriter struct {
	strings.Builder
	room int
}

func (w *fullWriter) Write(p []byte) (int, error) {
	if room := w.room; room < len(p) {
		w.room = 1 << 20
		n, _ := w.Builder.Write(p[:room])
		return n, errors.New("no space")
	}
	return w.Builder.Write(p)
}

func (w *fullWriter) WriteString(s string) (int, error) { return w.Write([]byte(s)) }

// Half a record ends its line, so that the next one is whole.
func TestRecordIsCut(t *testing.T) {
	w := &fullWriter{room: 20}
	record := func() error {
		return new(Outcome).Record(w, []Update{{"refs/heads/\u202emain", "", idA}}, &Certificate{ID: idB}, time.Unix(0, 0), errors.New("nobody could"))
	}
	if record() == nil {
		t.Error("what was not written is an error")
	}
	if err := record(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(w.String(), "\n")
	var got struct{ Outcome, Error, Certificate string }
	if len(lines) != 3 || json.Unmarshal([]byte(lines[1]), &got) != nil || got.Outcome != "unjudged" || got.Error != "nobody could" || got.Certificate != idB {
		t.Errorf("%q", lines)
	}
	if strings.Contains(w.String(), "\u202e") {
		t.Error("what turns text around is not escaped")
	}
}
