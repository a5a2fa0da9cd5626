package smime_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"strings"
	"testing"

	"github.com/paraph/paraph/internal/smime"
	"github.com/paraph/paraph/internal/testpki"
)

// A vector makes one defect in a good message.
type vector struct {
	name, want string
	edit       func(*testpki.SMIMEMessage)
}

var (
	null       = []byte{5, 0}
	unknownID  = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99999, 1}
	dataID     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	typeID     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	digestID   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	tokenID    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 14}
	data       = must(asn1.Marshal(dataID))
	algorithms = func(ids ...int) []byte { return testpki.AlgorithmID(asn1.ObjectIdentifier(ids), nil) }
)

// formVectors break a rule of the form of a message.
var formVectors = []vector{
	{"version 0", "signed-data-version", func(m *testpki.SMIMEMessage) { m.Version = []byte{2, 1, 0} }},
	{"version 3 for a signer of version 1", "signed-data-version", func(m *testpki.SMIMEMessage) { m.Version = []byte{2, 1, 3} }},
	{"version 1 for a signer of version 3", "signed-data-version", func(m *testpki.SMIMEMessage) { m.Name = testpki.SignerKeyID(alice) }},
	{"version is NULL", "signed-data", func(m *testpki.SMIMEMessage) { m.Version = null }},
	{"no signer", "no-signer", func(m *testpki.SMIMEMessage) { m.Times = 0 }},
	{"two signers", "several-signers", func(m *testpki.SMIMEMessage) { m.Times = 2 }},
	{"two digest algorithms", "digest-algorithms", func(m *testpki.SMIMEMessage) { m.DigestAlgorithms = append(m.DigestAlgorithms, m.Digest...) }},
	{"no digest algorithm", "algorithm", func(m *testpki.SMIMEMessage) { m.DigestAlgorithms = nil }},
	{"digests disagree", "digest-algorithm-mismatch", func(m *testpki.SMIMEMessage) { m.DigestAlgorithms = testpki.AlgorithmID(sha512ID, nil) }},
	{"digest with parameters", "digest-algorithm", func(m *testpki.SMIMEMessage) { m.Digest = testpki.AlgorithmID(sha256ID, []byte{2, 1, 1}) }},
	{"content", "not-detached", func(m *testpki.SMIMEMessage) { m.Content = append(m.Content, tlv(0xa0, tlv(4, content))...) }},
	{"content, empty", "not-detached", func(m *testpki.SMIMEMessage) { m.Content = append(m.Content, tlv(0xa0, tlv(4))...) }},
	{"content is a token's", "content-type", func(m *testpki.SMIMEMessage) { m.Content = must(asn1.Marshal(unknownID)) }},
	{"SHA-1", "weak-digest", func(m *testpki.SMIMEMessage) { m.Digest = testpki.AlgorithmID(sha1ID, null) }},
	{"SHA-1 announced", "weak-digest", func(m *testpki.SMIMEMessage) { m.DigestAlgorithms = testpki.AlgorithmID(sha1ID, null) }},
	{"MD5", "weak-digest", func(m *testpki.SMIMEMessage) { m.Digest = algorithms(1, 2, 840, 113549, 2, 5) }},
	{"ECDSA with SHA-1", "weak-digest", func(m *testpki.SMIMEMessage) { m.Algorithm = algorithms(1, 2, 840, 10045, 4, 1) }},
	{"RSA with SHA-1", "weak-digest", func(m *testpki.SMIMEMessage) { m.Algorithm = algorithms(1, 2, 840, 113549, 1, 1, 5) }},
	{"RSA with MD5", "weak-digest", func(m *testpki.SMIMEMessage) { m.Algorithm = algorithms(1, 2, 840, 113549, 1, 1, 4) }},
	{"SHA3-256", "digest-algorithm", func(m *testpki.SMIMEMessage) { m.Digest = algorithms(2, 16, 840, 1, 101, 3, 4, 2, 8) }},
	{"ECDSA with SHA-384", "signature-algorithm-digest", func(m *testpki.SMIMEMessage) { m.Algorithm = algorithms(1, 2, 840, 10045, 4, 3, 3) }},
	{"RSA", "signature-algorithm-key", func(m *testpki.SMIMEMessage) { m.Algorithm = algorithms(1, 2, 840, 113549, 1, 1, 1) }},
	{"DSA", "signature-algorithm", func(m *testpki.SMIMEMessage) { m.Algorithm = algorithms(2, 16, 840, 1, 101, 3, 4, 3, 2) }},
	{"ECDSA with parameters", "algorithm-parameters", func(m *testpki.SMIMEMessage) {
		m.Algorithm = testpki.AlgorithmID(asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}, []byte{2, 1, 1})
	}},
	{"algorithm is NULL", "algorithm", func(m *testpki.SMIMEMessage) { m.Algorithm = null }},
	{"no signed attributes", "no-signed-attributes", func(m *testpki.SMIMEMessage) { m.Signed = nil }},
	{"no attribute", "empty-attributes", func(m *testpki.SMIMEMessage) { m.Signed = [][]byte{} }},
	{"no unsigned attribute", "empty-attributes", func(m *testpki.SMIMEMessage) { m.Unsigned = [][]byte{} }},
	{"digest twice", "duplicate-attribute", func(m *testpki.SMIMEMessage) { m.Signed = append(m.Signed, m.Signed[1]) }},
	{"content type twice", "duplicate-attribute", func(m *testpki.SMIMEMessage) { m.Signed = append(m.Signed, m.Signed[0]) }},
	{"another attribute twice", "duplicate-attribute", func(m *testpki.SMIMEMessage) {
		m.Signed = append(m.Signed, testpki.Attribute(unknownID, null), testpki.Attribute(unknownID, data))
	}},
	{"17 attributes", "too-many-attributes", func(m *testpki.SMIMEMessage) {
		for i := range 15 {
			m.Signed = append(m.Signed, testpki.Attribute(append(slices.Clone(unknownID), i), null))
		}
	}},
	{"no content type", "no-content-type", func(m *testpki.SMIMEMessage) { m.Signed = m.Signed[1:] }},
	{"no digest", "no-message-digest", func(m *testpki.SMIMEMessage) { m.Signed = m.Signed[:1] }},
	{"two digests", "message-digest-attribute", func(m *testpki.SMIMEMessage) { m.Signed[1] = testpki.Attribute(digestID, tlv(4, nil), tlv(4, nil)) }},
	{"digest of no value", "message-digest-attribute", func(m *testpki.SMIMEMessage) { m.Signed[1] = testpki.Attribute(digestID) }},
	{"two content types", "content-type-attribute", func(m *testpki.SMIMEMessage) { m.Signed[0] = testpki.Attribute(typeID, data, data) }},
	{"content type is NULL", "content-type-attribute", func(m *testpki.SMIMEMessage) { m.Signed[0] = testpki.Attribute(typeID, null) }},
	{"attribute is NULL", "attribute", func(m *testpki.SMIMEMessage) { m.Signed = append(m.Signed, null) }},
	{"more after all", "signer-info", func(m *testpki.SMIMEMessage) { m.Rest = null }},
	{"signature is NULL", "signer-info", func(m *testpki.SMIMEMessage) { m.Signature = null }},
	{"an unknown unsigned attribute", "unknown-unsigned-attribute", func(m *testpki.SMIMEMessage) { m.Unsigned = [][]byte{testpki.Attribute(unknownID, null)} }},
	{"two tokens", "timestamp-attribute", func(m *testpki.SMIMEMessage) {
		m.Unsigned = [][]byte{testpki.Attribute(tokenID, tlv(0x30), tlv(0x30))}
	}},
	{"two token attributes", "duplicate-attribute", func(m *testpki.SMIMEMessage) {
		m.Timestamp(tsa)
		m.Unsigned = append(m.Unsigned, m.Unsigned[0])
	}},
	{"version 3 by serial number", "signer-identifier", func(m *testpki.SMIMEMessage) { m.Name[2] = 3 }},
	{"version 1 by key", "signer-identifier", func(m *testpki.SMIMEMessage) {
		m.Name = testpki.SignerKeyID(alice)
		m.Name[2] = 1
	}},
	{"no key identifier", "signer-identifier", func(m *testpki.SMIMEMessage) { m.Name = []byte{2, 1, 3, 0x80, 0} }},
	{"version of a signer is NULL", "signer-info", func(m *testpki.SMIMEMessage) { m.Name = null }},
	{"another's name", "signer-certificate", func(m *testpki.SMIMEMessage) { m.Name = testpki.SignerName(tsa.TSALeaf) }},
	{"no certificates", "signer-certificate", func(m *testpki.SMIMEMessage) { m.Certificates = nil }},
	{"an attribute certificate", "certificate-choice", func(m *testpki.SMIMEMessage) { m.Certificates = append(m.Certificates, tlv(0xa1, null)) }},
	{"seven certificates", "too-many-certificates", func(m *testpki.SMIMEMessage) {
		for range 5 {
			m.Certificates = append(m.Certificates, ca.Root.Raw)
		}
	}},
	{"three CAs of one name", "same-subject", func(m *testpki.SMIMEMessage) {
		for range 3 {
			m.Certificates = append(m.Certificates, ca.Under(key.Public(), nil).Raw)
		}
	}},
	{"two certificates for one key identifier", "ambiguous-signer", func(m *testpki.SMIMEMessage) {
		m.Name = testpki.SignerKeyID(alice)
		m.Certificates = append(m.Certificates, ca.Certificate(key.Public(), "mallory@example.com", nil).Raw)
	}},
}

