// Package payload is the grammar of what is signed: the bytes that git hands
// to a signing program, and that a signature is over.
//
// Three shapes exist, told apart by their first bytes: a commit without its
// signature header, a tag without the armor at its end, a push certificate
// without the same. Parse accepts what git itself writes and refuses whatever
// two readers could take for two things. It is pure and never changes,
// normalizes or re-encodes a byte.
//
// Specification: git's fsck.c (fsck_commit, fsck_tag, fsck_ident), commit.c,
// send-pack.c (generate_push_cert) and Documentation/gitformat-signature.
package payload

import (
	"bytes"
	"time"

	"github.com/paraph/paraph/internal/verdict"
)

// MaxSize is how many bytes of a git object are read, signed or not. Whoever
// reads one sees to it: honest messages have tens of megabytes.
const MaxSize = 64 << 20

// A Kind is what sort of bytes were signed. The zero value is none.
type Kind string

// The kinds, by the word that people read.
const (
	Commit          Kind = "commit"
	Tag             Kind = "tag"
	PushCertificate Kind = "push certificate"
)

// A Payload is what the signed bytes say. Nothing in it is verified: it is as
// true as the signature over the bytes. Strings hold bytes as they were
// written, of whatever encoding, without LF and NUL.
type Payload struct {
	Kind Kind

	// Tree and Parents of a commit; 40 or 64 lowercase hexadecimal digits,
	// all of one width.
	Tree    string
	Parents []string

	// Author of a commit. Committer of a commit, the tagger of a tag, the
	// pusher of a push certificate.
	Author, Committer Ident

	// Object is what a tag leads to, ObjectType what it claims that to be:
	// commit, tree, blob or tag. TagName is the name that was signed, without
	// refs/tags/.
	Object, ObjectType, TagName string

	// Encoding is the commit's encoding header, "" for none.
	Encoding string

	// Pushee, Nonce and PushOptions of a push certificate.
	Pushee, Nonce string
	PushOptions   []string

	// Message is all after the blank line: the message of a commit or tag, the
	// ref updates of a push certificate. It shares memory with what was parsed.
	Message []byte
}

// An Ident is a person at a time.
type Ident struct {
	Name, Email string
	Time        time.Time // UTC
	Zone        string    // as written, such as "+0200"
	Raw         string    // the whole value of the header
}

// firstWords are what a payload of each kind begins with.
var firstWords = []struct {
	kind  Kind
	word  string
	parse func(*Payload, *headers) error
}{
	{Commit, "tree ", (*Payload).parseCommit},
	{Tag, "object ", (*Payload).parseTag},
	{PushCertificate, "certificate version ", (*Payload).parseCertificate},
}

// Parse reads the payload p: a whole commit, tag or push certificate without
// its signature. The error is a *verdict.Error of class Syntax. The result
// shares the message with p, and nothing else.
func Parse(p []byte) (*Payload, error) {
	for _, first := range firstWords {
		if !bytes.HasPrefix(p, []byte(first.word)) {
			continue
		}
		h, err := split(p)
		if err != nil {
			return nil, err
		}
		out := &Payload{Kind: first.kind, Message: h.message}
		if err := first.parse(out, h); err != nil {
			return nil, err
		}
		return out, nil
	}
	if len(p) == 0 {
		return nil, broken(RuleKind, "the payload is empty")
	}
	return nil, broken(RuleKind, "the payload is no commit, tag or push certificate")
}

// broken makes the error for one broken rule.
func broken(rule, format string, args ...any) error {
	return verdict.Errorf(verdict.Syntax, rule, format, args...)
}
