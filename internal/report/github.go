package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/paraph/paraph/internal/verdict"
)

// maxAnnotations bounds the failures of one run: GitHub shows ten errors a step
// and drops the rest in silence. Two are for what is beyond and what was not
// checked.
const maxAnnotations = 8

// A githubWriter writes workflow commands, from which GitHub Actions makes
// annotations.
type githubWriter struct {
	w      io.Writer
	failed int
}

func (g *githubWriter) Object(o Object) error {
	if !failed(o.Verdict) {
		return nil
	}
	if g.failed++; g.failed > maxAnnotations {
		return nil
	}
	properties := "title=" + commandProperty(fmt.Sprintf("%s %.12s %s", Escape(o.Type), Escape(o.ID), word(o.Verdict)))
	if file, line := o.policyAt(); line > 0 {
		properties += fmt.Sprintf(",file=%s,line=%d", commandProperty(Escape(file)), line)
	}
	lines := append([]string{o.headline()}, o.Lines()...)
	return g.command("error", properties, strings.Join(lines, "\n"))
}

func (g *githubWriter) Close(s Summary) error {
	if more := g.failed - maxAnnotations; more > 0 {
		if err := g.command("error", "title=paraph", fmt.Sprintf("%d more did not pass; paraph verify without --format lists all", more)); err != nil {
			return err
		}
	}
	unchecked := s.unchecked()
	if s.Interrupted {
		unchecked = append(unchecked, "interrupted: there would have been more")
	}
	if len(unchecked) > 0 {
		if err := g.command("error", "title=paraph could not check everything", Escape(strings.Join(unchecked, "; "))); err != nil {
			return err
		}
	}
	if n := s.Counts[verdict.Valid]; n > 0 {
		what, next := explainVerdict(verdict.Valid)
		if err := g.command("warning", "title=paraph", fmt.Sprintf("%s: %s. %s", objects(n), what, next)); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(g.w, "paraph verify: %s\n", totals(s, word))
	return err
}

// command writes one workflow command; properties are escaped already.
func (g *githubWriter) command(name, properties, message string) error {
	_, err := fmt.Fprintf(g.w, "::%s %s::%s\n", name, properties, commandData(message))
	return err
}

// commandData and commandProperty escape as actions/toolkit does, in
// packages/core/src/command.ts, so that no text ends a command or begins one.
func commandData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func commandProperty(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(commandData(s))
}
