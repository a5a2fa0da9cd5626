/*
Vectors writes the histories that paraph's judgement is held to, one bare
repository each, and tells what paraph must say of them:

	go run ./hack/vectors DIR

The same histories come each time, object for object. situations.tsv is the
table of what is expected of each object: by a fixed policy, by an anchor, and
for x509 signatures in git. It was written from the policy's documentation,
not from what the program does; the test beside it runs paraph and git on
every history and compares.

HOME=DIR/home is where the private instance is known.
*/
package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/paraph/paraph/hack/vectors/scribe"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: vectors DIR")
		os.Exit(2)
	}
	table, err := readTable(tableText)
	if err == nil {
		err = run(os.Args[1], table, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "vectors:", err)
		os.Exit(1)
	}
}

// run writes the histories of a table into dir, and how to ask about them to w.
func run(dir string, table []*situation, w io.Writer) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if err := errors.Join(os.MkdirAll(dir, 0o700), scribe.Prepare(dir)); err != nil {
		return err
	}
	for _, s := range table {
		h, err := s.write(dir)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s: %s (%s)\n", s.name, s.about, s.source)
		for _, ask := range s.verify {
			if ask != "" {
				fmt.Fprintf(w, "  cd %s/%s.git && paraph verify %s\n", dir, s.name, strings.Join(s.arguments(h, ask), " "))
			}
		}
	}
	return nil
}

// write writes the history of a situation into dir.
func (s *situation) write(dir string) (*scribe.History, error) {
	tell := histories[s.name]
	if tell == nil {
		return nil, fmt.Errorf("%s has no history", s.name)
	}
	h := tell()
	return h, h.Write(dir, s.name)
}

// arguments are those of paraph verify, with ids for the labels.
func (s *situation) arguments(h *scribe.History, ask string) []string {
	var pairs []string
	for label, id := range h.Labels() {
		pairs = append(pairs, "{"+label+"}", id)
	}
	pairs = append(pairs, "{main}", "refs/heads/main")
	return strings.Fields(strings.NewReplacer(pairs...).Replace(ask))
}

// histories tell each situation of the table, by its name.
var histories = merge(signerHistories, policyHistories, mergeHistories, timeHistories, pathHistories, tagHistories, everydayHistories, brokenHistories)

type told = map[string]func() *scribe.History

func merge(parts ...told) told {
	out := told{}
	for _, p := range parts {
		maps.Copy(out, p)
	}
	return out
}
