package report

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/paraph/paraph/internal/verify"
)

// schema is the version of the JSON below. A field is never renamed or
// removed within one version.
const schema = 1

// endJSON is what comes after a document's results.
type endJSON struct {
	Summary     map[string]int `json:"summary"`
	Ranges      []string       `json:"ranges"`
	Interrupted bool           `json:"interrupted"`
	Unchecked   []string       `json:"unchecked"`
}

type resultJSON struct {
	Schema  int         `json:"schema,omitempty"` // in NDJSON only
	ID      string      `json:"id"`
	Type    string      `json:"type"`
	Ref     *string     `json:"ref"`
	Verdict string      `json:"verdict"`
	Range   *string     `json:"range"`
	Signer  *signerJSON `json:"signer"`
	Times   timesJSON   `json:"times"`
	Log     *logJSON    `json:"log"`
	Root    *rootJSON   `json:"root"`
	Policy  *policyJSON `json:"policy"`
	Checks  []checkJSON `json:"checks"`
	Error   *errorJSON  `json:"error"`
}

// signerJSON is a certificate's signer, or a key: then identity, issuer and
// instance are null.
type signerJSON struct {
	Name     *string           `json:"name"` // the policy's name for the signer
	Identity *string           `json:"identity"`
	Issuer   *string           `json:"issuer"`
	Instance *string           `json:"instance"`
	Claims   map[string]string `json:"claims"`
	Key      *string           `json:"key"`
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

// A list is a JSON document whose elements go out as they come: one object with
// an array in it, and the object's other members after the array.
type list struct {
	w      *bufio.Writer // remembers the first error
	head   string        // the document up to the array, its bracket included
	indent string        // of the array's name
	begun  bool
}

// element writes one element of the array.
func (l *list) element(v any) error {
	out, err := json.MarshalIndent(v, l.indent+"  ", "  ")
	if err != nil {
		return err
	}
	before := ","
	if !l.begun {
		before, l.begun = l.head, true
	}
	fmt.Fprintf(l.w, "%s\n%s  ", before, l.indent)
	return writeEscaped(l.w, out)
}

// end writes the members that follow the array, and what closes the document.
func (l *list) end(members any, tail string) error {
	out, err := json.MarshalIndent(members, l.indent[2:], "  ")
	if err != nil {
		return err
	}
	if l.begun {
		fmt.Fprintf(l.w, "\n%s", l.indent)
	} else {
		fmt.Fprint(l.w, l.head)
	}
	fmt.Fprint(l.w, "],")
	out = bytes.TrimPrefix(bytes.TrimSuffix(out, []byte("\n"+l.indent[2:]+"}")), []byte("{"))
	_ = writeEscaped(l.w, out)
	fmt.Fprint(l.w, tail)
	return l.w.Flush()
}

// A jsonWriter writes one document for the whole run: results as they come,
// then what they add up to.
type jsonWriter struct{ list }

func newJSON(w io.Writer) *jsonWriter {
	head := fmt.Sprintf("{\n  \"schema\": %d,\n  \"results\": [", schema)
	return &jsonWriter{list{w: bufio.NewWriter(w), head: head, indent: "  "}}
}

func (j *jsonWriter) Object(o Object) error { return j.element(toJSON(o)) }

func (j *jsonWriter) Close(s Summary) error {
	end := endJSON{Summary: map[string]int{}, Ranges: append([]string{}, s.Ranges...), Interrupted: s.Interrupted, Unchecked: s.unchecked()}
	for v, n := range s.Counts {
		end.Summary[word(v)] += n
	}
	return j.end(end, "\n}\n")
}

// An ndjsonWriter writes one result a line, each with the schema, at once.
type ndjsonWriter struct{ w io.Writer }

func (n *ndjsonWriter) Object(o Object) error {
	r := toJSON(o)
	r.Schema = schema
	out, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return WriteJSON(n.w, out)
}

func (n *ndjsonWriter) Close(Summary) error { return nil }

func toJSON(o Object) resultJSON {
	out := resultJSON{
		ID: o.ID, Type: o.Type, Ref: textOrNull(o.Ref), Range: textOrNull(o.Range), Verdict: word(o.Verdict),
		Signer: toSigner(o), Checks: checks(o.Checks),
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
		out.Policy = &policyJSON{Source: o.PolicySource, Blob: textOrNull(o.PolicyBlob), Rule: textOrNull(o.Rule)}
		if o.Line > 0 {
			out.Policy.Line = &o.Line
		}
	}
	if e := o.Err; e != nil {
		out.Error = &errorJSON{e.Class.String(), e.Rule, e.Message}
	}
	return out
}

// toSigner says who signed, nil where nobody is proven.
func toSigner(o Object) *signerJSON {
	out := &signerJSON{Name: textOrNull(o.SignerName), Claims: map[string]string{}}
	switch s := o.Signer; {
	case s != nil:
		out.Identity, out.Issuer, out.Instance = &s.Name, &s.Issuer, &s.Instance
		if s.Claims != nil {
			out.Claims = s.Claims
		}
	case o.Key != "":
		out.Key = &o.Key
	default:
		return nil
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

func textOrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func timeOrNull(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := rfc3339(t)
	return &s
}

func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339) }
