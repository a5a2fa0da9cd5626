package git

import (
	"bytes"
	"slices"
)

// Split takes raw, the bytes of an object as `git cat-file` prints them, apart
// into payload and signature, as git does before it starts its signing
// program. It mirrors
//
//   - commit.c:parse_buffer_signed_by_header for commits,
//   - gpg-interface.c:parse_signature, that is parse_signed_buffer and
//     commit.c:remove_signature, for tags,
//   - gpg-interface.c:parse_signed_buffer for push certificates,
//
// and refuses whatever these drop, join or leave unsigned. Whether the headers
// of the payload are in order is looked at by who verifies it.
//
// The error is ErrUnsigned if there is no signature at all, else an *Error.
// The result does not share memory with raw, except for a tag's or a push
// certificate's.
func Split(f Format, t Type, raw []byte) (*Object, error) {
	if err := checkType(f, t, raw); err != nil {
		return nil, err
	}
	o := &Object{Format: f, Type: t}
	var err error
	if t == Commit {
		err = o.splitCommit(raw)
	} else {
		err = o.splitTail(raw)
	}
	if err != nil {
		return nil, err
	}
	if o.Armor, err = checkSignature(o.Signature); err != nil {
		return nil, err
	}
	return o, nil
}

// splitCommit cuts the signature's header out of a commit. git takes every
// line after it that begins with a space as its continuation; a mergetag's
// lines begin with one too, so nothing in there is ever a header.
func (o *Object) splitCommit(raw []byte) error {
	begin, end := -1, -1 // of the signature's lines in raw
	open := false        // the line before belongs to the signature
	for pos := 0; ; {
		i := bytes.IndexByte(raw[pos:], '\n')
		if i < 0 {
			return broken(RuleNoBlankLine, "no blank line ends the headers")
		}
		line, next := raw[pos:pos+i], pos+i+1
		switch {
		case len(line) == 0:
			if begin < 0 {
				return ErrUnsigned
			}
			o.cut(raw, begin, end)
			return nil
		case line[0] == ' ':
			if open {
				end = next
			}
		case line[0] == '\t':
			return broken(RuleTabLine, "a header line begins with TAB")
		case !bytes.HasPrefix(line, []byte("gpgsig")):
			open = false
		case !o.isSignature(line):
			return broken(RuleForeignSignature, "a header that is neither signed nor %s's signature: %q", o.Format, headerName(line))
		case begin >= 0:
			return broken(RuleDuplicateSignature, "two headers %q", o.Format.header())
		default:
			open, begin, end = true, pos, next
		}
		pos = next
	}
}

// isSignature reports whether a header line holds the signature of this format.
func (o *Object) isSignature(line []byte) bool {
	name := o.Format.header()
	return len(line) > len(name) && line[len(name)] == ' ' && string(line[:len(name)]) == name
}

// cut fills o with a commit whose signature has the lines raw[begin:end].
func (o *Object) cut(raw []byte, begin, end int) {
	o.at = begin
	o.Payload = slices.Concat(raw[:begin], raw[end:])
	lines := raw[begin+len(o.Format.header()) : end]
	o.Signature = make([]byte, 0, len(lines))
	for line := range bytes.Lines(lines) {
		o.Signature = append(o.Signature, line[1:]...)
	}
}

// splitTail cuts the signature off the end of a tag or push certificate: it
// begins with the last line that begins with a marker, whatever stood before.
func (o *Object) splitTail(raw []byte) error {
	if o.Type == Tag {
		if err := checkTagHeaders(raw); err != nil {
			return err
		}
	}
	match := -1
	for pos := 0; pos < len(raw); {
		if raw[pos] == '-' {
			if armor, _ := armorOf(raw[pos:]); armor != UnknownArmor {
				match = pos
			}
		}
		i := bytes.IndexByte(raw[pos:], '\n')
		if i < 0 {
			break
		}
		pos += i + 1
	}
	if match < 0 {
		return ErrUnsigned
	}
	o.Payload, o.Signature = slices.Clip(raw[:match]), slices.Clip(raw[match:])
	return nil
}

// checkTagHeaders refuses signature headers in a tag. git writes one where a
// repository keeps both object formats, and drops it from what it verifies
// (commit.c:remove_signature).
func checkTagHeaders(raw []byte) error {
	for line := range bytes.Lines(raw) {
		switch {
		case line[0] == '\n':
			return nil
		case line[0] == '\t':
			return broken(RuleTabLine, "a header line begins with TAB")
		case bytes.HasPrefix(line, []byte("gpgsig")):
			return broken(RuleForeignSignature, "a tag with a header %q", headerName(line))
		}
	}
	return broken(RuleNoBlankLine, "no blank line ends the headers")
}

// headerName is the start of a header line, for messages.
func headerName(line []byte) []byte {
	const longest = 40
	name, _, _ := bytes.Cut(bytes.TrimRight(line, "\n"), []byte(" "))
	return name[:min(len(name), longest)]
}
