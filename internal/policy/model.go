package policy

import (
	"crypto/sha256"
	"slices"
	"time"
)

// publicInstance is the one that needs no section: the name stands for the
// root that paraph brings along, or that the machine's owner put in its place.
const publicInstance = "public"

// An instance is a private Sigstore. What a machine calls it is nobody's proof:
// its CA is.
type instance struct {
	name string
	line int
	cas  [][sha256.Size]byte // any of them, in the chain of a signer's certificate
}

// A signer is who a policy knows by a name. It is of one kind.
type signer struct {
	name string
	line int
	n    int // place in the file, from 0

	// Of certificates by Fulcio.
	issuer     string
	instance   *instance // nil for the public one
	identities []string
	patterns   []pattern
	claims     []claim

	// Of S/MIME.
	smime, smimeCAs []string

	// Of keys without certificates.
	keys []Key

	emails     []string
	notBefore  time.Time // zero: no bound. The end is among the endings
	mergesOnly bool
}

// A claim is one that the certificate must make, or one of its name.
type claim struct {
	name, value string
}

// An ending is when a signer ends: notAfter is the last time at which it may
// sign, since the first from which on it counts for nothing.
type ending struct {
	notAfter, since end
}

// An end is a time and who says so; the zero end is none.
type end struct {
	time time.Time
	by   Source
	line int
}

// endings are those of signers, by name.
type endings map[string]ending

// A rule is a section of a branch, tag or path.
type rule struct {
	word, name string
	line       int
	pattern    pattern
	// Who is listed; nil where the key does not stand.
	allow, contribute, push, rewind *list
}

func (r *rule) String() string { return title(r.word, r.name) }

// A list is all that stands under one key of a section.
type list struct {
	line  int // of the first
	all   int // of `*`, 0 if it does not stand there
	names []string
	lines map[string]int // by name
}

func (i *instance) has(ca [sha256.Size]byte) bool { return slices.Contains(i.cas, ca) }

// lists returns the line that lists a signer, 0 if none does.
func (l *list) lists(name string) int {
	if l == nil {
		return 0
	}
	if line := l.lines[name]; line != 0 {
		return line
	}
	return l.all
}
