package policy

import (
	"strings"
	"time"

	"github.com/paraph/paraph/internal/payload"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// Path is where a repository has its policy.
const Path = ".paraph/policy"

// MaxSize bounds a policy, in bytes.
const MaxSize = 1 << 20

// A Source says where a policy is from, for people and for scripts.
type Source struct {
	Name string // COMMITID:PATH, or a file
	Blob string // the id of its blob, "" for a file
}

// A Mode says what a policy that refuses leads to. The zero value enforces.
type Mode int

// The modes.
const (
	Enforce Mode = iota
	Audit        // it is said, and passes
)

// A Policy says who may sign what. It does not change, and is safe for
// concurrent use.
type Policy struct {
	Source
	Mode Mode
	// TrustUpTo are ids of commits that are exempt with all their ancestors,
	// TrustTags those of exempt tags.
	TrustUpTo, TrustTags []string
}

// An Object is what a policy is asked about: a commit, tag or push certificate
// whose signature holds.
type Object struct {
	Kind      payload.Kind
	Committer payload.Ident  // the tagger of a tag, the pusher of a push certificate
	TagName   string         // as signed, without refs/tags/
	Signer    *verify.Signer // who a certificate names; nil where Key is not
	// Times are all that are proven. For a Key there is one, which is assumed.
	Times []time.Time
	Key   KeySignature // SSH and OpenPGP
	// CleanMerge reports whether a commit is exactly the merge, without a
	// conflict, of its two parents. It is called at most once, and only where
	// that decides.
	CleanMerge func() (bool, error)
}

// A KeySignature is one that a key without a certificate made.
type KeySignature interface {
	// By reports whether the key made it.
	By(k Key) bool
}

// A Key is one that a policy names.
type Key struct {
	// SSH is a public key in the encoding of RFC 4253, 6.6.
	SSH []byte
	// OpenPGP is a file of OpenPGP keys, armored or not.
	OpenPGP []byte
}

// A Place is where an object stands.
type Place struct {
	Ref  string // full name, "" if none is known
	Side bool   // a merge brought it in: it is not on the ref's mainline
	// Paths are those that a commit changes, as far as a section could match
	// them, see [Policy.Within].
	Paths []string
}

// A Decision is what a policy says of an object. The zero value is none.
type Decision struct {
	// Verdict is trusted, refused, or valid, where only a ref could tell.
	Verdict verdict.Verdict
	Signer  string // the policy's name for who signed, "" if it has none
	Rule    string // what decided, as `[branch "main"] allow`
	Line    int    // where that stands
	// Err says what would have to change, nil where it is trusted. Its class is
	// Policy, or Infrastructure where nobody can tell.
	Err *verdict.Error
}

// Parse reads a policy. files returns the key files that it names, by the path
// that stands there. The error is an [*Error] for what is wrong with the policy.
func Parse(data []byte, source Source, files func(path string) ([]byte, error)) (*Policy, error) {
	return nil, &Error{Source: source}
}

// An Error is all that is wrong with a policy.
type Error struct {
	Source   Source
	Problems []Problem
}

// A Problem is one of them, or a warning.
type Problem struct {
	Line    int // 1 is the first, 0 for the whole file
	Rule    string
	Message string
}

func (e *Error) Error() string {
	var all []string
	for _, p := range e.Problems {
		all = append(all, p.Message)
	}
	return e.Source.Name + ": " + strings.Join(all, "; ")
}

// Decide judges an object whose signature holds.
func (p *Policy) Decide(o Object, at Place) Decision { return Decision{} }

// Under is the policy with the endings of a newer one: its revocations, and
// the ends of signers of the same name. Endings only ever add up.
func (p *Policy) Under(newer *Policy) *Policy { return p }

// Within reports whether a path section could match something in a folder,
// "" for the whole tree.
func (p *Policy) Within(dir string) bool { return false }
