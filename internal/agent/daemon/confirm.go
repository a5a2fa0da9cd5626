package daemon

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/paraph/paraph/internal/agent/socket"
	"github.com/paraph/paraph/internal/payload"
	"github.com/paraph/paraph/internal/report"
)

const (
	maxShown   = 160 // bytes of what a stranger wrote, before it is escaped
	maxObjects = 4   // of them
)

// A Question is what the user is to confirm: a signature that another machine
// asks for. All of it is escaped and short, and fit to be shown.
type Question struct {
	Kind     string   // commit, tag or push certificate
	Subject  string   // the first line of its message, the tag's name before it
	Objects  []string // parents of a commit, target of a tag, updates of a push
	Identity string   // in whose name
}

// String is the whole question.
func (q Question) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Another machine wants a signature as %s\n%s: %s\n", q.Identity, q.Kind, q.Subject)
	for _, o := range q.Objects {
		fmt.Fprintf(&b, "  %s\n", o)
	}
	b.WriteString("Sign it?")
	return b.String()
}

// newQuestion asks about a payload.
func newQuestion(p *payload.Payload, e *entry) Question {
	first, rest, _ := bytes.Cut(p.Message, []byte("\n"))
	q := Question{Kind: string(p.Kind), Subject: shown(string(first)), Identity: shown(e.name) + " (" + shown(e.issuer) + ")"}
	switch p.Kind {
	case payload.Commit:
		q.Objects = list("parent ", p.Parents)
		if len(p.Parents) == 0 {
			q.Objects = []string{"without a parent"}
		}
	case payload.Tag:
		q.Subject = shown(p.TagName) + ": " + q.Subject
		q.Objects = list(p.ObjectType+" ", []string{p.Object})
	case payload.PushCertificate:
		q.Subject = "to " + shown(p.Pushee)
		updates := []string{string(first)}
		for line := range bytes.Lines(rest) {
			updates = append(updates, string(bytes.TrimSuffix(line, []byte("\n"))))
		}
		q.Objects = list("", updates)
	}
	return q
}

// list shows a few of many.
func list(what string, all []string) (out []string) {
	for _, o := range all[:min(len(all), maxObjects)] {
		out = append(out, shown(what+o))
	}
	if n := len(all) - maxObjects; n > 0 {
		out = append(out, fmt.Sprintf("and %d more", n))
	}
	return out
}

// shown makes fit to show what a stranger wrote.
func shown(s string) string {
	if len(s) > maxShown {
		return report.Escape(strings.ToValidUTF8(s[:maxShown], "?")) + "..."
	}
	return report.Escape(s)
}

// confirm asks the user, one question after the other.
func (d *daemon) confirm(ctx context.Context, q Question) error {
	select {
	case d.asking <- struct{}{}:
		defer func() { <-d.asking }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	limited, cancel := context.WithTimeout(ctx, d.Limits.Question)
	defer cancel()
	yes, err := d.Confirm(limited, q)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case limited.Err() != nil:
		return &socket.Error{Code: socket.CodeRefused, Message: "nobody confirmed the signature on the agent's machine in time"}
	case err != nil:
		return &socket.Error{Code: socket.CodeRefused, Message: "the signature cannot be confirmed on the agent's machine: " + shown(err.Error())}
	case !yes:
		return &socket.Error{Code: socket.CodeRefused, Message: "the signature was not confirmed on the agent's machine"}
	}
	return nil
}
