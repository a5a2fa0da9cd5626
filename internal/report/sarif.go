package report

import (
	"bufio"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
	"github.com/paraph/paraph/internal/version"
)

// Where the format is written down: OASIS SARIF 2.1.0 with Errata 01.
const (
	sarifVersion = "2.1.0"
	sarifSchema  = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)

// GitHub refuses a file with more than 25,000 results and stores 5,000: these
// are ours, and a notification counts what is beyond.
const (
	maxErrors   = 4000
	maxWarnings = 1000
	maxRules    = 1000 // beyond these the verdict stands for the rule
)

// policyFile is where results are shown. GitHub refuses a file in which one
// result has no physical location, and a commit has none; of all files, this is
// the one whose change can make the result go away.
const policyFile = ".paraph/policy"

type sarifResult struct {
	RuleID       string            `json:"ruleId"`
	RuleIndex    int               `json:"ruleIndex"`
	Level        string            `json:"level"`
	Message      sarifText         `json:"message"`
	Locations    []sarifLocation   `json:"locations"`
	Fingerprints map[string]string `json:"partialFingerprints"`
	Properties   map[string]string `json:"properties"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifLocation struct {
	Physical sarifPhysical  `json:"physicalLocation"`
	Logical  []sarifLogical `json:"logicalLocations"`
}

type sarifPhysical struct {
	Artifact struct {
		URI string `json:"uri"`
	} `json:"artifactLocation"`
	Region struct {
		StartLine int `json:"startLine"`
	} `json:"region"`
}

type sarifLogical struct {
	FullyQualifiedName string `json:"fullyQualifiedName"`
	Kind               string `json:"kind"`
}

// sarifEnd is what follows a run's results.
type sarifEnd struct {
	Tool struct {
		Driver sarifDriver `json:"driver"`
	} `json:"tool"`
	Invocations []sarifInvocation `json:"invocations"`
}

type sarifDriver struct {
	Name    string      `json:"name"`
	Version string      `json:"version"`
	Rules   []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID    string    `json:"id"`
	Short sarifText `json:"shortDescription"`
	Full  sarifText `json:"fullDescription"`
	Help  sarifText `json:"help"`
}

type sarifInvocation struct {
	Successful    bool                `json:"executionSuccessful"`
	Notifications []sarifNotification `json:"toolExecutionNotifications"`
}

type sarifNotification struct {
	Level   string    `json:"level"`
	Message sarifText `json:"message"`
}

// A sarifWriter writes a SARIF log with one run. The rules come last: which
// ones there are, the results say.
type sarifWriter struct {
	list
	rules            []sarifRule
	index            map[string]int
	errors, warnings int
}

func newSARIF(w io.Writer) *sarifWriter {
	head := fmt.Sprintf("{\n  \"version\": %q,\n  \"$schema\": %q,\n  \"runs\": [\n    {\n      \"results\": [", sarifVersion, sarifSchema)
	return &sarifWriter{list: list{w: bufio.NewWriter(w), head: head, indent: "      "}, rules: []sarifRule{}, index: map[string]int{}}
}

func (s *sarifWriter) Object(o Object) error {
	level, count, limit := "error", &s.errors, maxErrors
	switch o.Verdict {
	case verdict.Trusted, verdict.Exempt:
		return nil
	case verdict.Valid:
		level, count, limit = "warning", &s.warnings, maxWarnings
	}
	if *count++; *count > limit {
		return nil
	}
	id, index := s.rule(o)
	r := sarifResult{
		RuleID: id, RuleIndex: index, Level: level, Message: sarifMessage(o.headline() + ". " + strings.Join(o.Lines(), ". ")),
		Locations: []sarifLocation{{Logical: []sarifLogical{{o.ID, o.Type}}}},
		// What makes two results the same: GitHub reads the first, which stands
		// for a line's content there.
		Fingerprints: map[string]string{"primaryLocationLineHash": o.ID + ":1", "object/v1": o.ID},
		Properties:   map[string]string{"verdict": word(o.Verdict)},
	}
	if o.Ref != "" {
		r.Properties["ref"] = o.Ref
	}
	at := &r.Locations[0].Physical
	file, line := o.policyAt()
	if line == 0 {
		file, line = policyFile, 1
	}
	at.Artifact.URI, at.Region.StartLine = (&url.URL{Path: file}).String(), line
	return s.element(r)
}

// policyAt is the file and line of a policy in the repository that decided; line
// 0 if none did.
func (o Object) policyAt() (file string, line int) {
	if _, path, found := strings.Cut(o.PolicySource, ":"); found && path != "" && o.PolicyBlob != "" && o.Line > 0 {
		return path, o.Line
	}
	return "", 0
}

// headline names an object and its verdict.
func (o Object) headline() string {
	return fmt.Sprintf("%s %s %s", Escape(o.Type), Escape(o.ID), word(o.Verdict))
}

// sarifMessage makes text a message: braces are doubled, which else would be
// placeholders (SARIF 2.1.0, 3.11.5), and no link can be in it (3.11.6).
func sarifMessage(s string) sarifText {
	return sarifText{strings.NewReplacer("{", "{{", "}", "}}", "](", "] (").Replace(s)}
}

// rule finds the rule that an object broke among those of the run.
func (s *sarifWriter) rule(o Object) (id string, index int) {
	id = word(o.Verdict)
	if o.Err != nil && (len(s.rules) < maxRules || s.index[o.Err.Rule] > 0) {
		id = o.Err.Rule
	}
	if s.index[id] == 0 {
		what, next := explain(o.Result)
		s.rules = append(s.rules, sarifRule{ID: id, Short: sarifMessage(what), Full: sarifMessage(sentence(o.Verdict)), Help: sarifMessage(next)})
		s.index[id] = len(s.rules)
	}
	return id, s.index[id] - 1
}

func (s *sarifWriter) Close(sum Summary) error {
	in := sarifInvocation{Successful: !sum.Interrupted && len(sum.Unchecked) == 0, Notifications: []sarifNotification{}}
	say := func(level, text string) {
		in.Notifications = append(in.Notifications, sarifNotification{level, sarifMessage(Escape(text))})
	}
	for _, sentence := range sum.unchecked() {
		say("error", "not checked: "+sentence)
	}
	if sum.Interrupted {
		say("error", "interrupted: there is more than what stands here")
	}
	if more := max(s.errors-maxErrors, 0) + max(s.warnings-maxWarnings, 0); more > 0 {
		say("warning", fmt.Sprintf("%d more results are left out; --format ndjson has all", more))
	}
	var end sarifEnd
	end.Tool.Driver = sarifDriver{"paraph", version.String(), s.rules}
	end.Invocations = []sarifInvocation{in}
	return s.end(end, "\n    }\n  ]\n}\n")
}

// explain says of a result that is not good what is wrong with objects of its
// kind, and what to do. It quotes nobody.
func explain(r *verify.Result) (what, next string) {
	if r.Err == nil {
		return explainVerdict(r.Verdict)
	}
	switch r.Err.Class {
	case verdict.Syntax:
		return "The signature breaks a format rule", "Nobody's tools should have made this: ask who signed it, and with what."
	case verdict.Binding:
		return "The signature was made over something else", "Do not use the object: it, or its name, was changed after somebody signed."
	case verdict.Signature:
		return "A cryptographic signature is false", "Do not use the object: whoever made it did not have the signer's key."
	case verdict.Chain:
		return "A certificate does not hold", "Do not use the object: its certificate is not what a certificate authority issues to a signer."
	case verdict.Log:
		return "The proof of the transparency log does not hold", "Do not use the object before the log's operator can explain the proof."
	case verdict.Time:
		return "A proven time contradicts another", "Do not use the object before its signer can explain the times."
	case verdict.Window:
		return "The certificate was not valid when the signature was made", "Let the signer sign again."
	case verdict.Material:
		return "Something that the signature relies on is not known here", "Bring the trusted root up to date (paraph trust update), or add the instance (paraph trust add)."
	case verdict.Proof:
		return "There is no proof of when the signature was made", "Look up the proof: paraph proof fetch."
	case verdict.Identity, verdict.Policy:
		return "Whoever signed is not allowed to", "Let somebody sign whom the policy allows, or change the policy."
	}
	return explainVerdict("")
}

// explainVerdict explains a verdict without a broken rule.
func explainVerdict(v verdict.Verdict) (what, next string) {
	switch v {
	case verdict.Valid:
		return "Nobody said whom to trust", "Name the signer (paraph.certificateIdentity and paraph.certificateOIDCIssuer), or write a policy (paraph policy init)."
	case verdict.Unsigned:
		return "There is no signature", "Let the author sign it (git commit --amend --gpg-sign, git tag --sign), or exempt a past without signatures by trustUpTo in the policy."
	}
	return "It could not be checked", "What stopped the check stands in the message: nothing is known of the signature."
}
