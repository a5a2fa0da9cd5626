package smime_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/smime"
	"github.com/paraph/paraph/internal/testpki"
)

// An element is one of DER, taken apart.
type element struct {
	tag    byte
	body   []byte
	inside []element // of a constructed one
}

// split takes good DER apart: what this test made itself.
func split(der []byte) []element {
	var out []element
	for len(der) > 0 {
		n, length := 2, int(der[1])
		if length > 0x80 {
			octets := length & 0x7f
			length = 0
			for _, b := range der[2 : 2+octets] {
				length = length<<8 | int(b)
			}
			n += octets
		}
		e := element{tag: der[0], body: der[n : n+length]}
		if e.tag&0x20 != 0 {
			e.inside = split(e.body)
		}
		out, der = append(out, e), der[n+length:]
	}
	return out
}

// indefinite writes constructed elements with indefinite lengths, down to a
// depth, and cuts strings of octets below it into pieces of this length, if
// that is not 0.
func indefinite(es []element, depth, piece int) []byte {
	var out []byte
	for _, e := range es {
		switch {
		case depth > 0 && e.tag&0x20 != 0:
			out = append(append(append(out, e.tag, 0x80), indefinite(e.inside, depth-1, piece)...), 0, 0)
		case depth > 0 && e.tag == 4 && piece != 0:
			out = append(out, 0x24, 0x80)
			for b := range slices.Chunk(e.body, piece) {
				out = append(out, tlv(4, b)...)
			}
			out = append(out, 0, 0)
		default:
			out = append(out, tlv(e.tag, e.body)...)
		}
	}
	return out
}

// Every way to write the same message in BER means the same.
func TestBER(t *testing.T) {
	m := message()
	m.Timestamp(tsa)
	der := m.DER()
	es := split(der)
	for depth := range 16 {
		for _, piece := range []int{0, 1, 20, 4096} {
			want(t, indefinite(es, depth, piece), options(), "")
		}
	}
	// A length in more octets than it needs, and a piece of definite length.
	long := append([]byte{0x30, 0x84, 0, 0, byte(len(der[4:]) >> 8), byte(len(der[4:]))}, der[4:]...)
	want(t, long, options(), "")
}

// What is no BER, or BER that nobody writes. The first ones make ietf-cms panic.
func TestNotBER(t *testing.T) {
	good := message().DER()
	for name, tt := range map[string]struct {
		ber  []byte
		rule string
	}{
		"30":                        {[]byte{0x30}, "truncated"},
		"1f80":                      {[]byte{0x1f, 0x80}, "high-tag-number"},
		"3081":                      {[]byte{0x30, 0x81}, "truncated"},
		"308401":                    {[]byte{0x30, 0x84, 1}, "truncated"},
		"nothing":                   {nil, "truncated"},
		"cut":                       {good[:len(good)-1], "truncated"},
		"a byte after":              {append(bytes.Clone(good), 0), "trailing-bytes"},
		"length in five octets":     {[]byte{0x30, 0x85, 0, 0, 0, 0, 0}, "truncated"},
		"length of 4 GB":            {[]byte{0x30, 0x84, 0xff, 0xff, 0xff, 0xff}, "truncated"},
		"open":                      {[]byte{0x30, 0x80, 5, 0}, "truncated"},
		"half of an end":            {[]byte{0x30, 0x80, 5, 0, 0}, "truncated"},
		"an end in the middle":      {[]byte{0x30, 2, 0, 0}, "end-of-contents"},
		"an end alone":              {[]byte{0, 0}, "end-of-contents"},
		"an end with contents":      {[]byte{0x30, 0x80, 0, 1, 0, 0, 0}, "end-of-contents"},
		"primitive and indefinite":  {[]byte{4, 0x80, 0, 0}, "indefinite-length"},
		"constructed INTEGER":       {[]byte{0x22, 3, 2, 1, 1}, "constructed-form"},
		"constructed BIT STRING":    {[]byte{0x23, 3, 3, 1, 0}, "constructed-form"},
		"a piece that is none":      {[]byte{0x24, 3, 2, 1, 1}, "octet-string"},
		"pieces of pieces":          {[]byte{0x24, 4, 0x24, 2, 4, 0}, "octet-string"},
		"a piece that is cut":       {[]byte{0x24, 2, 4, 1}, "truncated"},
		"33 deep":                   {nested(33, false), "depth"},
		"33 deep, indefinite":       {nested(33, true), "depth"},
		"64 kB and a byte":          {make([]byte, 64<<10+1), "size"},
		"400 kB nested, indefinite": {nested(100_000, true), "size"},
		"60 kB nested, indefinite":  {nested(15_000, true), "depth"},
		"NULL":                      {[]byte{5, 0}, "content-info"},
	} {
		t.Run(name, func(t *testing.T) {
			want(t, tt.ber, options(), "format: syntax/"+tt.rule)
		})
	}
}

