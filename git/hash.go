package git

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strconv"

	"github.com/pjbgf/sha1cd"
)

// Hash returns the id of the object with these raw bytes, in lowercase
// hexadecimal: the hash over its type, its length and the bytes. A push
// certificate's is that of the blob it is stored as.
//
// SHA-1 detects whether the bytes were made to collide with others, as git's
// own does; such an object has no id and gives an *Error.
func Hash(f Format, t Type, raw []byte) (string, error) {
	if f.header() == "" || t.firstWord() == "" {
		return "", broken(RuleUsage, "not a format and a type: %s, %q", f, string(t))
	}
	stored := string(t)
	if t == PushCertificate {
		stored = "blob"
	}
	prefix := append(strconv.AppendInt([]byte(stored+" "), int64(len(raw)), 10), 0)
	if f == SHA256 {
		return hex.EncodeToString(sum(sha256.New(), prefix, raw)), nil
	}
	return sha1Hex(prefix, raw)
}

// sha1Hex returns the SHA-1 of the parts, or an error if it finds in them what
// a collision attack leaves behind.
func sha1Hex(parts ...[]byte) (string, error) {
	h := sha1cd.New().(sha1cd.CollisionResistantHash)
	for _, p := range parts {
		h.Write(p) // a hash.Hash never fails to write
	}
	id, collides := h.CollisionResistantSum(nil)
	if collides {
		return "", broken(RuleCollision, "the object was made to have the SHA-1 of another one")
	}
	return hex.EncodeToString(id), nil
}

func sum(h hash.Hash, parts ...[]byte) []byte {
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}
