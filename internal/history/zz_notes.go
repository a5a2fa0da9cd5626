package history

import "github.com/paraph/paraph/internal/verdict"

// NotesPush refuses, until it can tell what proves.
func (v *Verification) NotesPush(string, string) error {
	return verdict.Errorf(verdict.Infrastructure, "notes-ref", "pushes to refs/notes/sigstore cannot be judged yet")
}