func TestFormRefused(t *testing.T) {
	for _, v := range formVectors {
		t.Run(v.name, func(t *testing.T) {
			m := message()
			v.edit(m)
			want(t, m.DER(), options(), "format: syntax/"+v.want)
		})
	}
	t.Run("twin", func(t *testing.T) {
		m := message()
		m.Certificates = append(m.Certificates, twin(t, alice))
		want(t, m.DER(), options(), "format: syntax/duplicate-certificate")
	})
	t.Run("message of another type", func(t *testing.T) {
		der := message().DER()
		want(t, bytes.Replace(der, []byte{7, 2, 0xa0}, []byte{7, 3, 0xa0}, 1), options(), "format: syntax/content-info")
	})
}

// RSASSA-PSS with parameters that package x509 would not verify with, each of
// which stands where nobody signs it.
func TestPSSRefused(t *testing.T) {
	k := must(rsa.GenerateKey(rand.Reader, 2048))
	leaf := ca.Certificate(k.Public(), "alice@example.com", nil)
	h, weak := testpki.AlgorithmID(sha256ID, nil), testpki.AlgorithmID(sha1ID, nil)
	params := func(hash, mask, salt []byte) []byte {
		return tlv(0x30, tlv(0xa0, hash), tlv(0xa1, mask), tlv(0xa2, salt))
	}
	mgf := func(hash []byte) []byte { return testpki.AlgorithmID(mgf1ID, hash) }
	salt := []byte{2, 1, 32}
	for name, tt := range map[string]struct {
		params []byte
		want   string
	}{
		"good":               {params(h, mgf(h), salt), ""},
		"none":               {nil, "algorithm-parameters"},
		"defaults":           {tlv(0x30), "algorithm-parameters"},
		"salt of 20":         {params(h, mgf(h), []byte{2, 1, 20}), "algorithm-parameters"},
		"another hash":       {params(testpki.AlgorithmID(sha512ID, nil), mgf(h), salt), "algorithm-parameters"},
		"SHA-1":              {params(weak, mgf(h), salt), "algorithm-parameters"},
		"SHA-1 in the mask":  {params(h, mgf(weak), salt), "algorithm-parameters"},
		"another mask":       {params(h, testpki.AlgorithmID(unknownID, h), salt), "algorithm-parameters"},
		"more after hash":    {params(append(bytes.Clone(h), null...), mgf(h), salt), "algorithm-parameters"},
		"more after mask":    {params(h, append(mgf(h), null...), salt), "algorithm-parameters"},
		"more in the mask":   {params(h, mgf(append(bytes.Clone(h), null...)), salt), "algorithm-parameters"},
		"more after salt":    {params(h, mgf(h), append(bytes.Clone(salt), null...)), "algorithm-parameters"},
		"more after all":     {append(params(h, mgf(h), salt), null...), "algorithm-parameters"},
		"a NULL before them": {append(bytes.Clone(null), params(h, mgf(h), salt)...), "algorithm-parameters"},
	} {
		t.Run(name, func(t *testing.T) {
			m := ca.Message(content, k, leaf)
			m.Algorithm = testpki.AlgorithmID(pssID, tt.params)
			m.Opts = &rsa.PSSOptions{SaltLength: 32, Hash: crypto.SHA256}
			failure := tt.want
			if failure != "" {
				failure = "format: syntax/" + failure
			}
			want(t, m.DER(), options(), failure)
		})
	}
}

