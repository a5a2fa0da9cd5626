package main

import (
	_ "embed" // for the table
	"errors"

	"github.com/paraph/paraph/hack/situations"
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

// readTable reads the table.
func readTable(text string) (out []*situation, err error) {
	err = situations.Read(text, func(name, about, source string, _ int) {
		out = append(out, &situation{name: name, about: about, source: source, verify: usualVerify})
	}, func(f []string) error {
		s := out[len(out)-1]
		switch {
		case len(f) == 3 && f[0] == wordVerify:
			s.verify = [2]string(f[1:])
		case len(f) == 3 && f[0] == wordExit:
			s.exit = [2]string(f[1:])
		case len(f) == 4:
			s.rows = append(s.rows, row{f[0], [3]string(f[1:])})
		default:
			return errors.New("want an object and three verdicts, or verify or exit and two words")
		}
		return nil
	})
	return out, err
}
