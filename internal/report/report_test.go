package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/paraph/paraph/internal/fulcio"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// hostile is text that tries to speak to a terminal or to another line.
const hostile = "a\x1b[2J\u009b31m\n[GNUPG:] GOODSIG\u202eb\u200b\u2028\U000e0041\x7f"

var unsafe = regexp.MustCompile("[\\x00-\\x09\\x0b-\\x1f\\x7f\u0080-\u009f\u202e\u200b\u2028\U000e0041]")

// full is a result in which every field says something, and all text is hostile.
func full() Object {
	at := time.Date(2026, 5, 4, 14, 0, 0, 0, time.FixedZone("", 7200))
	return Object{
		ID: strings.Repeat("0", 40), Type: "tag", Ref: "refs/tags/" + hostile, PolicySource: hostile,
		Result: &verify.Result{
			Verdict: verdict.Refused,
			Err:     verdict.Errorf(verdict.Identity, "identity", "%s", hostile),
			Signer: &verify.Signer{Instance: "public", Identity: fulcio.Identity{
				Name: hostile, Issuer: hostile, Claims: map[string]string{"buildTrigger": hostile},
			}},
			Claimed: hostile, NotBefore: at, NotAfter: at, LogTime: at, Timestamps: []time.Time{at},
			Log:  &verify.LogEntry{LogID: []byte{1, 2}, Index: 3, Kind: hostile},
			Root: &trust.Root{Instance: hostile, Origin: hostile},
			Checks: []verify.Check{
				{Name: verify.CheckFormat, OK: true, Detail: hostile},
				{Name: verify.CheckSET, Skipped: true, Detail: "skipped"},
				{Name: verify.CheckPolicy, Detail: hostile},
			},
		},
	}
}

// Attack 52: no writer shows what a terminal obeys.
func TestWritersEscape(t *testing.T) {
	for name, write := range Writers {
		var b bytes.Buffer
		if err := write(&b, []Object{full(), full()}); err != nil {
			t.Fatal(err)
		}
		if found := unsafe.FindString(b.String()); found != "" {
			t.Errorf("%s shows %q", name, found)
		}
		if regexp.MustCompile(`(?m)^\s*\[GNUPG`).Match(b.Bytes()) {
			t.Errorf("%s has a line that is not its own:\n%s", name, b.String())
		}
	}
}

// git shows the lines among its own: what a certificate says of itself is no
// reason to fill the screen.
func TestLinesAreShort(t *testing.T) {
	long := strings.Repeat("\u00e9", 32<<10)
	for _, line := range Lines(&verify.Result{Verdict: verdict.Unknown, Err: verdict.Errorf(verdict.Material, "unknown-ca", "x%s", long)}) {
		if len(line) > 1200 || !utf8.ValidString(line) || strings.Contains(line, "\ufffd") {
			t.Errorf("%d bytes", len(line))
		}
	}
}

// What JSON escapes, JSON gives back.
func TestJSONKeepsText(t *testing.T) {
	var b bytes.Buffer
	if err := JSON(&b, []Object{full()}); err != nil {
		t.Fatal(err)
	}
	var got runJSON
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	r := got.Results[0]
	if got.Summary[verdict.Refused] != 1 || r.Signer.Identity != hostile || r.Error.Message != hostile || r.Signer.Claims["buildTrigger"] != hostile || *r.Ref != "refs/tags/"+hostile {
		t.Errorf("%+v", got)
	}
	if *r.Times.Log != "2026-05-04T12:00:00Z" || r.Log.ID != "0102" || r.Error.Class != "identity" || len(r.Checks) != 2 {
		t.Errorf("%+v", r)
	}
}

// A result about which nothing is known has all fields too, and no verdict
// that anybody could take for good.
func TestZeroResult(t *testing.T) {
	for name, write := range Writers {
		var b bytes.Buffer
		if err := write(&b, []Object{{Result: new(verify.Result)}}); err != nil {
			t.Fatal(err)
		}
		if regexp.MustCompile(`(?i)trusted|valid|good`).Match(b.Bytes()) {
			t.Errorf("%s: %s", name, b.String())
		}
	}
	if got := Lines(new(verify.Result)); !slices.Equal(got, []string{"Not verified"}) {
		t.Errorf("%q", got)
	}
	var b bytes.Buffer
	if err := JSON(&b, nil); err != nil || b.String() != "{\n  \"schema\": 1,\n  \"summary\": {},\n  \"results\": []\n}\n" {
		t.Errorf("%v, %s", err, b.String())
	}
}

func TestNDJSON(t *testing.T) {
	var b bytes.Buffer
	if err := NDJSON(&b, []Object{full(), full()}); err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(strings.TrimSuffix(b.String(), "\n"), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines", len(lines))
	}
	for _, line := range lines {
		if !strings.HasPrefix(line, `{"schema":1,"id":`) || !json.Valid([]byte(line)) {
			t.Errorf("line %s", line)
		}
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestWritersTellErrors(t *testing.T) {
	for name, write := range Writers {
		if err := write(failing{}, []Object{full()}); err == nil {
			t.Errorf("%s: nobody hears that the output was lost", name)
		}
	}
}

// The example of docs/output.md has the fields that the code writes, all of
// them and no others.
func TestDocumentedJSON(t *testing.T) {
	doc, err := os.ReadFile("../../docs/output.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, found := strings.Cut(string(doc), "\n```json\n")
	example, _, closed := strings.Cut(example, "\n```\n")
	if !found || !closed {
		t.Fatal("there is no example")
	}
	var parsed any
	if err := json.Unmarshal([]byte(example), &parsed); err != nil {
		t.Fatal(err)
	}
	documented, written := map[string]bool{}, map[string]bool{}
	keysOf(parsed, "", documented)
	fieldsOf(reflect.TypeFor[runJSON](), "", written)
	delete(written, ".results.schema") // in NDJSON only
	for key := range documented {
		if !written[key] && !strings.HasPrefix(key, ".summary.") {
			t.Errorf("%s is documented, and not written", key)
		}
	}
	for key := range written {
		if !documented[key] {
			t.Errorf("%s is written, and not documented", key)
		}
	}
}

// keysOf collects the paths of a JSON value's members.
func keysOf(v any, path string, out map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for key, member := range v {
			out[path+"."+key] = true
			keysOf(member, path+"."+key, out)
		}
	case []any:
		for _, element := range v {
			keysOf(element, path, out)
		}
	}
}

// fieldsOf collects the paths that a Go type is encoded to.
func fieldsOf(t reflect.Type, path string, out map[string]bool) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		fieldsOf(t.Elem(), path, out)
	case reflect.Struct:
		for i := range t.NumField() {
			name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
			out[path+"."+name] = true
			fieldsOf(t.Field(i).Type, path+"."+name, out)
		}
	}
}