// What is well-formed, and signed by the wrong key or over the wrong bytes.
func TestSignatureRefused(t *testing.T) {
	for _, v := range []vector{
		{"content type of a token", "digest: binding/content-type-value", func(m *testpki.SMIMEMessage) {
			m.Signed[0] = testpki.Attribute(typeID, must(asn1.Marshal(unknownID)))
		}},
		{"digest too short", "digest: binding/message-digest-value", func(m *testpki.SMIMEMessage) { m.Signed[1] = testpki.Attribute(digestID, tlv(4, make([]byte, 31))) }},
		{"other digest", "digest: binding/message-digest-value", func(m *testpki.SMIMEMessage) { m.Signed[1] = testpki.Attribute(digestID, tlv(4, make([]byte, 32))) }},
		{"other key", "signature: signature/signature-value", func(m *testpki.SMIMEMessage) { m.Key = testpki.Key("mallory") }},
		{"attribute added after", "signature: signature/signature-value", func(m *testpki.SMIMEMessage) {
			m.Signature = tlv(4, m.Sign())
			m.Signed = append(m.Signed, testpki.Attribute(unknownID, null))
		}},
		{"attributes in another order after", "signature: signature/signature-value", func(m *testpki.SMIMEMessage) {
			m.Signature = tlv(4, m.Sign())
			m.Signed[0], m.Signed[1] = m.Signed[1], m.Signed[0]
		}},
		{"no signature", "signature: signature/signature-value", func(m *testpki.SMIMEMessage) { m.Signature = tlv(4) }},
		{"swapped certificate", "signature: signature/signature-value", func(m *testpki.SMIMEMessage) {
			m.Certificates[0] = ca.Certificate(testpki.Key("mallory").Public(), "alice@example.com", func(c *x509.Certificate) { c.SerialNumber = alice.SerialNumber }).Raw
		}},
	} {
		t.Run(v.name, func(t *testing.T) {
			m := message()
			v.edit(m)
			want(t, m.DER(), options(), v.want)
		})
	}
	// One that brings the forger's key, and claims to come from the same CA.
	m := message()
	m.Certificates[0] = twin(t, alice)
	want(t, m.DER(), options(), "chain: material/unknown-ca")
}

