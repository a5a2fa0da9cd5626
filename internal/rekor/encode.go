package rekor

import "google.golang.org/protobuf/encoding/protowire"

// Bytes encodes the entry as a binary TransparencyLogEntry, in the one form
// that [ParseEntry] reads. The body is left out if it is nil, as a signature
// has it: whoever verifies rebuilds it.
func (e *Entry) Bytes() []byte {
	var b []byte
	b = appendInt(b, 1, e.LogIndex)
	b = appendMessage(b, 2, appendBytes(nil, 1, e.LogID))
	b = appendMessage(b, 3, appendBytes(appendBytes(nil, 1, []byte(e.Kind)), 2, []byte(e.Version)))
	b = appendInt(b, 4, e.IntegratedTime)
	if len(e.SET) > 0 {
		b = appendMessage(b, 5, appendBytes(nil, 1, e.SET))
	}
	if e.Proof != nil {
		b = appendMessage(b, 6, e.Proof.bytes())
	}
	return appendBytes(b, 7, e.Body)
}

func (p *Proof) bytes() []byte {
	var b []byte
	b = appendInt(b, 1, p.LogIndex)
	b = appendBytes(b, 2, p.RootHash)
	b = appendInt(b, 3, p.TreeSize)
	for _, h := range p.Hashes {
		b = appendMessage(b, 4, h)
	}
	return appendMessage(b, 5, appendBytes(nil, 1, []byte(p.Checkpoint)))
}

// appendInt appends a number. proto3 leaves out zero.
func appendInt(b []byte, field protowire.Number, v int64) []byte {
	if v == 0 {
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), uint64(v))
}

// appendBytes appends a string of bytes. proto3 leaves out the empty one.
func appendBytes(b []byte, field protowire.Number, v []byte) []byte {
	if len(v) == 0 {
		return b
	}
	return appendMessage(b, field, v)
}

// appendMessage appends a message, or an element of a repeated field: both
// count even if they are empty.
func appendMessage(b []byte, field protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), v)
}
