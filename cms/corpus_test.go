package cms_test

import (
	"bytes"
	"testing"

	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/internal/testpki"
)

// TestCorpus reads the Fulcio signatures of real commits and tags. All hold
// over their payload, but for the drafts that the table calls malformed.
func TestCorpus(t *testing.T) {
	objects, _ := testpki.Corpus(t)
	read := 0
	for _, o := range objects {
		if o.Mode == "smime" {
			continue
		}
		read++
		t.Run(o.ID, func(t *testing.T) {
			payload, armored := splitObject(t, o.Type, o.Raw)
			checkCorpusObject(t, payload, armored, o.Expect)
		})
	}
	if read != 62 {
		t.Errorf("read %d objects, want 62", read)
	}
}

func checkCorpusObject(t *testing.T, payload, armored []byte, expect string) {
	der, err := cms.Unarmor(armored)
	if err != nil {
		t.Fatal("Unarmor:", err)
	}
	sd, err := cms.Parse(der)
	if expect == "malformed" {
		// A draft of 2023, which spread the log entry over attributes
		// 1.3.6.1.4.1.57264.3.2 to 3.5.
		wantRule(t, err, cms.Syntax, "unknown-unsigned-attribute")
		return
	}
	if err != nil {
		t.Fatal("Parse:", err)
	}
	v, err := sd.Verify(payload)
	if err != nil {
		t.Fatal("Verify:", err)
	}
	if v.SigningTime.IsZero() || !bytes.Equal(v.Content, payload) {
		t.Errorf("signing time %v, content of %d bytes", v.SigningTime, len(v.Content))
	}
	again, err := sd.Bytes()
	if err != nil || !bytes.Equal(again, der) {
		t.Errorf("Bytes differs from what was parsed (%v)", err)
	}
	if _, err := sd.Verify(append(payload, '\n')); err == nil {
		t.Error("holds over other content")
	} else {
		wantRule(t, err, cms.Binding, "message-digest-value")
	}
}

// splitObject takes the one signature out of a commit or tag, just well
// enough for objects that are known to be good.
func splitObject(t *testing.T, kind string, object []byte) (payload, armored []byte) {
	t.Helper()
	if kind == "tag" {
		i := bytes.LastIndex(object, []byte("-----BEGIN SIGNED MESSAGE-----\n"))
		if i < 0 {
			t.Fatal("the tag has no signature")
		}
		return object[:i:i], object[i:]
	}
	const header = "\ngpgsig "
	before, rest, ok := bytes.Cut(object, []byte(header))
	if !ok {
		t.Fatal("the commit has no signature")
	}
	var lines []byte
	for {
		line, after, ok := bytes.Cut(rest, []byte("\n"))
		if !ok {
			t.Fatal("the commit ends in its signature")
		}
		lines, rest = append(append(lines, line...), '\n'), after
		if !bytes.HasPrefix(rest, []byte(" ")) {
			break
		}
		rest = rest[1:]
	}
	// A signature's final LF makes one empty continuation line.
	lines = bytes.TrimSuffix(lines, []byte("\n\n"))
	lines = append(bytes.TrimSuffix(lines, []byte("\n")), '\n')
	return append(append(bytes.Clone(before), '\n'), rest...), lines
}