// Who certified, for what, and for whom.
func TestChainRefused(t *testing.T) {
	eku := func(usage ...x509.ExtKeyUsage) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.ExtKeyUsage = usage }
	}
	subject := func(names ...pkix.AttributeTypeAndValue) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.EmailAddresses, c.Subject = nil, pkix.Name{ExtraNames: names} }
	}
	email := func(s string) pkix.AttributeTypeAndValue {
		return pkix.AttributeTypeAndValue{Type: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}, Value: s}
	}
	addresses := func(s ...string) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.EmailAddresses = s }
	}
	for name, tt := range map[string]struct {
		change func(*x509.Certificate)
		want   string
	}{
		"more usages":        {eku(x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageEmailProtection), ""},
		"no usage":           {eku(), "leaf-extended-key-usage"},
		"any usage":          {eku(x509.ExtKeyUsageAny), "leaf-extended-key-usage"},
		"usage of a server":  {eku(x509.ExtKeyUsageServerAuth), "chain"},
		"non-repudiation":    {func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageContentCommitment }, ""},
		"no key usage":       {func(c *x509.Certificate) { c.KeyUsage = 0 }, ""},
		"key for encryption": {func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }, "leaf-key-usage"},
		"a CA":               {func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true }, "leaf-ca"},
		"unknown critical extension": {func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: unknownID, Critical: true, Value: null}}
		}, "chain"},
		"signed with SHA-1":         {func(c *x509.Certificate) { c.SignatureAlgorithm = x509.ECDSAWithSHA1 }, "weak-certificate"},
		"one address twice":         {addresses("alice@example.com", "alice@example.com"), ""},
		"two addresses":             {addresses("alice@example.com", "bob@example.com"), "email-several"},
		"two in case":               {addresses("alice@example.com", "Alice@example.com"), "email-several"},
		"none":                      {addresses(), "email-missing"},
		"a name":                    {addresses("alice"), "email-form"},
		"nobody":                    {addresses("@example.com"), "email-form"},
		"nowhere":                   {addresses("alice@"), "email-form"},
		"two at":                    {addresses("alice@example.com@example.org"), "email-form"},
		"newline":                   {addresses("alice@example.com\n[GNUPG:] GOODSIG"), "email-form"},
		"NUL":                       {addresses("alice@example.com\x00.example.org"), "email-form"},
		"escape":                    {addresses("\x1b[2Jalice@example.com"), "email-form"},
		"blank":                     {addresses("alice smith@example.com"), "email-form"},
		"brackets":                  {addresses("<alice@example.com>"), "email-form"},
		"quotes":                    {addresses(`"alice"@example.com`), "email-form"},
		"321 bytes":                 {addresses(strings.Repeat("a", 309) + "@example.com"), "email-form"},
		"320 bytes":                 {addresses(strings.Repeat("a", 308) + "@example.com"), ""},
		"in the subject":            {subject(email("alice@example.com")), ""},
		"two in the subject":        {subject(email("alice@example.com"), email("bob@example.com")), "email-several"},
		"newline in the subject":    {subject(email("alice@example.com\n")), "email-form"},
		"zero width in the subject": {subject(email("al\u200bice@example.com")), "email-form"},
		"text direction":            {subject(email("al\u202eice@example.com")), "email-form"},
		"the subject does not count": {func(c *x509.Certificate) {
			c.Subject.ExtraNames = []pkix.AttributeTypeAndValue{email("bob@example.com")}
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			leaf := ca.Certificate(key.Public(), "alice@example.com", tt.change)
			failure := tt.want
			if failure != "" {
				failure = "chain: chain/" + tt.want
			}
			r := want(t, ca.Message(content, key, leaf).DER(), options(), failure)
			if (r == nil) != (failure != "") {
				t.Errorf("result %+v", r)
			}
		})
	}
}

