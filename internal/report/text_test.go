package report

import (
	"fmt"
	"strings"
	"testing"

	"github.com/paraph/paraph/internal/fulcio"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// by is an object of a range that somebody signed.
func by(rng, name, identity string, v verdict.Verdict) Object {
	o := Object{ID: "1234", Type: "commit", Range: rng, SignerName: name, Result: &verify.Result{Verdict: v}}
	if identity != "" {
		o.Signer = &verify.Signer{Identity: fulcio.Identity{Name: identity, Issuer: "https://accounts.example.com"}, Instance: "public"}
	}
	return o
}

// What fails comes at once and in full, all is counted at the end.
func TestTextRange(t *testing.T) {
	refused := by("main..topic", "", "eve@example.com", verdict.Refused)
	refused.Err = verdict.Errorf(verdict.Policy, "branch", "eve is not allowed")
	refused.PolicySource, refused.Rule, refused.Line = "abcd:.paraph/policy", `[branch "main"] allow`, 4
	exempt := by("main..topic", "", "", verdict.Exempt)
	exempt.Root = &trust.Root{Instance: "public", Origin: "built in"}
	key := by("--all", "", "", verdict.Trusted)
	key.Key = "SSH SHA256:abc"
	objects := []Object{
		by("main..topic", "alice", "alice@example.com", verdict.Trusted), exempt, refused,
		by("main..topic", "alice", "alice@example.org", verdict.Trusted), by("main..topic", "", "bob@example.com", verdict.Valid), key,
	}
	s := Summary{Ranges: []string{"main..topic", "--all", "empty..empty"}, Interrupted: true}
	for _, o := range objects {
		s.Count(o.Verdict)
	}
	s.Uncheck("commit 5678: it is not in this repository")
	want := `commit 1234 refused
  Valid signature by a signer who is not allowed: eve is not allowed (branch)
  signer: eve@example.com [https://accounts.example.com]
  policy: abcd:.paraph/policy line 4: [branch "main"] allow

main..topic: 5 objects
  2  trusted  alice
  1  exempt
  1  valid    bob@example.com [https://accounts.example.com]
  1  refused  eve@example.com [https://accounts.example.com]

--all: 1 object
  1  trusted  SSH SHA256:abc

empty..empty: 0 objects

6 objects: 3 trusted, 1 exempt, 1 valid, 1 refused
hint: set paraph.certificateIdentity and paraph.certificateOIDCIssuer to the signer you trust
root of trust: public (built in)
not checked: commit 5678: it is not in this repository
interrupted: there is more than what stands here
`
	if got := closed(t, "text", Options{}, s, objects...); got != want {
		t.Errorf("%s", got)
	}
}

// What was named by itself is explained, and not counted.
func TestTextSingle(t *testing.T) {
	o := by("v1.0", "alice", "alice@example.com", verdict.Trusted)
	o.Single = true
	want := "commit 1234 trusted\n  Good signature by a trusted signer\n  signer: alice, alice@example.com [https://accounts.example.com]\n"
	if got := written(t, "text", Options{}, o, o); got != want+"\n"+want {
		t.Errorf("%s", got)
	}
}

// However many signers and ranges there are, memory and output stay bounded,
// and every object is counted.
func TestTextIsBounded(t *testing.T) {
	w := newText(&strings.Builder{}, Options{})
	total := 0
	for r := range maxRanges + 20 {
		for i := range maxRows {
			if err := w.Object(by(fmt.Sprint("range ", r), "", fmt.Sprintf("%d-%d", r, i%50), verdict.Trusted)); err != nil {
				t.Fatal(err)
			}
			total++
		}
	}
	rows, counted := 0, 0
	for _, table := range w.tables.all {
		rows += len(table.rows)
		for _, row := range table.rows {
			counted += row.count
		}
	}
	if len(w.tables.all) != maxRanges+1 || rows > maxRows+2*maxRanges || counted != total {
		t.Errorf("%d ranges, %d rows, %d of %d counted", len(w.tables.all), rows, counted, total)
	}
	last := w.table(w.tables.all[maxRanges])
	if want := []string{"other ranges: 6000 objects", "  6000  trusted  others"}; fmt.Sprint(last) != fmt.Sprint(want) {
		t.Errorf("%q", last)
	}
}

// Nobody's name is the word for those who found no row.
func TestTextOthers(t *testing.T) {
	w := newText(&strings.Builder{}, Options{})
	w.tables.add(by("a", "others", "mallory@example.com", verdict.Trusted))
	w.tables.rows = maxRows
	w.tables.add(by("a", "", "alice@example.com", verdict.Trusted))
	if n := len(w.tables.all[0].rows); n != 2 {
		t.Errorf("%d rows", n)
	}
}

// Only verdicts have colours, and only where they are wished.
func TestTextColour(t *testing.T) {
	single := by("", "", "", verdict.Bad)
	single.Single = true
	got := written(t, "text", Options{Colour: true}, single, by("a..b", "", "alice@example.com", verdict.Trusted), by("a..b", "", "", verdict.Exempt))
	want := "commit 1234 \x1b[31mbad\x1b[m\n  BAD signature\n\na..b: 2 objects\n  1  \x1b[32mtrusted\x1b[m  alice@example.com [https://accounts.example.com]\n" +
		"  1  \x1b[33mexempt\x1b[m\n\n3 objects: 1 \x1b[32mtrusted\x1b[m, 1 \x1b[33mexempt\x1b[m, 1 \x1b[31mbad\x1b[m\n"
	if got != want {
		t.Errorf("%q", got)
	}
}

// A row of a table fits a terminal's line.
func TestTextWidth(t *testing.T) {
	o := by("a..b", "", strings.Repeat("\u00e9", 100), verdict.Trusted)
	for _, width := range []int{0, 10, 60} {
		line := strings.Split(written(t, "text", Options{Width: width}, o), "\n")[1]
		if n := len([]rune(line)); width == 0 && strings.Contains(line, "...") || width == 60 && n != 60 || width == 10 && n != 14+minShown {
			t.Errorf("width %d: %d columns: %s", width, n, line)
		}
	}
}
