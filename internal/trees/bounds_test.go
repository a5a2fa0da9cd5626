package trees

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/paraph/paraph/internal/verdict"
)

// number is an id for a tree that is made when it is asked for.
func number(n int) string { return fmt.Sprintf("%040x", n) }

// raw is an entry of a tree that leads to such an id.
func raw(mode, name string, n int) string {
	id, err := hex.DecodeString(number(n))
	if err != nil {
		panic(err)
	}
	return mode + " " + name + "\x00" + string(id)
}

// made is a Reader of trees that are made when they are asked for.
func made(tree func(n int) string) *Reader {
	return &Reader{Read: func(id string) ([]byte, error) {
		n := 0
		_, err := fmt.Sscanf(id, "%x", &n)
		return []byte(tree(n)), err
	}}
}

// However trees are nested or spread out, there is an end to it, and it is
// never that nothing changed.
func TestBounds(t *testing.T) {
	folders := func(n, each int, name string) string { // all lead to the next number
		var b strings.Builder
		for i := range each {
			b.WriteString(raw("40000", fmt.Sprintf("%s%02d", name, i), n+1))
		}
		return b.String()
	}
	var files strings.Builder
	for i := range maxChanged + 1 {
		files.WriteString(raw("100644", fmt.Sprintf("%07d", i), 1))
	}
	var names strings.Builder
	for i := range maxNames/maxPath + 2 {
		names.WriteString(raw("100644", fmt.Sprintf("%07d%s", i, strings.Repeat("x", maxPath-8)), 1))
	}
	for name, tree := range map[string]func(int) string{
		"one folder in the other": func(n int) string { return folders(n, 1, "") },
		"two of each, and in the end nothing": func(n int) string {
			if n == 100 {
				return ""
			}
			return folders(n, 2, "")
		},
		"a long name":        func(n int) string { return folders(n, 1, strings.Repeat("x", maxPath)) },
		"long names in each": func(n int) string { return folders(n, 1, strings.Repeat("x", maxPath/8)) },
		"many files":         func(int) string { return files.String() },
		"many long names":    func(int) string { return names.String() },
		"a large tree":       func(int) string { return raw("100644", strings.Repeat("x", maxTree), 1) },
	} {
		t.Run(name, func(t *testing.T) {
			got, err := made(tree).Changed(Commit{Tree: number(1)}, everywhere)
			var e *verdict.Error
			if got != nil || !errors.As(err, &e) || e.Rule != RuleSize || e.Class != verdict.Infrastructure || len(e.Message) > 200 {
				t.Errorf("%d paths, %v", len(got), err)
			}
		})
	}
}

// Nor do a merge's parents and bases go on for ever.
func TestBoundsOfMerges(t *testing.T) {
	var files strings.Builder
	for i := range 10_000 {
		files.WriteString(raw("100644", fmt.Sprintf("%07d", i), 1))
	}
	reader := made(func(n int) string {
		switch n {
		case 0:
			return ""
		case 1:
			return files.String()
		}
		return raw("100644", "x", n)
	})
	bases := make([]string, 5_000)
	for i := range bases {
		bases[i] = number(i + 2)
	}
	c := Commit{Tree: number(1), Parents: []string{number(0), number(1)}, Bases: func(int) ([]string, error) { return bases, nil }}
	var e *verdict.Error
	if got, err := reader.Changed(c, everywhere); got != nil || !errors.As(err, &e) || e.Rule != RuleSize {
		t.Errorf("many bases: %d paths, %v", len(got), err)
	}
	for len(c.Parents) <= maxParents {
		c.Parents = append(c.Parents, number(0))
	}
	if got, err := reader.Changed(c, everywhere); got != nil || !errors.As(err, &e) || e.Rule != RuleSize {
		t.Errorf("many parents: %d paths, %v", len(got), err)
	}
}

// What is kept of trees that were read has an end, too, in number and in bytes.
func TestKept(t *testing.T) {
	reads := 0
	for name, tt := range map[string]struct {
		tree  string
		trees int
	}{
		"small": {raw("100644", "a", 1), 2 * maxKept},
		"large": {raw("100644", strings.Repeat("x", maxTree/2), 1), 2 * maxSize / (maxTree / 2)},
	} {
		reader := made(func(int) string { reads++; return tt.tree })
		for i := range tt.trees {
			if _, err := reader.Find(number(i), "a"); err != nil {
				t.Fatal(err)
			}
		}
		total := 0
		for e := reader.last.Front(); e != nil; e = e.Next() {
			total += e.Value.(*parsed).size
		}
		if len(reader.kept) != reader.last.Len() || len(reader.kept) > maxKept || reader.size > maxSize || reader.size != total || total == 0 {
			t.Errorf("%s: %d trees and %d bytes are kept", name, len(reader.kept), reader.size)
		}
		before := reads
		if _, err := reader.Find(number(tt.trees-1), "a"); err != nil || reads != before {
			t.Errorf("%s: the last one was read again, %v", name, err)
		}
	}
}

// Comparing two root trees of which one file differs costs microseconds: every
// commit of a history is asked.
func BenchmarkChanged(b *testing.B) {
	trees := []string{raw("100644", "policy", 1)}
	for n := range 2 * maxKept {
		tree := raw("40000", ".paraph", 0)
		for i := range 30 {
			tree += raw("100644", fmt.Sprintf("file%02d", i), 1+n*(i/29))
		}
		trees = append(trees, tree)
	}
	reader := made(func(n int) string { return trees[n] })
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		c := Commit{Tree: number(2 + n%(len(trees)-2)), Parents: []string{number(1 + n%(len(trees)-2))}}
		paths, err := reader.Changed(c, func(dir string) bool { return dir == "" || dir == ".paraph" })
		if err != nil || len(paths) != 1 {
			b.Fatal(paths, err)
		}
	}
}
