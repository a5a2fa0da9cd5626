package report

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// sarifLog is what a reader of SARIF looks for.
type sarifLog struct {
	Runs []struct {
		Results []sarifResult `json:"results"`
		sarifEnd
	} `json:"runs"`
}

func parsedSARIF(t *testing.T, out string) (results []sarifResult, end sarifEnd) {
	t.Helper()
	var log sarifLog
	if err := json.Unmarshal([]byte(out), &log); err != nil || len(log.Runs) != 1 {
		t.Fatalf("%v\n%s", err, out)
	}
	return log.Runs[0].Results, log.Runs[0].sarifEnd
}

// failures are n objects without a signature.
func failures(n int) (out []Object) {
	for i := range n {
		out = append(out, Object{ID: fmt.Sprintf("%040x", i), Type: "commit", Result: &verify.Result{Verdict: verdict.Unsigned}})
	}
	return out
}

func TestSARIFSchema(t *testing.T) {
	schema := officialSARIF(t)
	end := Summary{Interrupted: true}
	end.Uncheck("x")
	for _, out := range []string{
		written(t, "sarif", Options{}), closed(t, "sarif", Options{}, end), written(t, "sarif", Options{}, samples()...),
	} {
		if err := conforms(t, schema, out); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		if wrong := strings.Replace(out, `"2.1.0"`, `"2.0.0"`, 1); conforms(t, schema, wrong) == nil {
			t.Error("the schema allows every version")
		}
	}
}

// What is good is no result; each other object is one, with a rule that is in
// the log, and with all that GitHub asks for.
func TestSARIFResults(t *testing.T) {
	all := samples()
	all[0].PolicySource = "abcd:my policies/main"
	results, end := parsedSARIF(t, written(t, "sarif", Options{}, all...))
	if in := end.Invocations; len(in) != 1 || !in[0].Successful || len(in[0].Notifications) != 0 {
		t.Errorf("%+v", in)
	}
	for _, o := range all {
		if o.Verdict == verdict.Trusted || o.Verdict == verdict.Exempt {
			continue
		}
		r := results[0]
		results = results[1:]
		level := "error"
		if o.Verdict == verdict.Valid {
			level = "warning"
		}
		id := word(o.Verdict)
		if o.Err != nil {
			id = o.Err.Rule
		}
		if r.Level != level || r.RuleID != id || r.Properties["verdict"] != word(o.Verdict) || r.Message.Text == "" {
			t.Errorf("%s: %+v", o.Verdict, r)
		}
		if rule := end.Tool.Driver.Rules[r.RuleIndex]; rule.ID != r.RuleID || rule.Short.Text == "" || rule.Full.Text == "" || rule.Help.Text == "" {
			t.Errorf("%+v", rule)
		}
		at := r.Locations[0]
		file, line := ".paraph/policy", 1
		if o.PolicyBlob != "" {
			file, line = "my%20policies/main", 12
		}
		if at.Physical.Artifact.URI != file || at.Physical.Region.StartLine != line || at.Logical[0].FullyQualifiedName != o.ID {
			t.Errorf("%+v", at)
		}
		if r.Fingerprints["primaryLocationLineHash"] != o.ID+":1" {
			t.Errorf("%+v", r.Fingerprints)
		}
	}
	if len(results) > 0 {
		t.Errorf("%d results more", len(results))
	}
}

// Text that somebody else wrote is no placeholder and no link.
func TestSARIFMessages(t *testing.T) {
	if got := sarifMessage("{0} [x](https://example.com)").Text; got != "{{0}} [x] (https://example.com)" {
		t.Error(got)
	}
}

// GitHub refuses a file with too many results.
func TestSARIFIsBounded(t *testing.T) {
	results, end := parsedSARIF(t, written(t, "sarif", Options{}, failures(maxErrors+7)...))
	if said := end.Invocations[0].Notifications; len(results) != maxErrors || len(said) != 1 || !strings.HasPrefix(said[0].Message.Text, "7 more results") {
		t.Errorf("%d results, %+v", len(results), said)
	}
}

// However many rules somebody makes up, the log stays bounded.
func TestSARIFRulesAreBounded(t *testing.T) {
	var objects []Object
	for i := range maxRules + 50 {
		o := Object{ID: "x", Result: &verify.Result{Verdict: verdict.Bad, Err: verdict.Errorf(verdict.Log, fmt.Sprint("rule-", i), "x")}}
		objects = append(objects, o)
	}
	objects = append(objects, objects[0])
	results, end := parsedSARIF(t, written(t, "sarif", Options{}, objects...))
	if rules := end.Tool.Driver.Rules; len(rules) != maxRules+1 || rules[maxRules].ID != "bad" {
		t.Errorf("%d rules", len(rules))
	}
	if last := results[len(results)-1]; last.RuleID != "rule-0" || last.RuleIndex != 0 || results[maxRules].RuleIndex != maxRules {
		t.Errorf("%+v", last)
	}
}

// A run that did not see everything is not a successful one.
func TestSARIFEnd(t *testing.T) {
	var unread Summary
	unread.Uncheck("commit x is missing")
	for want, s := range map[string]Summary{"interrupted: ": {Interrupted: true}, "not checked: commit x": unread} {
		_, end := parsedSARIF(t, closed(t, "sarif", Options{}, s))
		if in := end.Invocations[0]; in.Successful || len(in.Notifications) != 1 || !strings.HasPrefix(in.Notifications[0].Message.Text, want) {
			t.Errorf("%s: %+v", want, in)
		}
	}
}
