package smime

import (
	"crypto/x509"
	"encoding/asn1"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/paraph/paraph/internal/verdict"
)

var oidEmailAddress = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1} // PKCS #9, 5.2.1

// Email returns the one address that the certificate is for, as it is written
// there: of the subject alternative name, or where that has none, of the
// subject (RFC 8550, 3). It does not say who wrote it. Errors are a
// *[verdict.Error] of class Chain.
func Email(cert *x509.Certificate) (string, error) {
	addresses := slices.Clone(cert.EmailAddresses)
	if len(addresses) == 0 {
		for _, name := range cert.Subject.Names {
			if text, ok := name.Value.(string); ok && name.Type.Equal(oidEmailAddress) {
				addresses = append(addresses, text)
			}
		}
	}
	slices.Sort(addresses)
	addresses = slices.Compact(addresses)
	switch {
	case len(addresses) == 0:
		return "", verdict.Errorf(verdict.Chain, "email-missing", "the certificate is for no e-mail address")
	case len(addresses) > 1:
		return "", verdict.Errorf(verdict.Chain, "email-several", "the certificate is for %d e-mail addresses", len(addresses))
	case !isAddress(addresses[0]):
		return "", verdict.Errorf(verdict.Chain, "email-form", "the certificate's e-mail address is none: %q", addresses[0])
	}
	return addresses[0], nil
}

// isAddress refuses what must never reach a status line, a terminal or a
// comparison: what cannot be seen, what is not UTF-8, and quoting.
func isAddress(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && domain != "" && !strings.Contains(domain, "@") &&
		len(s) <= maxEmail && utf8.ValidString(s) &&
		!strings.ContainsFunc(s, func(r rune) bool {
			return !unicode.IsGraphic(r) || unicode.IsSpace(r) || strings.ContainsRune(`"<>()[]\,:;`, r)
		})
}
