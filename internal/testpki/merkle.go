package testpki

import (
	"crypto/sha256"
	"math/bits"
)

// A tree is an append-only Merkle tree (RFC 6962 section 2.1). It keeps the
// hash of every complete subtree: levels[k][i] covers leaves i<<k to (i+1)<<k.
type tree struct{ levels [][][]byte }

// leafHash is SHA-256(0x00 || body).
func leafHash(body []byte) []byte {
	sum := sha256.Sum256(append([]byte{0}, body...))
	return sum[:]
}

// nodeHash is SHA-256(0x01 || left || right).
func nodeHash(left, right []byte) []byte {
	h := sha256.New()
	h.Write([]byte{1})
	h.Write(left)
	h.Write(right)
	return h.Sum(nil)
}

func (t *tree) size() int {
	if len(t.levels) == 0 {
		return 0
	}
	return len(t.levels[0])
}

// add appends a leaf and completes the subtrees that end with it.
func (t *tree) add(body []byte) {
	hash := leafHash(body)
	for k := 0; ; k++ {
		if k == len(t.levels) {
			t.levels = append(t.levels, nil)
		}
		t.levels[k] = append(t.levels[k], hash)
		n := len(t.levels[k])
		if n%2 == 1 {
			return
		}
		hash = nodeHash(t.levels[k][n-2], hash)
	}
}

// root is MTH(D[0:size]).
func (t *tree) root(size int) []byte {
	if size == 0 {
		sum := sha256.Sum256(nil)
		return sum[:]
	}
	return t.hash(0, size)
}

// hash is MTH(D[lo:hi]) for a range that the tree's recursion reaches.
func (t *tree) hash(lo, hi int) []byte {
	n := hi - lo
	if n&(n-1) == 0 {
		k := bits.TrailingZeros(uint(n))
		return t.levels[k][lo>>k]
	}
	mid := lo + split(n)
	return nodeHash(t.hash(lo, mid), t.hash(mid, hi))
}

// path is PATH(index, D[0:size]), leaf to root (RFC 6962 section 2.1.1).
func (t *tree) path(index, size int) [][]byte {
	var hashes [][]byte
	lo, hi := 0, size
	for hi-lo > 1 {
		mid := lo + split(hi-lo)
		if index < mid {
			hashes = append(hashes, t.hash(mid, hi))
			hi = mid
		} else {
			hashes = append(hashes, t.hash(lo, mid))
			lo = mid
		}
	}
	for i, j := 0, len(hashes)-1; i < j; i, j = i+1, j-1 {
		hashes[i], hashes[j] = hashes[j], hashes[i]
	}
	return hashes
}

// split is the largest power of two smaller than n.
func split(n int) int { return 1 << (bits.Len(uint(n-1)) - 1) }
