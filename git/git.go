// Package git verifies, signs and takes apart git objects, byte for byte.
//
// [Verify] says who signed a commit, tag or push certificate, given its raw
// bytes, a trusted root of Sigstore and the signers that are accepted. A
// [Signature] is what was verified; what was not comes inside an error.
// [Sign] makes a signed object with a [Signer].
//
// Below them, [Split] cuts the raw bytes into the payload, which is what was
// signed, and the armored signature: exactly the bytes that git hands to its
// signing program. [Object.Bytes] is the inverse, [Join] does what git does
// when it signs, [Hash] gives the object's id.
//
// Raw bytes are what `git cat-file commit ID` prints. Never re-encode a parsed
// object to get them: the signature is over bytes, and an encoder that loses
// one header loses what it should have verified.
//
// git itself is lenient: it joins two signatures into one, and drops unknown
// headers that look like signatures from what it verifies. Such objects hold
// bytes that nobody signed; Split refuses them.
//
// The package starts no program, reaches no network and reads no clock. For a
// signer that runs the program paraph see package git/program, for go-git's
// repositories git/gogit.
package git

import "fmt"

// A Format is the hash algorithm of a repository, called object format by
// git. It decides how ids are computed and which header holds a commit's
// signature. The zero value is none.
type Format int

// The object formats.
const (
	SHA1 Format = iota + 1
	SHA256
)

// String returns git's name for the format, as in `git init --object-format`.
func (f Format) String() string {
	switch f {
	case SHA1:
		return "sha1"
	case SHA256:
		return "sha256"
	}
	return fmt.Sprintf("Format(%d)", int(f))
}

// header is the name of the header that holds a commit's signature
// (commit.c:gpg_sig_headers), "" for no format.
func (f Format) header() string {
	switch f {
	case SHA1:
		return "gpgsig"
	case SHA256:
		return "gpgsig-sha256"
	}
	return ""
}

// idWidth is the length of an object id in hexadecimal digits.
func (f Format) idWidth() int {
	if f == SHA256 {
		return 64
	}
	return 40
}

// A Type is a sort of object that can be signed. The zero value is none.
type Type string

// The types. A push certificate is stored as a blob.
const (
	Commit          Type = "commit"
	Tag             Type = "tag"
	PushCertificate Type = "push certificate"
)

// firstWord is what the raw bytes begin with, "" for no type.
func (t Type) firstWord() string {
	switch t {
	case Commit:
		return "tree "
	case Tag:
		return "object "
	case PushCertificate:
		return "certificate version "
	}
	return ""
}

// An Object is a signed object in two parts. Nothing in it is verified.
type Object struct {
	Format Format
	Type   Type

	// Payload is what was signed: the raw object without its signature.
	Payload []byte
	// Signature is the armored signature as git writes it to the file that
	// its signing program verifies: without the header's name and the space
	// before each line.
	Signature []byte
	// Armor is what sort of signature it looks like.
	Armor Armor

	// at is the offset in Payload of the line before which the signature's
	// header stood. Only commits have one; other writers than git put it
	// before headers of their own.
	at int
}

// checkType refuses values of Format and Type that are none, and an object of
// another type or format: a signature says nothing about where it is stored.
func checkType(f Format, t Type, raw []byte) error {
	word := t.firstWord()
	if f.header() == "" || word == "" {
		return broken(RuleUsage, "not a format and a type: %s, %q", f, string(t))
	}
	if len(raw) < len(word) || string(raw[:len(word)]) != word {
		return broken(RuleObjectKind, "a %s begins with %q, this object does not", t, word)
	}
	if t == PushCertificate {
		return nil
	}
	end := len(word) + f.idWidth()
	if len(raw) <= end || raw[end] != '\n' {
		return broken(RuleObjectFormat, "the first line does not hold an object id of a %s repository", f)
	}
	return nil
}
