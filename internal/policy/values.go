package policy

import (
	"crypto/ecdh"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"path"
	"strings"
	"time"
)

// Bounds of key files.
const (
	MaxKeyFile  = 1 << 20 // bytes of each
	maxKeyFiles = 100
)

// parseDigest reads "sha256:" and hexadecimal digits.
func parseDigest(s string) (d [sha256.Size]byte, ok bool) {
	digits, ok := strings.CutPrefix(s, "sha256:")
	if !ok || len(digits) != 2*len(d) {
		return d, false
	}
	_, err := hex.Decode(d[:], []byte(digits))
	return d, err == nil
}

// time reads a time of RFC 3339, in full seconds; zero if it is none.
func (r *reader) time(e entry) time.Time {
	t, err := time.Parse(time.RFC3339, e.value)
	if err != nil || t.Format(time.RFC3339) != e.value || t.IsZero() {
		r.wrong(e, "a time such as 2027-01-31T00:00:00Z")
		return time.Time{}
	}
	return t.UTC()
}

// checkKeyFile says what is wrong with the path of a key file. A policy in a
// repository names files beside it, which its path section protects as well; a
// file names files.
func checkKeyFile(p string, repository bool) string {
	switch {
	case path.Clean(p) != p:
		return "is not a path in its shortest form"
	case !repository && !path.IsAbs(p):
		return "is not an absolute path, as a policy that is a file needs it"
	case repository && (!strings.HasPrefix(p, ".paraph/") || p == Path):
		return "is not a file under .paraph/ in the policy's own tree"
	}
	return ""
}

// parseSSH reads a public key as a line of authorized_keys has it (sshd(8),
// "AUTHORIZED_KEYS FILE FORMAT", without options): type, base64, comment. wrong
// says what is not as it should be.
func parseSSH(s string) (key []byte, wrong string) {
	sort, rest, _ := strings.Cut(s, " ")
	encoded, _, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
	key, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || encoded == "" || strings.ContainsAny(encoded, "\r\n") { // which the decoder skips
		return nil, "not a type and a key in base64, as in a .pub file"
	}
	w := wire{key, true}
	if named := w.string(); !w.ok || string(named) != sort {
		return nil, "a key that is of another type than it says"
	}
	switch sort {
	case "ssh-ed25519", "sk-ssh-ed25519@openssh.com":
		w.ok = w.ok && len(w.string()) == 32
	case "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "sk-ecdsa-sha2-nistp256@openssh.com":
		name := string(w.string())
		curve := curveOf(name)
		if !w.ok || curve == nil || !strings.Contains(sort, "-"+name) {
			return nil, "a key of another curve than it says"
		}
		_, err := curve.NewPublicKey(w.string())
		w.ok = w.ok && err == nil
	case "ssh-rsa":
		w.ok = w.positive(1, 31) && w.positive(2048, 8192)
	default:
		return nil, "a key of a type that can sign for git: ssh-ed25519, ecdsa-sha2-*, ssh-rsa, sk-*"
	}
	if strings.HasPrefix(sort, "sk-") {
		w.ok = w.ok && len(w.string()) > 0 // the application, PROTOCOL.u2f
	}
	if !w.ok || len(w.rest) != 0 {
		return nil, "a whole key; copy all of the .pub file's line"
	}
	return key, ""
}

func curveOf(name string) ecdh.Curve {
	switch name {
	case "nistp256":
		return ecdh.P256()
	case "nistp384":
		return ecdh.P384()
	case "nistp521":
		return ecdh.P521()
	}
	return nil
}

// A wire is read field by field (RFC 4251, 5).
type wire struct {
	rest []byte
	ok   bool
}

func (w *wire) string() []byte {
	const length = 4
	if len(w.rest) < length || uint64(len(w.rest)-length) < uint64(binary.BigEndian.Uint32(w.rest)) {
		w.ok, w.rest = false, nil
		return nil
	}
	n := length + int(binary.BigEndian.Uint32(w.rest))
	field := w.rest[length:n:n]
	w.rest = w.rest[n:]
	return field
}

// positive reads an mpint in its one form, of min to max bits.
func (w *wire) positive(least, most int) bool {
	n := w.string()
	if len(n) > 1 && n[0] == 0 && n[1]&0x80 != 0 {
		n = n[1:]
	} else if len(n) == 0 || n[0] == 0 || n[0]&0x80 != 0 {
		return false
	}
	bits := 8 * (len(n) - 1)
	for top := n[0]; top != 0; top >>= 1 {
		bits++
	}
	return w.ok && least <= bits && bits <= most
}
