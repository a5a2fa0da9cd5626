package terminal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Ask asks a question at the terminal that yes answers; whatever else is
// typed, and the end of the input, is no. An error is that nobody was there to
// answer in time.
func Ask(ctx context.Context, tty io.ReadWriter, question string) (yes bool, err error) {
	fmt.Fprint(tty, question+" [y/N] ")
	line, err := ReadLine(ctx, tty)
	if err != nil {
		fmt.Fprintln(tty) // nobody ended the line
	}
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading from the terminal: %w", err)
	}
	word := strings.ToLower(strings.TrimSpace(line))
	return word == "y" || word == "yes", nil
}
