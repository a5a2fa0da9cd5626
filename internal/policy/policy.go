// Package policy says who may sign what.
//
// [Parse] reads a policy as docs/policy.md has it, or says all that is wrong
// with it. [Policy.Decide] judges an object whose signature holds, at the place
// where it stands; [Policy.MayPush] and [Policy.MayRewind] judge push
// certificates; [Policy.Under] carries what newer policies ended into older
// ones. What people need beside it: [Policy.Lint], [Propose],
// [ImportAllowedSigners] and [Diff]. A [Signer] is for those who trust one
// person and have no policy.
//
// The package is pure: bytes and facts go in, answers come out. Which policy is
// in force where, and which paths a commit changes, is not its business.
package policy

import (
	"fmt"
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

// String is the word that a policy has for it.
func (m Mode) String() string {
	if m == Audit {
		return "audit"
	}
	return "enforce"
}

// A Policy says who may sign what. It does not change, and is safe for
// concurrent use. The zero Policy has no signers.
type Policy struct {
	Source
	Mode Mode
	// TrustUpTo are ids of commits that are exempt with all their ancestors,
	// TrustTags those of exempt tags.
	TrustUpTo, TrustTags []string

	instances []*instance
	signers   []*signer
	refs      []*rule // sections of branches and tags, in the file's order
	paths     []*rule // sections of paths
	endings   endings
	index     index
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
	// that decides. Nil: nobody can tell.
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
	Line    int // of the policy
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

// An Error is all that is wrong with a policy.
type Error struct {
	Source   Source
	Problems []Problem
}

// A Problem is one of them, or a warning.
type Problem struct {
	Line    int    // 1 is the first, 0 for the whole file
	Rule    string // one of the constants Problem... and Warn...
	Message string
}

func (p Problem) String() string {
	if p.Line == 0 {
		return p.Message
	}
	return fmt.Sprintf("line %d: %s", p.Line, p.Message)
}

func (e *Error) Error() string {
	var all []string
	for _, p := range e.Problems {
		all = append(all, p.String())
	}
	return e.Source.Name + ": " + strings.Join(all, "; ")
}

// What can be wrong with a policy.
const (
	ProblemSize      = "size"
	ProblemEncoding  = "encoding"       // no UTF-8, a byte order mark, a NUL
	ProblemCharacter = "character"      // one that cannot be seen
	ProblemSyntax    = "syntax"         // a line that says nothing, or not to every git the same
	ProblemSection   = "section"        // an unknown one
	ProblemKey       = "key"            // an unknown one
	ProblemTwice     = "twice"          // a section, or a key that stands once
	ProblemEmpty     = "empty-section"  // one that says nothing
	ProblemMissing   = "missing"        // what a section must say
	ProblemName      = "name"           // one that cannot be a name
	ProblemNobody    = "unknown-name"   // one that no section has
	ProblemValue     = "value"          // one that the key cannot have
	ProblemPattern   = "pattern"        // one that is none, or could match everything
	ProblemKeyFile   = "key-file"       // one that cannot be read
	ProblemOpen      = "policy-is-open" // no path section covers the policy itself
	ProblemMany      = "too-many-problems"
)

// Within reports whether a path section could match something in a folder,
// "" for the whole tree.
func (p *Policy) Within(dir string) bool {
	if dir == "" {
		return len(p.paths) > 0
	}
	dir += "/"
	for _, r := range p.paths {
		if r.pattern.within(dir) {
			return true
		}
	}
	return false
}
