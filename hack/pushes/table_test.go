package pushes

import (
	_ "embed" // for the table
	"errors"
	"strings"
	"testing"

	"github.com/paraph/paraph/hack/situations"
)

// tableText is the table, for people: see its head.
//
//go:embed pushes.tsv
var tableText string

// A situation is a server, and what is pushed to it.
type situation struct {
	name, about, source string
	line                int
	before              []string // refs of the server, as NAME=LABEL, or NAME>REF
	over                string   // transport
	hook                string   // its name
	set                 []string // the server's configuration, as KEY=VALUE
	put                 [][2]string
	as                  []string // the pusher's environment
	pushes              []push
}

// A push is one, and what is expected of it.
type push struct {
	args     []string
	signer   string // of the push certificate, "" for none
	accepted bool
	words    []string // that the pusher is told
}

// Words that begin a line of a situation.
const (
	wordBefore   = "before"
	wordOver     = "over"
	wordHook     = "hook"
	wordSet      = "set"
	wordPut      = "put"
	wordAs       = "as"
	wordPush     = "push"
	wordAccepted = "accepted"
	wordRefused  = "refused"
)

// readTable reads the table.
func readTable(text string) (out []*situation, err error) {
	err = situations.Read(text, func(name, about, source string, line int) {
		out = append(out, &situation{name: name, about: about, source: source, line: line, over: overFile, hook: "pre-receive", before: usualBefore})
	}, func(columns []string) error {
		if !out[len(out)-1].read(columns) {
			return errors.New("it says nothing of a situation")
		}
		return nil
	})
	return out, err
}

// read takes one line of a situation.
func (s *situation) read(f []string) bool {
	if len(f) < 2 && f[0] != wordAccepted && f[0] != wordBefore {
		return false
	}
	last := len(s.pushes) - 1
	switch f[0] {
	case wordBefore:
		s.before = nil
		if len(f) > 1 {
			s.before = strings.Fields(f[1])
		}
	case wordOver:
		s.over = f[1]
	case wordHook:
		s.hook = f[1]
	case wordSet:
		s.set = append(s.set, f[1])
	case wordPut:
		s.put = append(s.put, [2]string{f[1], strings.Join(f[2:], "")})
	case wordAs:
		s.as = append(s.as, f[1])
	case wordPush:
		p := push{args: f[1:]}
		if signer, ok := strings.CutPrefix(f[1], "@"); ok {
			p.signer, p.args = signer, f[2:]
		}
		s.pushes = append(s.pushes, p)
	case wordAccepted, wordRefused:
		if last < 0 {
			return false
		}
		s.pushes[last].accepted, s.pushes[last].words = f[0] == wordAccepted, f[1:]
	default:
		return false
	}
	return true
}

// The table has as many pushes as there are to be, good and bad, over each
// transport, and each situation has a name of its own.
func TestTable(t *testing.T) {
	table, err := readTable(tableText)
	if err != nil {
		t.Fatal(err)
	}
	seen, count := map[string]bool{}, map[string]int{}
	for _, s := range table {
		if seen[s.name] || len(s.pushes) == 0 {
			t.Errorf("line %d: %s is there twice, or pushes nothing", s.line, s.name)
		}
		seen[s.name] = true
		for _, p := range s.pushes {
			count[s.over]++
			count[s.hook]++
			count[map[bool]string{true: wordAccepted, false: wordRefused}[p.accepted]]++
			if !p.accepted && len(p.words) == 0 {
				t.Errorf("line %d: %s: a push is refused without a word", s.line, s.name)
			}
		}
		if strings.HasPrefix(s.name, "everyday-") {
			count["everyday"]++
		}
	}
	for what, least := range map[string]int{
		wordAccepted: 40, wordRefused: 60, overFile: 80, overHTTP: 5, overSSH: 5, "pre-receive": 90, "update": 5, "everyday": 15,
	} {
		if count[what] < least {
			t.Errorf("%s: %d, there were at least %d", what, count[what], least)
		}
	}
	for _, bad := range []string{"name\tsentence", "\tpush\tx", "a\tb\tc\n\tpushes\tx", "a\tb\tc\n\taccepted", "a\tb\tc\n\tset"} {
		if got, err := readTable(bad); err == nil {
			t.Errorf("%q was read as %v", bad, got)
		}
	}
}
