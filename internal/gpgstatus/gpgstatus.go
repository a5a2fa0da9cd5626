// Package gpgstatus writes the "[GNUPG:]" status lines that git reads.
//
// The meaning of each line is GnuPG's doc/DETAILS; what git makes of them is
// in its gpg-interface.c:parse_gpg_output, and decides every detail here: each
// keyword has arguments, a line stands before the verdict's, exactly one
// verdict line is written, and a TRUST_ line always.
package gpgstatus

import (
	"crypto"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/paraph/paraph/internal/verdict"
)

// A Signer is what the verdict line says of who signed.
type Signer struct {
	// Fingerprint is the SHA-256 of the signer's certificate; zero if there
	// is no certificate.
	Fingerprint [32]byte
	// UID is a name for people; anything may stand in it.
	UID string
	// Time is the proven time of the signature; zero if none is.
	Time time.Time
	// Key and Hash are the algorithms of the signature; zero is ECDSA, SHA-256.
	Key  x509.PublicKeyAlgorithm
	Hash crypto.Hash
	// Primary stays the same for one signer while the certificates change.
	Primary [32]byte
}

const (
	pubkeyRSA    = 1  // RFC 9580, 9.1, as the others
	pubkeyECDSA  = 19 // of any curve
	pubkeyEdDSA  = 22 // Ed25519
	hashSHA256   = 8  // RFC 9580, 9.5
	hashSHA384   = 9
	hashSHA512   = 10
	classBinary  = "00"
	errNoPubkey  = 9 // GnuPG's reason code for ERRSIG
	prefix       = "[GNUPG:] "
	maxUIDLength = 1024 // bytes, before escaping
)

// Verification returns the lines for a verdict. A verdict that it does not
// know, the zero value too, gives those of an error.
func Verification(v verdict.Verdict, s Signer) []byte {
	b := new(builder)
	b.line("NEWSIG", "")
	switch v {
	case verdict.Trusted:
		b.signer("GOODSIG", s)
		b.valid(s)
		b.trust("FULLY")
	case verdict.Valid:
		b.signer("GOODSIG", s)
		b.valid(s)
		b.trust("UNDEFINED")
	case verdict.Refused:
		b.signer("REVKEYSIG", s)
		b.valid(s)
		b.trust("NEVER")
	case verdict.Expired:
		b.signer("EXPSIG", s)
		b.trust("NEVER")
	case verdict.Bad:
		b.signer("BADSIG", s)
		b.trust("NEVER")
	default:
		b.line("ERRSIG", fmt.Sprintf("%s %d %d %s %d %d", fingerprint(s.Fingerprint), s.pubkey(), s.hash(), classBinary, unix(s.Time), errNoPubkey))
		b.trust("NEVER")
	}
	return b.out
}

// Created returns the lines that tell git a signature was made. They are
// written to the status descriptor after the signature itself.
func Created(s Signer) []byte {
	b := new(builder)
	// git before 2.36 looks for a line break before SIG_CREATED.
	b.line("BEGIN_SIGNING", fmt.Sprintf("H%d", hashSHA256))
	b.line("SIG_CREATED", fmt.Sprintf("D %d %d %s %d %s", pubkeyECDSA, hashSHA256, classBinary, unix(s.Time), fingerprint(s.Fingerprint)))
	return b.out
}

// pubkey is the number of the key's algorithm.
func (s Signer) pubkey() int {
	switch s.Key {
	case x509.RSA:
		return pubkeyRSA
	case x509.Ed25519:
		return pubkeyEdDSA
	}
	return pubkeyECDSA
}

func (s Signer) hash() int {
	switch s.Hash {
	case crypto.SHA384:
		return hashSHA384
	case crypto.SHA512:
		return hashSHA512
	}
	return hashSHA256
}

type builder struct{ out []byte }

func (b *builder) line(keyword, args string) {
	b.out = append(b.out, prefix+keyword...)
	if args != "" {
		b.out = append(b.out, ' ')
		b.out = append(b.out, args...)
	}
	b.out = append(b.out, '\n')
}

// signer writes a verdict line whose rest is a user id. git takes the next
// line for the signer if the id is empty, so it never is.
func (b *builder) signer(keyword string, s Signer) {
	uid := Escape(s.UID)
	if strings.TrimSpace(uid) == "" {
		uid = "unknown"
	}
	b.line(keyword, fingerprint(s.Fingerprint)+" "+uid)
}

// valid writes VALIDSIG: fingerprint, date, time, no expiry, version 3,
// reserved, algorithms, class, and the fingerprint that stands for the signer.
func (b *builder) valid(s Signer) {
	b.line("VALIDSIG", fmt.Sprintf("%s %s %d 0 3 0 %d %d %s %s", fingerprint(s.Fingerprint),
		time.Unix(unix(s.Time), 0).UTC().Format(time.DateOnly), unix(s.Time), s.pubkey(), s.hash(), classBinary, fingerprint(s.Primary)))
}

func (b *builder) trust(level string) { b.line("TRUST_"+level, "0 shell") }

func fingerprint(sum [32]byte) string { return hex.EncodeToString(sum[:]) }

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// Escape makes text safe for a status line: control characters, line breaks,
// the percent sign, bytes that are not UTF-8 and the format characters that
// change what a reader sees (direction, zero width) become %XX, everything
// else stays, since git shows the line as it is. Text that is too long is cut.
func Escape(s string) string {
	if len(s) > maxUIDLength {
		s = s[:maxUIDLength]
	}
	var b strings.Builder
	for len(s) > 0 {
		c, n := utf8.DecodeRuneInString(s)
		if c == '%' || c == utf8.RuneError && n == 1 || unicode.IsControl(c) || unicode.In(c, unicode.Cf, unicode.Zl, unicode.Zp) {
			for i := range n {
				fmt.Fprintf(&b, "%%%02X", s[i])
			}
		} else {
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}
