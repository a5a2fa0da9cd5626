package cli

import (
	"fmt"
	"io"

	"github.com/paraph/paraph/internal/history"
	"github.com/paraph/paraph/internal/payload"
	"github.com/paraph/paraph/internal/policy"
	"github.com/paraph/paraph/internal/report"
	"github.com/paraph/paraph/internal/trust/builtin"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// maxSeen bounds how many signers are told from each other.
const maxSeen = 4096

// seen is who signed.
type seen struct {
	by       map[string]*policy.Seen
	order    []string
	keys     map[string]int // objects by keys without a certificate
	signed   int
	unsigned int
	broken   int // signatures that do not hold, or are not proven
}

// add counts one object.
func (s *seen) add(o report.Object) {
	switch {
	case o.Verdict == verdict.Unsigned:
		s.unsigned++
		return
	case o.Key != "":
		if s.keys[o.Key] > 0 || len(s.keys) < maxSeen {
			s.keys[o.Key]++
		}
		return
	case o.Verdict != verdict.Valid || o.Signer == nil:
		s.broken++
		return
	}
	s.signed++
	by := o.Signer
	var root []byte // which instance it is, where the name does not say
	if n := len(by.CAs); n > 0 && by.Instance != builtin.Instance {
		root = by.CAs[n-1][:]
	}
	name := fmt.Sprintf("%q %q %q %x %q %q", by.Instance, by.Issuer, by.Name, root, by.Claims[verify.ClaimSMIMECA], by.Claims["sourceRepositoryID"])
	g := s.by[name]
	if g == nil {
		if len(s.by) == maxSeen {
			return
		}
		g = &policy.Seen{Signer: by}
		s.by[name], s.order = g, append(s.order, name)
	}
	if o.Type == string(payload.Tag) {
		g.Tags++
	} else {
		g.Commits++
	}
	if t := o.Time(); t.After(g.Last) {
		g.Last = t
	}
}

// say says what was found, and what comes next.
func (s *seen) say(w io.Writer, file string) error {
	lines := []string{fmt.Sprintf("signed objects: %d, by %d signers; unsigned: %d; signatures that do not hold here: %d", s.signed, len(s.by), s.unsigned, s.broken)}
	if len(s.keys) > 0 {
		n := 0
		for _, count := range s.keys {
			n += count
		}
		lines = append(lines, fmt.Sprintf("signed by %d SSH or OpenPGP keys, which are not proposed: %d; paraph policy import makes signers of an allowed_signers file", len(s.keys), n))
	}
	if s.signed == 0 {
		lines = append(lines, "nobody was found: add who may sign")
	}
	if file != "" {
		lines = append(lines, "wrote "+shownSpec(history.PolicySpec{Path: file}),
			"next: read every line; paraph policy check; commit it, signed; paraph policy pin")
	}
	for _, line := range lines {
		if _, err := fmt.Fprintln(w, report.Escape(line)); err != nil {
			return err
		}
	}
	return nil
}
