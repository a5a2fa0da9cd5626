// Package situations reads tables of situations: what is checked in of what has
// to come out of whole histories and pushes. Columns are divided by tabs, # begins
// a comment.
package situations

import (
	"fmt"
	"strings"
)

// Read reads a table. A line that begins at the margin begins a situation: its
// name, a sentence, and where it comes from. begin is told that, and the line's
// number from 1; below is told the columns of each indented line under it.
func Read(text string, begin func(name, about, source string, line int), below func(columns []string) error) error {
	begun := false
	for n, line := range strings.Split(text, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		switch {
		case f[0] != "" && len(f) != 3:
			return fmt.Errorf("line %d: want name, sentence and source", n+1)
		case f[0] != "":
			begin(f[0], f[1], f[2], n+1)
			begun = true
		case !begun:
			return fmt.Errorf("line %d: no situation has begun", n+1)
		default:
			if err := below(f[1:]); err != nil {
				return fmt.Errorf("line %d: %w", n+1, err)
			}
		}
	}
	return nil
}
