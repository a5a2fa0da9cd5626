package git

import "bytes"

// maxSignature bounds an armored signature, in bytes. What paraph writes has some
// 4 KiB; OpenPGP and S/MIME signatures with long chains have several times that.
const maxSignature = 1 << 20

// An Armor is the sort of a signature, by its first bytes. The zero value is
// none that git knows.
type Armor int

// The armors.
const (
	UnknownArmor Armor = iota
	X509
	OpenPGP
	SSH
)

// String returns git's name for the armor, as in the configuration gpg.format.
func (a Armor) String() string {
	switch a {
	case X509:
		return "x509"
	case OpenPGP:
		return "openpgp"
	case SSH:
		return "ssh"
	}
	return "unknown"
}

// markers are the lines that git recognizes a signature by
// (gpg-interface.c:gpg_format). It looks at the first bytes only, so that more
// may follow on the line.
var markers = []struct {
	armor      Armor
	begin, end string
}{
	{OpenPGP, "-----BEGIN PGP SIGNATURE-----", "-----END PGP SIGNATURE-----"},
	{OpenPGP, "-----BEGIN PGP MESSAGE-----", "-----END PGP MESSAGE-----"},
	{X509, "-----BEGIN SIGNED MESSAGE-----", "-----END SIGNED MESSAGE-----"},
	{SSH, "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"},
}

// armorOf returns what sort of signature b begins with, and the END line that
// goes with it (gpg-interface.c:get_format_by_sig).
func armorOf(b []byte) (Armor, string) {
	for _, m := range markers {
		if len(b) >= len(m.begin) && string(b[:len(m.begin)]) == m.begin {
			return m.armor, m.end
		}
	}
	return UnknownArmor, ""
}

// checkSignature refuses a signature whose armor is not one block from the
// first byte to the last: what else is there is hashed into the object's id,
// but signed by nobody. The base64 inside is the business of whoever decodes it.
//
// An armor that git does not know is let through, for the caller to see that
// the object is not unsigned.
func checkSignature(sig []byte) (Armor, error) {
	if len(sig) > maxSignature {
		return UnknownArmor, broken(RuleSignatureSize, "a signature of %d bytes, more than %d", len(sig), maxSignature)
	}
	if i := bytes.IndexByte(sig, 0); i >= 0 {
		return UnknownArmor, broken(RuleSignatureNUL, "a NUL byte in the signature, at offset %d", i)
	}
	armor, end := armorOf(sig)
	if armor == UnknownArmor {
		return UnknownArmor, nil
	}
	first, rest, _ := bytes.Cut(sig, []byte("\n"))
	if armor == X509 && len(first) != len("-----BEGIN SIGNED MESSAGE-----") {
		return UnknownArmor, broken(RuleArmorBegin, "more than the marker on the first line of the signature")
	}
	for len(rest) > 0 {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		if !bytes.HasPrefix(line, []byte("-----")) {
			continue
		}
		if !bytes.HasPrefix(line, []byte(end)) {
			return UnknownArmor, broken(RuleArmorBlocks, "a second block in the signature")
		}
		return armor, checkTail(armor, line[len(end):], rest, sig[len(sig)-1] == '\n')
	}
	return UnknownArmor, broken(RuleArmorEnd, "no END line in the signature")
}

// checkTail refuses what follows the END marker. The signatures of OpenPGP and
// SSH that others write may end in blank lines, as GitHub's do.
func checkTail(armor Armor, line, rest []byte, newline bool) error {
	if armor != X509 {
		line, rest, newline = bytes.TrimSpace(line), bytes.TrimSpace(rest), true
	}
	if bytes.HasPrefix(rest, []byte("-----BEGIN ")) {
		return broken(RuleArmorBlocks, "a second block in the signature")
	}
	if len(line) > 0 || len(rest) > 0 {
		return broken(RuleArmorTrailing, "bytes after the END line of the signature")
	}
	if !newline {
		return broken(RuleArmorEnd, "the END line of the signature does not end")
	}
	return nil
}
