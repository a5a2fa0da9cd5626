package report

import (
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/paraph/paraph/internal/verify"
)

// Show explains objects for people, all that is known of each: who signed, by
// which certificate, when, what proves it, who was asked, and every check.
func Show(w io.Writer, objects []Object, opt Options) error {
	var b strings.Builder
	for i, o := range objects {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s %s %s\n", Escape(o.Type), Escape(o.ID), opt.word(o.Verdict))
		writeRow(&b, "", o.why())
		if hint := o.hint(); hint != "" {
			writeRow(&b, "", "hint: "+hint)
		}
		for _, s := range []section{
			{rows: [][2]string{{"ref", o.Ref}}},
			o.showSigner(), o.showCertificate(),
			o.showTimes(), o.showLog(), o.showRoot(), o.showPolicy(), o.showChecks(),
		} {
			s.write(&b)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// A section is a title and rows of a label and a text; rows without text, and
// sections without rows, are left out.
type section struct {
	title string
	rows  [][2]string
}

func (s *section) add(label, text string) { s.rows = append(s.rows, [2]string{label, text}) }

func (s *section) write(b *strings.Builder) {
	s.rows = slices.DeleteFunc(s.rows, func(r [2]string) bool { return r[1] == "" })
	wide := 0
	for i := range s.rows {
		s.rows[i] = [2]string{Escape(cut(s.rows[i][0])), Escape(cut(s.rows[i][1]))}
		wide = max(wide, len(s.rows[i][0]))
	}
	if len(s.rows) > 0 && s.title != "" {
		writeRow(b, "", s.title)
	}
	for _, r := range s.rows {
		margin := "  "
		if s.title == "" {
			margin = ""
		}
		writeRow(b, margin, fmt.Sprintf("%-*s  %s", wide, r[0], r[1]))
	}
}

func writeRow(b *strings.Builder, margin, text string) { fmt.Fprintf(b, "  %s%s\n", margin, text) }

func (o Object) showSigner() section {
	s := section{title: "signer"}
	switch {
	case o.Signer != nil:
		s.add("name", o.SignerName)
		s.add("identity", o.Signer.Name)
		s.add("issuer", o.Signer.Issuer)
		s.add("instance", o.Signer.Instance)
		for _, name := range slices.Sorted(maps.Keys(o.Signer.Claims)) {
			s.add(name, o.Signer.Claims[name])
		}
	case o.Key != "":
		s.add("name", o.SignerName)
		s.add("key", o.Key)
	default:
		s.title = "signer, for whom nobody vouched"
		s.add("claims to be", o.Claimed)
	}
	return s
}

func (o Object) showCertificate() section {
	s := section{title: "certificate"}
	if o.Signer == nil {
		s.title = "certificate, for which nobody vouched"
	}
	if o.NotBefore.IsZero() {
		return s
	}
	s.add("SHA-256", hex.EncodeToString(o.Fingerprint[:]))
	s.add("valid", fmt.Sprintf("%s to %s, %s", rfc3339(o.NotBefore), rfc3339(o.NotAfter), span(o.NotAfter.Sub(o.NotBefore))))
	return s
}

// span says how long a certificate lives: minutes where Fulcio made it.
func span(d time.Duration) string {
	switch {
	case d < 2*time.Hour:
		return fmt.Sprintf("%d minutes", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d hours", d/time.Hour)
	}
	return fmt.Sprintf("%d days", d/(24*time.Hour))
}

func (o Object) showTimes() section {
	s := section{title: "proven times"}
	if !o.LogTime.IsZero() {
		s.add(rfc3339(o.LogTime), "when the log promised to include it")
	}
	for _, t := range o.Timestamps {
		s.add(rfc3339(t), "by a timestamp")
	}
	return s
}

func (o Object) showLog() section {
	s := section{title: "log entry"}
	if l := o.Log; l != nil {
		s.add("log", hex.EncodeToString(l.LogID))
		s.add("index", fmt.Sprint(l.Index))
		s.add("kind", l.Kind)
		switch l.Source {
		case verify.SourceEmbedded:
			s.add("stands", "in the signature")
		case verify.SourceNote:
			s.add("stands", "in a note beside the object")
		}
	}
	return s
}

func (o Object) showRoot() section {
	s := section{title: "root of trust"}
	if r := o.Root; r != nil {
		s.add("instance", r.Instance)
		s.add("origin", r.Origin)
		if !r.Checked.IsZero() {
			s.add("checked", rfc3339(r.Checked))
		}
		if !r.Expires.IsZero() {
			s.add("metadata ends", rfc3339(r.Expires))
		}
	}
	return s
}

func (o Object) showPolicy() section {
	s := section{title: "policy"}
	s.add("asked", o.PolicySource)
	s.add("blob", o.PolicyBlob)
	s.add("decided by", o.Rule)
	if o.Line > 0 {
		s.add("line", fmt.Sprint(o.Line))
	}
	return s
}

func (o Object) showChecks() section {
	s := section{title: "checks"}
	wide := 0
	for _, c := range o.Checks {
		wide = max(wide, len(c.Name))
	}
	for _, c := range o.Checks {
		mark := "no"
		switch {
		case c.Skipped:
			mark = "-"
		case c.OK:
			mark = "ok"
		}
		s.add(fmt.Sprintf("%-2s  %-*s", mark, wide, c.Name), c.Detail)
	}
	return s
}
