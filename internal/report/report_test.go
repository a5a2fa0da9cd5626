package report

import (
	"bytes"
	"encoding/json"
	"errors"
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
		ID: strings.Repeat("0", 40), Type: "tag", Ref: "refs/tags/" + hostile, Range: hostile,
		PolicySource: "abcd:" + hostile, PolicyBlob: strings.Repeat("b", 40), SignerName: hostile, Rule: hostile, Line: 12,
		Result: &verify.Result{
			Verdict: verdict.Refused,
			Err:     verdict.Errorf(verdict.Identity, "identity", "%s", hostile),
			Signer: &verify.Signer{Instance: "public", Identity: fulcio.Identity{
				Name: hostile, Issuer: hostile, Claims: map[string]string{"buildTrigger": hostile},
			}},
			Claimed: hostile, NotBefore: at, NotAfter: at, LogTime: at, Timestamps: []time.Time{at},
			Log:  &verify.LogEntry{LogID: []byte{1, 2}, Index: 3, Kind: hostile, Source: verify.SourceNote},
			Root: &trust.Root{Instance: hostile, Origin: hostile},
			Checks: []verify.Check{
				{Name: verify.CheckFormat, OK: true, Detail: hostile},
				{Name: verify.CheckSET, Skipped: true, Detail: "skipped"},
				{Name: verify.CheckPolicy, Detail: hostile},
			},
		},
	}
}

// formats are all that New knows.
var formats = []string{"text", "json", "ndjson", "sarif", "github"}

// written is what a format makes of objects.
func written(t *testing.T, format string, opt Options, objects ...Object) string {
	t.Helper()
	var s Summary
	for _, o := range objects {
		s.Count(o.Verdict)
	}
	return closed(t, format, opt, s, objects...)
}