// What stands above the signer.
func TestIssuersRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*x509.Certificate)
		want   string
	}{
		"as it should be":         {nil, ""},
		"for mail":                {func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection} }, ""},
		"for servers":             {func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }, "chain: chain/chain"},
		"for its own domain":      {func(c *x509.Certificate) { c.PermittedEmailAddresses = []string{"example.com"} }, ""},
		"for another domain":      {func(c *x509.Certificate) { c.PermittedEmailAddresses = []string{"example.org"} }, "chain: chain/chain"},
		"no CA":                   {func(c *x509.Certificate) { c.IsCA = false }, "chain: chain/issuer-no-ca"},
		"no key for certificates": {func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature }, "chain: chain/issuer-no-ca"},
	} {
		t.Run(name, func(t *testing.T) {
			a := testpki.NewSMIME("", tt.change)
			want(t, a.Message(content, key, a.Certificate(key.Public(), "alice@example.com", nil)).DER(), options(), tt.want)
		})
	}
	a := testpki.NewSMIME("", func(c *x509.Certificate) { c.MaxPathLenZero = true })
	below := testpki.Key("below")
	middle := a.Under(below.Public(), nil)
	leaf := must(x509.ParseCertificate(must(x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: alice.SerialNumber, NotBefore: alice.NotBefore, NotAfter: alice.NotAfter, EmailAddresses: alice.EmailAddresses, ExtKeyUsage: alice.ExtKeyUsage,
	}, middle, key.Public(), below))))
	want(t, testpki.NewSMIMEMessage(content, key, crypto.SHA256, leaf, middle, a.Intermediate).DER(), options(), "chain: chain/chain")

	other := testpki.NewSMIME("other", nil)
	want(t, other.Message(content, key, other.Certificate(key.Public(), "alice@example.com", nil)).DER(), options(), "chain: material/unknown-ca")
	m := message()
	m.Certificates = m.Certificates[:1]
	want(t, m.DER(), options(), "chain: material/unknown-ca")
	want(t, m.DER(), at(options().Now, ca.Root, ca.Intermediate), "") // who believes the intermediate needs no more

	p224 := must(ecdsa.GenerateKey(elliptic.P224(), rand.Reader))
	want(t, ca.Message(content, p224, ca.Certificate(p224.Public(), "alice@example.com", nil)).DER(), options(), "format: syntax/curve")
	small := must(rsa.GenerateKey(rand.Reader, 1024))
	want(t, ca.Message(content, small, ca.Certificate(small.Public(), "alice@example.com", nil)).DER(), options(), "format: syntax/rsa-key-size")
}

// TestEveryBit flips each bit of a good message, and of one with a token one
// in each byte.
func TestEveryBit(t *testing.T) {
	stamped := message()
	stamped.Timestamp(tsa)
	flip(t, message().DER(), 1)
	flip(t, stamped.DER(), 9)
}

func flip(t *testing.T, good []byte, step int) {
	t.Helper()
	o := options()
	want(t, good, o, "")
	for bit := 0; bit < 8*len(good); bit += step {
		der := bytes.Clone(good)
		der[bit/8] ^= 1 << (bit % 8)
		if r, checks := smime.Verify(content, der, o); r != nil {
			t.Errorf("bit %d of byte %d flipped: %+v", bit%8, bit/8, checks)
		}
	}
}
