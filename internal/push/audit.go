package push

import (
	"encoding/json"
	"io"
	"time"

	"github.com/paraph/paraph/internal/report"
)

// auditSchema is the version of a record. A field is never renamed or removed
// within one version.
const auditSchema = 1

// maxAudited bounds the objects that one record names.
const maxAudited = 100

// An audited push is one line of an audit log. docs/hooks.md describes it.
type audited struct {
	Schema    int             `json:"schema"`
	Time      string          `json:"time"`
	Outcome   string          `json:"outcome"` // ok, would-refuse, or unjudged
	Mode      string          `json:"mode"`
	Policy    *string         `json:"policy"`
	PolicyRef string          `json:"policyRef"`
	Push      *string         `json:"certificate"` // the blob that git stored
	Updates   []auditedRef    `json:"updates"`
	Refused   []auditedRule   `json:"refused"`
	Failed    []auditedObject `json:"failed"`
	Counts    map[string]int  `json:"counts"`
	Unchecked []string        `json:"unchecked"`
	Error     *string         `json:"error"`
}

type auditedRef struct {
	Ref string  `json:"ref"`
	Old *string `json:"old"`
	New *string `json:"new"`
}

type auditedRule struct {
	Ref     string `json:"ref"`
	Rule    string `json:"rule"`
	Message string `json:"message"`
}

type auditedObject struct {
	ID      string   `json:"id"`
	Type    string   `json:"type"`
	Ref     string   `json:"ref"`
	Verdict string   `json:"verdict"`
	Said    []string `json:"said"`
}

// Record writes one line of JSON on a push that was made, at once: what was
// moved, and what is wrong with it. failed says why nobody could judge it.
func (o *Outcome) Record(w io.Writer, updates []Update, certificate *Certificate, when time.Time, failed error) error {
	a := audited{
		Schema: auditSchema, Time: when.UTC().Format(time.RFC3339), Outcome: "ok", Mode: o.Mode.String(),
		Policy: some(o.Policy), PolicyRef: o.PolicyRef, Updates: []auditedRef{}, Refused: []auditedRule{},
		Failed: []auditedObject{}, Counts: map[string]int{}, Unchecked: append([]string{}, o.Counts.Unchecked...),
	}
	switch {
	case failed != nil:
		a.Outcome, a.Error = "unjudged", some(failed.Error())
	case !o.OK():
		a.Outcome = "would-refuse"
	}
	if certificate != nil {
		a.Push = some(certificate.ID)
	}
	for _, u := range updates {
		a.Updates = append(a.Updates, auditedRef{u.Ref, some(u.Old), some(u.New)})
	}
	for _, list := range [][]Refusal{o.Insisted, o.Refused} {
		for _, r := range list {
			a.Refused = append(a.Refused, auditedRule{r.Ref, r.Err.Rule, r.Err.Message})
		}
	}
	for _, obj := range o.Failed[:min(len(o.Failed), maxAudited)] {
		a.Failed = append(a.Failed, auditedObject{obj.ID, obj.Type, obj.Ref, string(obj.Verdict), obj.Lines()})
	}
	for v, n := range o.Counts.Counts {
		a.Counts[string(v)] = n
	}
	line, err := json.Marshal(a)
	if err != nil {
		return err
	}
	if err := report.WriteJSON(w, line); err != nil {
		_, _ = io.WriteString(w, "\n") // what is half a line is not to go on in the next one
		return err
	}
	return nil
}

// some is a text, or null for none.
func some(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
