package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verdict"
)

// A textWriter writes for people: what was named by itself and what fails, each
// in a paragraph and at once; at the end a table for each range.
type textWriter struct {
	w      io.Writer
	opt    Options
	begun  bool // something stands above
	tables tables
	told   []*trust.Root // those of roots
	roots  []string      // lines about the roots that were asked
	hint   string        // the next step for those that are valid and were counted
}

func newText(w io.Writer, opt Options) *textWriter {
	return &textWriter{w: w, opt: opt}
}

// maxRoots bounds how many trusted roots are told.
const maxRoots = 20

func (t *textWriter) Object(o Object) error {
	if o.Root != nil && o.Root.Origin != "" && len(t.told) < maxRoots && !slices.Contains(t.told, o.Root) {
		t.told, t.roots = append(t.told, o.Root), append(t.roots, rootLine(o.Result))
	}
	if !o.Single {
		t.tables.add(o)
		if o.Verdict == verdict.Valid && t.hint == "" {
			t.hint = o.hint()
		}
		if !failed(o.Verdict) {
			return nil
		}
	}
	lines := []string{fmt.Sprintf("%s %s %s", Escape(o.Type), Escape(o.ID), t.opt.word(o.Verdict))}
	for _, line := range o.Lines() {
		lines = append(lines, "  "+line)
	}
	return t.paragraph(lines)
}

func (t *textWriter) Close(s Summary) error {
	for _, name := range s.Ranges {
		t.tables.of(name)
	}
	for _, table := range t.tables.all {
		if err := t.paragraph(t.table(table)); err != nil {
			return err
		}
	}
	var end []string
	if len(t.tables.all) > 0 {
		end = append(end, totals(s, t.opt.word))
	}
	if t.hint != "" {
		end = append(end, "hint: "+t.hint)
	}
	for _, root := range t.roots {
		end = append(end, "root of trust: "+root)
	}
	for _, sentence := range s.unchecked() {
		end = append(end, "not checked: "+Escape(sentence))
	}
	if s.Interrupted {
		end = append(end, "interrupted: there is more than what stands here")
	}
	return t.paragraph(end)
}

// paragraph writes lines, below a blank one if something stands above.
func (t *textWriter) paragraph(lines []string) error {
	if len(lines) == 0 {
		return nil
	}
	text := strings.Join(lines, "\n") + "\n"
	if t.begun {
		text = "\n" + text
	}
	t.begun = true
	_, err := io.WriteString(t.w, text)
	return err
}

// totals says how many objects there were, by verdict.
func totals(s Summary, show func(verdict.Verdict) string) string {
	var parts []string
	for _, v := range verdicts() {
		if n := s.Counts[v]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, show(v)))
		}
	}
	line := objects(s.total())
	if len(parts) > 0 {
		line += ": " + strings.Join(parts, ", ")
	}
	return line
}

func objects(n int) string {
	if n == 1 {
		return "1 object"
	}
	return fmt.Sprintf("%d objects", n)
}

// table is the paragraph of one range.
func (t *textWriter) table(r *rangeTable) []string {
	slices.SortStableFunc(r.rows, compareRows)
	lines := []string{fmt.Sprintf("%s: %s", Escape(cut(r.name)), objects(r.total))}
	count, wide := len(fmt.Sprint(r.total)), 0
	for _, row := range r.rows {
		wide = max(wide, len(word(row.verdict)))
	}
	for _, row := range r.rows {
		line := fmt.Sprintf("  %*d  %s", count, row.count, t.opt.word(row.verdict))
		if row.signer != "" {
			pad := strings.Repeat(" ", wide-len(word(row.verdict)))
			line += pad + "  " + t.fit(row.signer, 2+count+2+wide+2)
		}
		lines = append(lines, line)
	}
	return lines
}

// minShown is how much of a signer is shown on the narrowest terminal.
const minShown = 20

// fit shortens a signer to what the terminal has right of a column.
func (t *textWriter) fit(s string, column int) string {
	room := max(t.opt.Width-column, minShown)
	runes := []rune(s)
	if t.opt.Width <= 0 || len(runes) <= room {
		return s
	}
	return string(runes[:room-3]) + "..."
}

// rowSigner is by whom a table groups: the policy's name, else who signed.
func rowSigner(o Object) string {
	if o.SignerName != "" && (o.Signer != nil || o.Key != "") {
		return Escape(cut(o.SignerName))
	}
	return o.signer()
}