// closed is the same with an end of one's own.
func closed(t *testing.T, format string, opt Options, s Summary, objects ...Object) string {
	t.Helper()
	var b bytes.Buffer
	w, err := New(format, &b, opt)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		if err := w.Object(o); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(s); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Attack 52: no writer shows what a terminal obeys.
func TestWritersEscape(t *testing.T) {
	single, keyed, good := full(), full(), full()
	single.Single = true
	keyed.Signer, keyed.Key = nil, hostile
	good.Result = &verify.Result{Verdict: verdict.Trusted, Signer: single.Signer}
	good.SignerName = ""
	for _, format := range formats {
		s := Summary{Ranges: []string{hostile}, Interrupted: true}
		s.Uncheck(hostile)
		out := closed(t, format, Options{Width: 40}, s, single, full(), keyed, good)
		if found := unsafe.FindString(out); found != "" {
			t.Errorf("%s shows %q", format, found)
		}
		if regexp.MustCompile(`(?m)^\s*\[GNUPG`).MatchString(out) {
			t.Errorf("%s has a line that is not its own:\n%s", format, out)
		}
	}
}

// git shows the lines among its own: what a certificate says of itself is no
// reason to fill the screen.
func TestLinesAreShort(t *testing.T) {
	long := strings.Repeat("\u00e9", 32<<10)
	o := full()
	o.Signer.Name, o.Signer.Instance, o.SignerName, o.Rule, o.PolicySource = long, "", long, long, long
	o.Err = verdict.Errorf(verdict.Material, "unknown-ca", "x%s", long)
	for _, line := range append(o.Lines(), Lines(&verify.Result{Claimed: long})...) {
		if len(line) > 2200 || !utf8.ValidString(line) || strings.Contains(line, "\ufffd") {
			t.Errorf("%d bytes: %.40s", len(line), line)
		}
	}
}

// document is the JSON of a whole run.
type document struct {
	Schema  int          `json:"schema"`
	Results []resultJSON `json:"results"`
	endJSON
}

func parsed(t *testing.T, out string) (d document) {
	t.Helper()
	if err := json.Unmarshal([]byte(out), &d); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return d
}

// What JSON escapes, JSON gives back.
func TestJSONKeepsText(t *testing.T) {
	got := parsed(t, written(t, "json", Options{}, full()))
	r := got.Results[0]
	if got.Summary["refused"] != 1 || *r.Signer.Identity != hostile || r.Error.Message != hostile || r.Signer.Claims["buildTrigger"] != hostile || *r.Ref != "refs/tags/"+hostile {
		t.Errorf("%+v", got)
	}
	if *r.Times.Log != "2026-05-04T12:00:00Z" || r.Log.ID != "0102" || r.Error.Class != "identity" || len(r.Checks) != 2 {
		t.Errorf("%+v", r)
	}
	if *r.Range != hostile || *r.Policy.Blob != strings.Repeat("b", 40) || *r.Policy.Rule != hostile || *r.Policy.Line != 12 || *r.Signer.Name != hostile || r.Signer.Key != nil {
		t.Errorf("%+v", r)
	}
}

// A key without a certificate is a signer too, and has no identity.
func TestJSONKey(t *testing.T) {
	o := Object{Key: "SSH SHA256:abc", SignerName: "dan", Result: &verify.Result{Verdict: verdict.Trusted}}
	r := parsed(t, written(t, "json", Options{}, o)).Results[0]
	if s := r.Signer; *s.Name != "dan" || *s.Key != o.Key || s.Identity != nil || s.Issuer != nil || s.Instance != nil || s.Claims == nil {
		t.Errorf("%+v", s)
	}
}

// A run that was interrupted, or could not check everything, says so at its end.
func TestJSONEnd(t *testing.T) {
	s := Summary{Ranges: []string{"a..b"}, Interrupted: true}
	for i := range maxUnchecked + 7 {
		s.Uncheck(strings.Repeat("x", i))
	}
	got := parsed(t, closed(t, "json", Options{}, s))
	if !got.Interrupted || !slices.Equal(got.Ranges, s.Ranges) || len(got.Unchecked) != maxUnchecked+1 || got.Unchecked[maxUnchecked] != "7 more could not be checked" {
		t.Errorf("%+v", got)
	}
}

// A result about which nothing is known has all fields too, and no verdict
// that anybody could take for good.
func TestZeroResult(t *testing.T) {
	for _, format := range formats {
		for _, single := range []bool{true, false} {
			out := written(t, format, Options{}, Object{Single: single, Result: new(verify.Result)})
			if regexp.MustCompile(`(?i)trusted|valid|good`).MatchString(out) || !strings.Contains(out, "unverified") {
				t.Errorf("%s: %s", format, out)
			}
		}
	}
	if got := Lines(new(verify.Result)); !slices.Equal(got, []string{"Not verified"}) {
		t.Errorf("%q", got)
	}
	want := "{\n  \"schema\": 1,\n  \"results\": [],\n  \"summary\": {},\n  \"ranges\": [],\n  \"interrupted\": false,\n  \"unchecked\": []\n}\n"
	if got := written(t, "json", Options{}); got != want {
		t.Errorf("%s", got)
	}
}

func TestNDJSON(t *testing.T) {
	out := written(t, "ndjson", Options{}, full(), full())
	lines := strings.SplitAfter(strings.TrimSuffix(out, "\n"), "\n")
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
	for _, format := range formats {
		w, err := New(format, failing{}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if errors.Join(w.Object(full()), w.Close(Summary{})) == nil {
			t.Errorf("%s: nobody hears that the output was lost", format)
		}
	}
}

func TestUnknownFormat(t *testing.T) {
	if _, err := New("yaml", nil, Options{}); err == nil {
		t.Error("there is a writer")
	}
}

// The example of docs/output.md has the fields that the code writes, all of
// them and no others.
func TestDocumentedJSON(t *testing.T) {
	var parsed any
	if err := json.Unmarshal([]byte(documented(t)), &parsed); err != nil {
		t.Fatal(err)
	}
	said, wrote := map[string]bool{}, map[string]bool{}
	keysOf(parsed, "", said)
	fieldsOf(reflect.TypeFor[document](), "", wrote)
	delete(wrote, ".results.schema") // in NDJSON only
	for key := range said {
		if !wrote[key] && !strings.HasPrefix(key, ".summary.") {
			t.Errorf("%s is documented, and not written", key)
		}
	}
	for key := range wrote {
		if !said[key] {
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
			if t.Field(i).Anonymous {
				fieldsOf(t.Field(i).Type, path, out)
				continue
			}
			name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
			out[path+"."+name] = true
			fieldsOf(t.Field(i).Type, path+"."+name, out)
		}
	}
}

// What begins a command in a log of GitHub Actions is broken, in text and in
// JSON, where it stays the same text.
func TestEscapeCommands(t *testing.T) {
	for in, want := range map[string]string{
		"##[error]x": `##\u005berror]x`, "a ###[b": `a ###\u005bb`, "#[x": "#[x", "## [x": "## [x", "[##": "[##",
	} {
		if got := Escape(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
	var out bytes.Buffer
	if err := WriteJSON(&out, []byte(`["##[x"]`)); err != nil {
		t.Fatal(err)
	}
	var back []string
	if err := json.Unmarshal(out.Bytes(), &back); err != nil || len(back) != 1 || back[0] != "##[x" || strings.Contains(out.String(), "##[") {
		t.Errorf("%s, %v", out.Bytes(), err)
	}
}
