package report

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// schema is the version of the JSON below. A field is never renamed or
// removed within one version.
const schema = 1

type runJSON struct {
	Schema  int                     `json:"schema"`
	Summary map[verdict.Verdict]int `json:"summary"`
	Results []resultJSON            `json:"results"`
}

type resultJSON struct {
	Schema  int             `json:"schema,omitempty"` // in NDJSON only
	ID      string          `json:"id"`
	Type    string          `json:"type"`
	Ref     *string         `json:"ref"`
	Verdict verdict.Verdict `json:"verdict"`
	Signer  *signerJSON     `json:"signer"`
	Times   timesJSON       `json:"times"`
	Log     *logJSON        `json:"log"`
	Root    *rootJSON       `json:"root"`
	Policy  *policyJSON     `json:"policy"`
	Checks  []checkJSON     `json:"checks"`
	Error   *errorJSON      `json:"error"`
}

type signerJSON struct {
	Name     *string           `json:"name"` // the policy's name for the signer
	Identity string            `json:"identity"`
	Issuer   string            `json:"issuer"`
	Instance string            `json:"instance"`
	Claims   map[string]string `json:"claims"`
}

type timesJSON struct {
	Log         *string     `json:"log"`
	Timestamps  []string    `json:"timestamps"`
	Certificate *windowJSON `json:"certificate"`
}

type windowJSON struct {
	NotBefore string `json:"notBefore"`
	NotAfter  string `json:"notAfter"`
}

type logJSON struct {
	ID     string `json:"id"`
	Index  int64  `json:"index"`
	Kind   string `json:"kind"`
	Source string `json:"source"`
}

// rootJSON is the trusted root that was asked, and how new it is.
type rootJSON struct {
	Instance string  `json:"instance"`
	Origin   string  `json:"origin"`
	Checked  *string `json:"checked"`
	Expires  *string `json:"expires"`
}

type policyJSON struct {
	Source string  `json:"source"`
	Blob   *string `json:"blob"`
	Rule   *string `json:"rule"`
	Line   *int    `json:"line"`
}

type checkJSON struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

type errorJSON struct {
	Class   string `json:"class"`
	Rule    string `json:"rule"`
	Message string `json:"message"`
}

// JSON writes one document for the whole run.
func JSON(w io.Writer, objects []Object) error {
	run := runJSON{Schema: schema, Summary: map[verdict.Verdict]int{}, Results: []resultJSON{}}
	for _, o := range objects {
		run.Summary[o.Verdict]++
		run.Results = append(run.Results, toJSON(o))
	}
	out, err := json.MarshalIndent(run, "", "  ")
	if err != nil {
		return err
	}
	return WriteJSON(w, out)
}

// NDJSON writes one result a line, each with the schema.
func NDJSON(w io.Writer, objects []Object) error {
	for _, o := range objects {
		r := toJSON(o)
		r.Schema = schema
		out, err := json.Marshal(r)
		if err != nil {
			return err
		}
		if err := WriteJSON(w, out); err != nil {
			return err
		}
	}
	return nil
}

// WriteJSON writes JSON for programs, and a line break. Characters that a
// terminal obeys or hides can stand in strings only, where a \u escape is the
// same text (RFC 8259, section 7); encoding/json escapes some of them and not
// all.
func WriteJSON(w io.Writer, out []byte) error {
	var b strings.Builder
	for _, c := range string(out) {
		switch {
		case c == '\n' || !isHostile(c):
			b.WriteRune(c)
		case c > 0xffff:
			hi, lo := utf16.EncodeRune(c)
			fmt.Fprintf(&b, "\\u%04x\\u%04x", hi, lo)
		default:
			fmt.Fprintf(&b, "\\u%04x", c)
		}
	}
	b.WriteByte('\n')
	_, err := io.WriteString(w, b.String())
	return err
}

func toJSON(o Object) resultJSON {
	out := resultJSON{ID: o.ID, Type: o.Type, Verdict: o.Verdict, Checks: checks(o.Checks)}
	if o.Ref != "" {
		out.Ref = &o.Ref
	}
	if s := o.Signer; s != nil {
		out.Signer = &signerJSON{Identity: s.Name, Issuer: s.Issuer, Instance: s.Instance, Claims: s.Claims}
	}
	out.Times.Timestamps = []string{}
	for _, t := range o.Timestamps {
		out.Times.Timestamps = append(out.Times.Timestamps, rfc3339(t))
	}
	out.Times.Log = timeOrNull(o.LogTime)
	if !o.NotBefore.IsZero() {
		out.Times.Certificate = &windowJSON{rfc3339(o.NotBefore), rfc3339(o.NotAfter)}
	}
	if l := o.Log; l != nil {
		out.Log = &logJSON{hex.EncodeToString(l.LogID), l.Index, l.Kind, l.Source}
	}
	if r := o.Root; r != nil {
		out.Root = &rootJSON{r.Instance, r.Origin, timeOrNull(r.Checked), timeOrNull(r.Expires)}
	}
	if o.PolicySource != "" {
		out.Policy = &policyJSON{Source: o.PolicySource}
	}
	if e := o.Err; e != nil {
		out.Error = &errorJSON{e.Class.String(), e.Rule, e.Message}
	}
	return out
}

// checks leaves out what does not apply, such as the SET of a log that gives
// none. A check that was not reached is there and not ok.
func checks(in []verify.Check) []checkJSON {
	out := []checkJSON{}
	for _, c := range in {
		if !c.Skipped {
			out = append(out, checkJSON{c.Name, c.OK, c.Detail})
		}
	}
	return out
}

func timeOrNull(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := rfc3339(t)
	return &s
}

func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339) }
