package proof

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"

	"github.com/pjbgf/sha1cd"

	"github.com/paraph/paraph/internal/payload"
)

// A LoggedID is an id that a signer can have logged for an object.
type LoggedID struct {
	ID string // hexadecimal: what was signed a second time, in ASCII
	// Form says for people which bytes were hashed.
	Form string
}

// Digest is the digest of the artifact: SHA-256 of the id in ASCII.
func (l LoggedID) Digest() [32]byte { return sha256.Sum256([]byte(l.ID)) }

// LoggedIDs returns the ids that can have been logged for an object with this
// payload and armored signature. trueID is the object's own, "" if it is not
// known.
//
// All of them are SHA-1, of bytes that hold the signature, which is over the
// payload. Besides the object's id there are those of forms that git does not
// have, which gitsign makes by reading the payload with go-git and writing it
// anew: see [rewritten]. Its version of 2022 took tags for commits too. A form
// with the marks of a collision attack has no id (git.Hash).
func LoggedIDs(signed, armored []byte, trueID string) []LoggedID {
	p, err := payload.Parse(signed)
	if err != nil || p.Kind == payload.PushCertificate {
		return nil
	}
	var out []LoggedID
	add := func(id, form string) {
		if id != "" && !slices.ContainsFunc(out, func(l LoggedID) bool { return l.ID == id }) {
			out = append(out, LoggedID{id, form})
		}
	}
	const itself = "the object's id"
	last := itself // where nobody knows better, the signature stands where git puts it
	if len(trueID) == 2*sha1cd.Size {
		add(trueID, itself)
	}
	if trueID != "" {
		last = "SHA-1 of the object with its signature last"
	}
	switch p.Kind {
	case payload.Commit:
		add(sha1Of("commit", folded("gpgsig", signed, armored)), last)
		add(sha1Of("commit", folded("gpgsig-sha256", signed, armored)), last)
	case payload.Tag:
		raw := slices.Concat(signed, armored)
		add(sha1Of("tag", raw), last)
		add(sha1Of("commit", raw), "the tag taken for a commit")
		add(sha1Of("commit", folded("gpgsig", signed, armored)), "the tag taken for a commit")
	}
	add(sha1Of("commit", rewritten(signed, armored)), "the object as gitsign rewrote it")
	return out
}

// ObjectIDs returns the ids that an object with this payload and armored
// signature has in repositories of either object format, where the signature
// stands as git puts it. They are where its notes are.
func ObjectIDs(signed, armored []byte) []string {
	var out []string
	add := func(kind string, sha1, sha256 []byte) {
		if id := sha1Of(kind, sha1); id != "" {
			out = append(out, id)
		}
		out = append(out, sha256Of(kind, sha256))
	}
	switch {
	case bytes.HasPrefix(signed, []byte("tree ")):
		add("commit", folded("gpgsig", signed, armored), folded("gpgsig-sha256", signed, armored))
	case bytes.HasPrefix(signed, []byte("object ")):
		raw := slices.Concat(signed, armored)
		add("tag", raw, raw)
	}
	return out
}

// folded is the payload with the signature as its last header.
func folded(header string, signed, armored []byte) []byte {
	head, message, ok := bytes.Cut(signed, []byte("\n\n"))
	if !ok {
		return nil
	}
	lines := bytes.ReplaceAll(bytes.TrimSuffix(armored, []byte("\n")), []byte("\n"), []byte("\n "))
	return slices.Concat(head, []byte("\n"+header+" "), lines, []byte("\n\n"), message)
}

// rewritten is what gitsign hashes: the payload read as a commit by go-git and
// written again, with the signature in it. Of a commit that keeps tree,
// parents, author, committer and message, and loses other headers; of a tag,
// the message alone. Ids are cut to the width of SHA-1 (go-git v5,
// plumbing/object/commit.go, object.Commit.Encode, and plumbing.NewHash).
func rewritten(signed, armored []byte) []byte {
	head, message, ok := bytes.Cut(signed, []byte("\n\n"))
	if !ok {
		return nil
	}
	const nobody = " <> 0 +0000"
	tree, author, committer := bytes.Repeat([]byte("0"), 2*sha1cd.Size), []byte(nobody), []byte(nobody)
	var parents [][]byte
	for line := range bytes.Lines(append(slices.Clip(head), '\n')) {
		name, value, _ := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(" "))
		switch string(name) {
		case "tree":
			tree = value[:min(len(value), len(tree))]
		case "parent":
			parents = append(parents, value[:min(len(value), 2*sha1cd.Size)])
		case "author":
			author = value
		case "committer":
			committer = value
		}
	}
	var b bytes.Buffer
	line := func(name string, value []byte) {
		b.WriteString(name + " ")
		b.Write(value)
		b.WriteByte('\n')
	}
	line("tree", tree)
	for _, p := range parents {
		line("parent", p)
	}
	line("author", author)
	line("committer", committer)
	b.WriteByte('\n')
	b.Write(message)
	return folded("gpgsig", b.Bytes(), armored)
}

// sha1Of is the id of an object with these bytes, "" if there is none: its
// bytes were made to collide with others.
func sha1Of(kind string, raw []byte) string {
	if raw == nil {
		return ""
	}
	h := sha1cd.New().(sha1cd.CollisionResistantHash)
	writeObject(h.Write, kind, raw)
	sum, collides := h.CollisionResistantSum(nil)
	if collides {
		return ""
	}
	return hex.EncodeToString(sum)
}

func sha256Of(kind string, raw []byte) string {
	h := sha256.New()
	writeObject(h.Write, kind, raw)
	return hex.EncodeToString(h.Sum(nil))
}

func writeObject(write func([]byte) (int, error), kind string, raw []byte) {
	_, _ = write(append(strconv.AppendInt([]byte(kind+" "), int64(len(raw)), 10), 0)) // a hash.Hash never fails to write
	_, _ = write(raw)
}