// nested are n SEQUENCEs, each inside the one before. Those of definite length
// are at most 120 bytes.
func nested(n int, indefinite bool) []byte {
	if indefinite {
		return append(bytes.Repeat([]byte{0x30, 0x80}, n), make([]byte, 2*n)...)
	}
	var out []byte
	for i := range n {
		out = append(out, 0x30, byte(2*(n-1-i)))
	}
	return out
}

// slow is more than any of the inputs takes, beside four other tests too, and
// less than anybody waits for.
const slow = slower * 100 * time.Millisecond

// The most that a message of the greatest size can cost: to read, where each
// byte is copied once for each of the levels that it lies in, and where every
// second byte is an element; and to find a chain, where each certificate may
// be the issuer of each other. The least of three runs counts.
func TestCost(t *testing.T) {
	small := bytes.Repeat([]byte{5, 0}, 32_000)
	open := bytes.Repeat([]byte{0x30, 0x80, 0, 0}, 16_000)
	deep := tlv(0x31, bytes.Repeat([]byte{4, 1, 0}, 21_000))
	for range 25 {
		deep = tlv(0x30, deep)
	}
	pieces := message()
	pieces.Lists = tlv(0x24, bytes.Repeat([]byte{4, 0}, 31_000))
	lists := message()
	lists.Lists = bytes.Repeat([]byte{0x30, 0}, 31_000)
	attributes := message()
	for i := range 2000 {
		attributes.Signed = append(attributes.Signed, tlv(0x30, []byte{6, 2, byte(i>>7 | 0x80), byte(i & 0x7f)}, []byte{0x31, 2, 5, 0}))
	}
	for name, ber := range map[string][]byte{
		"small elements": tlv(0x30, small), "open elements": tlv(0x30, open), "deep": deep,
		"pieces": pieces.DER(), "lists": lists.DER(), "attributes": attributes.DER(),
		"labyrinth": labyrinth(t),
	} {
		t.Run(name, func(t *testing.T) {
			if len(ber) > 64<<10 {
				t.Fatalf("%d bytes are too many to be read", len(ber))
			}
			least := time.Hour
			for range 3 {
				begin := time.Now()
				smime.Verify(content, ber, options())
				least = min(least, time.Since(begin))
			}
			t.Logf("%d bytes in %v", len(ber), least)
			if least > slow {
				t.Errorf("%d bytes took %v, more than %v", len(ber), least, slow)
			}
		})
	}
}

// labyrinth is a message whose certificates lead to each other along as many
// paths as the rules allow, with slow keys, and never to a root: each CA but
// the last has two certificates for one key. Nor does the leaf's end help.
func labyrinth(t *testing.T) []byte {
	t.Helper()
	const levels = 3
	var keys [levels]*ecdsa.PrivateKey
	for i := range keys {
		keys[i] = must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))
	}
	serial := int64(0)
	certify := func(level int, pub crypto.PublicKey, ca bool) *x509.Certificate {
		serial++
		name := func(level int) pkix.Name { return pkix.Name{CommonName: strconv.Itoa(level)} }
		issuer := min(level+1, levels-1)
		template := &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: name(level), NotBefore: testpki.DefaultTime, NotAfter: testpki.DefaultTime.Add(time.Hour),
			IsCA: ca, BasicConstraintsValid: ca, SignatureAlgorithm: x509.ECDSAWithSHA512,
		}
		parent := &x509.Certificate{Subject: name(issuer)}
		if level == levels-1 {
			parent.Subject = name(levels)
		}
		return must(x509.ParseCertificate(must(x509.CreateCertificate(rand.Reader, template, parent, pub, keys[issuer]))))
	}
	certs := []*x509.Certificate{certify(-1, key.Public(), false)}
	for level := range levels {
		certs = append(certs, certify(level, keys[level].Public(), true), certify(level, keys[level].Public(), true))
	}
	m := testpki.NewSMIMEMessage(content, key, crypto.SHA256, certs[:6]...)
	want(t, m.DER(), options(), "chain: material/unknown-ca")
	return m.DER()
}
