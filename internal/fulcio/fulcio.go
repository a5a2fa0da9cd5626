// Package fulcio reads what a Fulcio certificate says of its signer, and
// checks the certificate's form and its signed certificate timestamp. It is
// pure: no clock, no network. Chains are internal/trust's business.
//
// Specifications: sigstore/fulcio docs/certificate-specification.md and
// docs/oid-info.md, RFC 5280, RFC 6962.
package fulcio

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/paraph/paraph/internal/verdict"
)

// maxText bounds each text that a certificate says of its signer, in bytes.
const maxText = 4096

// An Identity is what a certificate says of its signer. The signer is always
// the pair of Name and Issuer: a name without its issuer means nothing.
type Identity struct {
	// Name is the one subject alternative name: an e-mail address, a URI or
	// a username, without control characters.
	Name string
	// Issuer is the OpenID Connect issuer that vouched for Name.
	Issuer string
	// Claims holds the other Fulcio extensions by the names of
	// docs/oid-info.md, each as one word: buildSignerURI.
	Claims map[string]string
}

// Fulcio's arc, 1.3.6.1.4.1.57264.1.
var arc = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1}

const (
	extIssuerRaw = 1 // the issuer, raw bytes: certificates until 2022 have only this
	extOtherName = 7 // type of a SAN OtherName, not an extension
	extIssuer    = 8 // the issuer, DER UTF8String
)

// rawClaims are the first extensions, whose value is the text itself.
var rawClaims = map[int]string{
	2: "githubWorkflowTrigger",
	3: "githubWorkflowSHA",
	4: "githubWorkflowName",
	5: "githubWorkflowRepository",
	6: "githubWorkflowRef",
}

// derClaims are the later ones, whose value is a DER UTF8String.
var derClaims = map[int]string{
	9:  "buildSignerURI",
	10: "buildSignerDigest",
	11: "runnerEnvironment",
	12: "sourceRepositoryURI",
	13: "sourceRepositoryDigest",
	14: "sourceRepositoryRef",
	15: "sourceRepositoryID",
	16: "sourceRepositoryOwnerURI",
	17: "sourceRepositoryOwnerID",
	18: "buildConfigURI",
	19: "buildConfigDigest",
	20: "buildTrigger",
	21: "runInvocationURI",
	22: "sourceRepositoryVisibility",
	23: "deploymentEnvironment",
	24: "tokenSubject",
}

// IsClaim reports whether an [Identity] may have a claim of that name.
func IsClaim(name string) bool {
	for _, names := range []map[int]string{rawClaims, derClaims} {
		for _, n := range names {
			if n == name {
				return true
			}
		}
	}
	return false
}

// IsLeaf reports whether the certificate looks like one of Fulcio's: it names
// an OpenID Connect issuer. It says nothing about who signed it.
func IsLeaf(cert *x509.Certificate) bool {
	for _, e := range cert.Extensions {
		if n := extensionNumber(e.Id); n == extIssuerRaw || n == extIssuer {
			return true
		}
	}
	return false
}

// ParseIdentity checks the certificate's form and returns what it says of its
// signer: empty subject, exactly one critical subject alternative name, key
// usage digitalSignature, extended key usage codeSigning alone, no CA, an
// issuer. Whoever issued the certificate must have been checked before.
func ParseIdentity(cert *x509.Certificate) (*Identity, error) {
	if err := checkProfile(cert); err != nil {
		return nil, err
	}
	name, err := subjectAltName(cert)
	if err != nil {
		return nil, err
	}
	id := &Identity{Name: name, Claims: map[string]string{}}
	return id, id.readExtensions(cert)
}

// checkProfile holds the certificate against the fixed part of the profile.
func checkProfile(cert *x509.Certificate) error {
	switch {
	case cert.Version != 3:
		return verdict.Errorf(verdict.Chain, "leaf-version", "the certificate has version %d, expected 3", cert.Version)
	case !bytes.Equal(cert.RawSubject, []byte{0x30, 0}):
		return verdict.Errorf(verdict.Chain, "leaf-subject", "the certificate has a subject, Fulcio's have none")
	case cert.IsCA:
		return verdict.Errorf(verdict.Chain, "leaf-ca", "the certificate is a CA's, not a signer's")
	case cert.KeyUsage != x509.KeyUsageDigitalSignature:
		return verdict.Errorf(verdict.Chain, "leaf-key-usage", "the certificate's key usage is not digitalSignature alone")
	case len(cert.ExtKeyUsage) != 1 || len(cert.UnknownExtKeyUsage) != 0 || cert.ExtKeyUsage[0] != x509.ExtKeyUsageCodeSigning:
		return verdict.Errorf(verdict.Chain, "leaf-extended-key-usage", "the certificate's extended key usage is not codeSigning alone")
	}
	return nil
}

var oidSubjectAltName = asn1.ObjectIdentifier{2, 5, 29, 17}

