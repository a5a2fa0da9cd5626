package testpki

import (
	"bytes"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// An Entry is what a log answers: dev.sigstore.rekor.v1.TransparencyLogEntry.
// Tests may change any field and encode it again.
type Entry struct {
	LogIndex       int64 // over all shards of the log
	LogID          []byte
	Kind, Version  string
	IntegratedTime int64  // Unix seconds; 0 from Rekor v2
	SET            []byte // signed entry timestamp; nil from Rekor v2
	Proof          *Proof
	Body           []byte // canonical body; only BytesWithBody encodes it
}

// A Proof is an inclusion proof with the checkpoint it leads to.
type Proof struct {
	LogIndex   int64 // in the shard
	TreeSize   int64
	RootHash   []byte
	Hashes     [][]byte // leaf to root
	Checkpoint string   // a signed note
}

// Clone returns a copy that shares no bytes with e.
func (e *Entry) Clone() *Entry {
	c := *e
	c.LogID, c.SET, c.Body = bytes.Clone(e.LogID), bytes.Clone(e.SET), bytes.Clone(e.Body)
	if e.Proof != nil {
		proof := *e.Proof
		proof.RootHash = bytes.Clone(proof.RootHash)
		proof.Hashes = slices.Clone(proof.Hashes)
		for i, h := range proof.Hashes {
			proof.Hashes[i] = bytes.Clone(h)
		}
		c.Proof = &proof
	}
	return &c
}

// Bytes encodes e as binary protobuf without its body: fields in the order of
// their numbers, fields that are zero left out.
//
//	message TransparencyLogEntry { int64 log_index = 1; LogId log_id = 2;
//	  KindVersion kind_version = 3; int64 integrated_time = 4;
//	  InclusionPromise inclusion_promise = 5; InclusionProof inclusion_proof = 6;
//	  bytes canonicalized_body = 7; }
func (e *Entry) Bytes() []byte {
	var b []byte
	b = appendInt(b, 1, e.LogIndex)
	b = appendBytes(b, 2, appendBytes(nil, 1, e.LogID))
	b = appendBytes(b, 3, appendBytes(appendBytes(nil, 1, []byte(e.Kind)), 2, []byte(e.Version)))
	b = appendInt(b, 4, e.IntegratedTime)
	if e.SET != nil {
		b = appendBytes(b, 5, appendBytes(nil, 1, e.SET))
	}
	if e.Proof != nil {
		b = appendBytes(b, 6, e.Proof.bytes())
	}
	return b
}

// BytesWithBody is Bytes with canonicalized_body.
func (e *Entry) BytesWithBody() []byte { return appendBytes(e.Bytes(), 7, e.Body) }

// bytes encodes the proof:
//
//	message InclusionProof { int64 log_index = 1; bytes root_hash = 2;
//	  int64 tree_size = 3; repeated bytes hashes = 4; Checkpoint checkpoint = 5; }
func (p *Proof) bytes() []byte {
	var b []byte
	b = appendInt(b, 1, p.LogIndex)
	b = appendBytes(b, 2, p.RootHash)
	b = appendInt(b, 3, p.TreeSize)
	for _, h := range p.Hashes {
		b = protowire.AppendTag(b, 4, protowire.BytesType)
		b = protowire.AppendBytes(b, h)
	}
	if p.Checkpoint != "" {
		b = appendBytes(b, 5, appendBytes(nil, 1, []byte(p.Checkpoint)))
	}
	return b
}

func appendInt(b []byte, field protowire.Number, v int64) []byte {
	if v == 0 {
		return b
	}
	b = protowire.AppendTag(b, field, protowire.VarintType)
	return protowire.AppendVarint(b, uint64(v))
}

func appendBytes(b []byte, field protowire.Number, v []byte) []byte {
	if len(v) == 0 {
		return b
	}
	b = protowire.AppendTag(b, field, protowire.BytesType)
	return protowire.AppendBytes(b, v)
}
