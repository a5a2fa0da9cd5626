package main

import (
	_ "embed" // for the table
	"fmt"
	"strings"
)

// tableText is the table, for people: see its head.
//
//go:embed situations.tsv
var tableText string

// A situation is one history and what is to be said of it.
type situation struct {
	name, about, source string
	verify              [2]string // arguments of paraph verify: by fixed policy, by anchor; "" for none
	exit                [2]string // exit status, "" where the verdicts tell
	rows                []row
}

// A row is what is to be said of one object.
type row struct {
	object string    // its label
	want   [3]string // by fixed policy, by anchor, and in git
}

// What verify asks where the table does not say.
var usualVerify = [2]string{
	"--policy {anchor}:.paraph/policy --ref refs/heads/main {start}..{main}",
	"--policy-anchor {anchor} --ref refs/heads/main {start}..{main}",
}

// Words in the first column of rows that are no objects.
const (
	wordVerify = "verify"
	wordExit   = "exit"
)

// readTable reads the table: a line that starts a situation, and indented
// ones below it.
func readTable(text string) ([]*situation, error) {
	var out []*situation
	for n, line := range strings.Split(text, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if f[0] != "" {
			if len(f) != 3 {
				return nil, fmt.Errorf("line %d: want name, sentence and source", n+1)
			}
			out = append(out, &situation{name: f[0], about: f[1], source: f[2], verify: usualVerify})
			continue
		}
		if len(out) == 0 {
			return nil, fmt.Errorf("line %d: no situation has begun", n+1)
		}
		s := out[len(out)-1]
		switch {
		case len(f) == 4 && f[1] == wordVerify:
			s.verify = [2]string(f[2:])
		case len(f) == 4 && f[1] == wordExit:
			s.exit = [2]string(f[2:])
		case len(f) == 5:
			s.rows = append(s.rows, row{f[1], [3]string(f[2:])})
		default:
			return nil, fmt.Errorf("line %d: want an object and three verdicts, or verify or exit and two words", n+1)
		}
	}
	return out, nil
}