// subjectAltName reads the one name of RFC 5280, 4.2.1.6:
//
//	SubjectAltName ::= GeneralNames
//	GeneralNames   ::= SEQUENCE SIZE (1..MAX) OF GeneralName
//	GeneralName    ::= CHOICE {
//	    otherName  [0] SEQUENCE { type-id OBJECT IDENTIFIER, value [0] EXPLICIT ANY },
//	    rfc822Name [1] IA5String,
//	    uniformResourceIdentifier [6] IA5String, ... }
func subjectAltName(cert *x509.Certificate) (string, error) {
	var value []byte
	for _, e := range cert.Extensions {
		if !e.Id.Equal(oidSubjectAltName) {
			continue
		}
		if value != nil {
			return "", verdict.Errorf(verdict.Chain, "san-twice", "the certificate has two subject alternative name extensions")
		}
		if !e.Critical {
			return "", verdict.Errorf(verdict.Chain, "san-not-critical", "the subject alternative name is not marked critical")
		}
		value = e.Value
	}
	in := cryptobyte.String(value)
	var names, name cryptobyte.String
	var tag cbasn1.Tag
	if !in.ReadASN1(&names, cbasn1.SEQUENCE) || !in.Empty() || !names.ReadAnyASN1(&name, &tag) {
		return "", verdict.Errorf(verdict.Chain, "san-missing", "the certificate has no subject alternative name")
	}
	if !names.Empty() {
		return "", verdict.Errorf(verdict.Chain, "san-several", "the certificate has more than one subject alternative name")
	}
	const context = cbasn1.Tag(0x80)
	text := string(name)
	switch tag {
	case context | 1, context | 6:
		if !isASCII(text) {
			return "", verdict.Errorf(verdict.Chain, "san-text", "the subject alternative name is not ASCII")
		}
	case cbasn1.Tag(0).ContextSpecific().Constructed():
		var ok bool
		if text, ok = otherName(name); !ok {
			return "", verdict.Errorf(verdict.Chain, "san-other-name", "the subject alternative name is an OtherName that is not Fulcio's")
		}
	default:
		return "", verdict.Errorf(verdict.Chain, "san-type", "the subject alternative name is neither e-mail, URI nor username")
	}
	return text, checkText("subject alternative name", text)
}

func otherName(in cryptobyte.String) (string, bool) {
	var id asn1.ObjectIdentifier
	var value, text cryptobyte.String
	ok := in.ReadASN1ObjectIdentifier(&id) &&
		in.ReadASN1(&value, cbasn1.Tag(0).ContextSpecific().Constructed()) && in.Empty() &&
		value.ReadASN1(&text, cbasn1.UTF8String) && value.Empty() &&
		extensionNumber(id) == extOtherName
	return string(text), ok
}

// readExtensions fills in issuer and claims from Fulcio's own extensions.
func (id *Identity) readExtensions(cert *x509.Certificate) error {
	seen := map[int]bool{}
	raw := ""
	for _, e := range cert.Extensions {
		n := extensionNumber(e.Id)
		if n == 0 {
			continue
		}
		if seen[n] {
			return verdict.Errorf(verdict.Chain, "extension-twice", "the certificate has Fulcio's extension %d twice", n)
		}
		seen[n] = true
		text := string(e.Value)
		if n >= extIssuer {
			in := cryptobyte.String(e.Value)
			var s cryptobyte.String
			if !in.ReadASN1(&s, cbasn1.UTF8String) || !in.Empty() {
				if derClaims[n] == "" && n != extIssuer {
					continue // later than this program, whatever its form
				}
				return verdict.Errorf(verdict.Chain, "extension-form", "Fulcio's extension %d is not a UTF8String", n)
			}
			text = string(s)
		}
		if err := checkText("Fulcio extension", text); err != nil {
			return err
		}
		switch {
		case n == extIssuerRaw:
			raw = text
		case n == extIssuer:
			id.Issuer = text
		case rawClaims[n] != "":
			id.Claims[rawClaims[n]] = text
		case derClaims[n] != "":
			id.Claims[derClaims[n]] = text
		}
	}
	switch {
	case !seen[extIssuerRaw] && !seen[extIssuer]:
		return verdict.Errorf(verdict.Chain, "issuer-missing", "the certificate names no OpenID Connect issuer")
	case seen[extIssuerRaw] && seen[extIssuer] && raw != id.Issuer:
		return verdict.Errorf(verdict.Chain, "issuer-disagrees", "the certificate names two OpenID Connect issuers, %q and %q", raw, id.Issuer)
	case !seen[extIssuer]:
		id.Issuer = raw
	}
	if id.Issuer == "" {
		return verdict.Errorf(verdict.Chain, "issuer-missing", "the certificate's OpenID Connect issuer is empty")
	}
	return nil
}

// extensionNumber returns N for 1.3.6.1.4.1.57264.1.N, else 0.
func extensionNumber(id asn1.ObjectIdentifier) int {
	if len(id) != len(arc)+1 || !id[:len(arc)].Equal(arc) {
		return 0
	}
	return id[len(arc)]
}

// checkText refuses what must never reach a status line, a terminal or a
// comparison: control characters, invalid UTF-8, unbounded length.
func checkText(what, s string) error {
	if len(s) > maxText {
		return verdict.Errorf(verdict.Chain, "text-length", "the %s has %d bytes, at most %d are allowed", what, len(s), maxText)
	}
	if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return verdict.Errorf(verdict.Chain, "text-control", "the %s has control characters or is not UTF-8: %q", what, s)
	}
	if what == "subject alternative name" && s == "" {
		return verdict.Errorf(verdict.Chain, "san-missing", "the subject alternative name is empty")
	}
	return nil
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}
