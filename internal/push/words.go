package push

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/paraph/paraph/internal/policy"
	"github.com/paraph/paraph/internal/report"
	"github.com/paraph/paraph/internal/verdict"
)

// Bounds of what a pusher is told: whoever pushed much that is wrong needs a few
// examples, and where to see the rest.
const (
	maxToldRefs    = 10
	maxToldObjects = 5
	maxToldOther   = 5
)

// Tell tells the pusher what is wrong with a push, in a few lines, and nothing
// where nothing is.
func (o *Outcome) Tell(w io.Writer) error {
	var lines []string
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	if o.OK() {
		for _, n := range o.Notes[:min(len(o.Notes), maxToldRefs)] {
			say("paraph: %s: %s (%s)", report.Escape(n.Ref), report.Escape(n.Err.Message), report.Escape(n.Err.Rule))
		}
		return write(w, lines)
	}
	refused := slices.Concat(o.Insisted, o.Refused)
	by := ""
	if o.Policy != "" {
		by = ", by the policy " + report.Escape(o.Policy)
	}
	if o.Passes() {
		say("paraph: audit mode lets this push pass; under enforce it would be refused%s", by)
	} else {
		say("paraph: this push is refused%s", by)
	}
	for i, r := range refused {
		if i == maxToldRefs {
			say("  ... and %d more refs", len(refused)-i)
			break
		}
		say("  %s: %s (%s)", report.Escape(r.Ref), report.Escape(r.Err.Message), report.Escape(r.Err.Rule))
	}
	for i, obj := range o.Failed {
		if i == maxToldObjects {
			more := fmt.Sprint(len(o.Failed) - i)
			if len(o.Failed) == maxFailed {
				more = "many"
			}
			say("  ... and %s more objects%s", more, o.hint())
			break
		}
		on := ""
		if obj.Ref != "" {
			on = " on " + report.Escape(obj.Ref)
		}
		say("  %s %s%s", report.Escape(obj.Type), report.Escape(obj.ID), on)
		for i, line := range obj.Lines() {
			if i == 0 && obj.Err == nil {
				line += fmt.Sprintf(" (%s)", obj.Verdict) // no rule says more
			}
			say("    %s", line)
		}
		if next := nextStep(obj); next != "" {
			say("    next: %s", next)
		}
	}
	for i, sentence := range o.Counts.Unchecked {
		if i == maxToldOther {
			say("  ... and more that could not be checked")
			break
		}
		say("  not checked: %s", report.Escape(sentence))
	}
	if !o.Passes() && o.Mode == policy.Audit && len(o.Insisted) > 0 {
		say("  (the mode is audit; this does not pass in audit mode either)")
	}
	return write(w, lines)
}

// nextStep is what to do about an object, "" where what is wrong with it says so.
func nextStep(o report.Object) string {
	switch {
	case o.Verdict == verdict.Refused, o.Verdict == verdict.Unknown, o.Verdict == verdict.Unproven:
		return ""
	case o.Type == "tag":
		return "git tag -s -f NAME signs it anew"
	}
	return "git commit --amend --no-edit -S signs it anew, git rebase -f -S BASE several of yours"
}

func write(w io.Writer, lines []string) error {
	if len(lines) == 0 {
		return nil
	}
	_, err := io.WriteString(w, strings.Join(lines, "\n")+"\n")
	return err
}

// hint says how to see everything.
func (o *Outcome) hint() string {
	id, path, found := strings.Cut(o.Policy, ":")
	if !found || id != o.PolicyTip {
		return ""
	}
	return fmt.Sprintf(": paraph verify --policy %s:%s --ref REF %s..REF shows them", id, report.Escape(path), id)
}
