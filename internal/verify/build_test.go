package verify_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/trust"
)

const instance = "test"

var alice = testpki.Identity{Email: "alice@example.com", Issuer: "https://accounts.example.com"}

// Payloads of the kinds that git has signed.
const (
	commitA = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n" +
		"author Alice <alice@example.com> 1777896000 +0000\n" +
		"committer Alice <alice@example.com> 1777896000 +0000\n\nA\n"
	commitB = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n" +
		"author Alice <alice@example.com> 1777896000 +0000\n" +
		"committer Alice <alice@example.com> 1777896000 +0000\n\nB\n"
	tagA = "object 4b825dc642cb6eb9a060e54bf8d69288fbee4904\ntype commit\ntag v1\n" +
		"tagger Alice <alice@example.com> 1777896000 +0000\n\nA\n"
)

// When things happen unless a test says otherwise, counted from the
// certificate's start.
const (
	loggedAfter  = 5 * time.Second
	stampedAfter = 7 * time.Second
)

// A spec says how a signature is made. The zero spec is a signature over
// commitA without any proof; each field changes one thing.
type spec struct {
	payload string           // commitA if empty
	options []testpki.Option // of the instance
	key     crypto.Signer    // the signer's, P-256 if nil
	cert    []testpki.CertOption
	log     int  // version of Rekor that logs the signature, 0 for none
	stamp   bool // with a timestamp
	tsa     []testpki.TSAOption
	logged  time.Duration // loggedAfter if zero
	stamped time.Duration // stampedAfter if zero

	// message changes the CMS message before it is signed and logged, so that
	// all proofs are over what it changed.
	message func(*message)
	// entry changes the log entry after it was made.
	entry func(*signed, *testpki.Entry)
	// bytesOfEntry replaces the encoding of the entry.
	bytesOfEntry func(*testpki.Entry) []byte
	// token makes another token than the one over the signature.
	token func(*signed) []byte
	// finished changes the message when all is in it; nothing is signed again.
	finished func(*signed, *message)
	// armor changes the armored text.
	armor func([]byte) []byte
	// moved is the payload that the signature is presented with.
	moved string
	// root changes the trusted root that judges.
	root func(*signed, *testpki.Root)
}

// A signed is a signature with all that a verification takes.
type signed struct {
	pki       *testpki.PKI
	key       crypto.Signer
	leaf      *x509.Certificate
	digest    [32]byte // of the signed attributes: what is logged
	signature []byte
	payload   []byte
	der       []byte
	armored   []byte
	root      []byte // trusted_root.json
}

// sign makes a complete signature.
func sign(t *testing.T, how spec) *signed {
	t.Helper()
	s := &signed{pki: testpki.New(how.options...), key: how.key, payload: []byte(how.payload)}
	if len(s.payload) == 0 {
		s.payload = []byte(commitA)
	}
	if s.key == nil {
		s.key = testpki.Key("alice")
	}
	var err error
	s.leaf, err = x509.ParseCertificate(s.pki.Certificate(s.key.Public(), alice, how.cert...))
	if err != nil {
		t.Fatal(err)
	}
	m := s.newMessage(t, how.message)
	start := s.pki.Clock.Now()
	if how.log != 0 {
		s.pki.Clock.Set(start.Add(orElse(how.logged, loggedAfter)))
		m.addUnsigned(cms.OIDTransparencyLogEntry, element(asn1.TagOctetString, s.entry(how)))
	}
	if how.stamp || how.token != nil {
		s.pki.Clock.Set(start.Add(orElse(how.stamped, stampedAfter)))
		if how.token == nil {
			how.token = func(s *signed) []byte { return s.pki.Timestamp(s.signature, how.tsa...) }
		}
		m.addUnsigned(cms.OIDTimeStampToken, parseNode(how.token(s)))
	}
	if how.finished != nil {
		how.finished(s, m)
	}
	s.der = m.root.der()
	s.armored = cms.Armor(s.der)
	if how.armor != nil {
		s.armored = how.armor(bytes.Clone(s.armored))
	}
	if how.moved != "" {
		s.payload = []byte(how.moved)
	}
	s.root = s.pki.TrustedRoot(func(r *testpki.Root) {
		if how.root != nil {
			how.root(s, r)
		}
	})
	return s
}

func orElse(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

// newMessage signs the payload. A change is signed again, with the attributes
// as they are then.
func (s *signed) newMessage(t *testing.T, change func(*message)) *message {
	t.Helper()
	sd, err := cms.Sign(rand.Reader, s.key, s.leaf, s.payload, s.pki.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	der, err := sd.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	m := &message{root: parseNode(der)}
	s.digest, s.signature = sha256.Sum256(sd.RawSignedAttributes), sd.Signature
	if change == nil {
		return m
	}
	change(m)
	if len(m.signedData().kids) < 5 || len(m.signerInfo().kids) < 6 {
		return m // nothing to sign again
	}
	m.attributes().sort()
	set := m.attributes().der()
	set[0] = 0x31
	s.digest = sha256.Sum256(set)
	if s.signature, err = ecdsa.SignASN1(rand.Reader, s.key.(*ecdsa.PrivateKey), s.digest[:]); err != nil {
		t.Fatal(err)
	}
	m.signature().body = s.signature
	return m
}

// entry logs the signature and encodes the entry.
func (s *signed) entry(how spec) []byte {
	var e *testpki.Entry
	if how.log == 1 {
		e = s.pki.LogV1(s.digest, s.signature, s.leaf.Raw)
	} else {
		e = s.pki.LogV2(s.digest, s.signature, s.leaf.Raw)
	}
	if how.entry != nil {
		how.entry(s, e)
	}
	if how.bytesOfEntry != nil {
		return how.bytesOfEntry(e)
	}
	return e.Bytes()
}

// trustedRoot parses the root that judges the signature: a fresh one each
// time, since it remembers what it has checked.
func (s *signed) trustedRoot(t testing.TB) *trust.Root {
	t.Helper()
	root, err := trust.Parse(s.root, instance)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// A message is a CMS message taken apart: RFC 5652, 5.1 and 5.3.
type message struct{ root *node }

func (m *message) signedData() *node   { return m.root.kids[1].kids[0] }
func (m *message) content() *node      { return m.signedData().kids[2] }
func (m *message) certificates() *node { return m.signedData().kids[3] }
func (m *message) signers() *node      { return m.signedData().kids[4] }
func (m *message) signerInfo() *node   { return m.signers().kids[0] }
func (m *message) attributes() *node   { return m.signerInfo().kids[3] }
func (m *message) signature() *node    { return m.signerInfo().kids[5] }

// unsigned is the set of unsigned attributes, which is made if it is missing.
func (m *message) unsigned() *node {
	if len(m.signerInfo().kids) == 6 {
		m.signerInfo().kids = append(m.signerInfo().kids, &node{tag: 0xa1, constructed: true})
	}
	return m.signerInfo().kids[6]
}

func (m *message) addUnsigned(id asn1.ObjectIdentifier, value *node) {
	if len(m.signedData().kids) < 5 || len(m.signers().kids) == 0 {
		return // there is nobody to add it to
	}
	m.unsigned().kids = append(m.unsigned().kids, attribute(id, value))
	m.unsigned().sort()
}

// A node is one DER element.
type node struct {
	tag         byte
	constructed bool
	kids        []*node // of a constructed one
	body        []byte  // of a primitive one
}

// parseNode reads what is known to be DER: mistakes are the test's.
func parseNode(der []byte) *node {
	var v asn1.RawValue
	rest, err := asn1.Unmarshal(der, &v)
	if err != nil || len(rest) != 0 {
		panic("not one element of DER")
	}
	n := &node{tag: v.FullBytes[0], constructed: v.IsCompound}
	if !v.IsCompound {
		n.body = bytes.Clone(v.Bytes)
		return n
	}
	for in := v.Bytes; len(in) > 0; {
		var kid asn1.RawValue
		if in, err = asn1.Unmarshal(in, &kid); err != nil {
			panic(err)
		}
		n.kids = append(n.kids, parseNode(kid.FullBytes))
	}
	return n
}

func (n *node) der() []byte {
	body := bytes.Clone(n.body)
	for _, k := range n.kids {
		body = append(body, k.der()...)
	}
	return element(n.tag, body).raw()
}

// raw encodes a primitive node.
func (n *node) raw() []byte {
	out := []byte{n.tag}
	switch l := len(n.body); {
	case l < 0x80:
		out = append(out, byte(l))
	case l < 0x100:
		out = append(out, 0x81, byte(l))
	case l < 0x10000:
		out = append(out, 0x82, byte(l>>8), byte(l))
	default:
		out = append(out, 0x83, byte(l>>16), byte(l>>8), byte(l))
	}
	return append(out, n.body...)
}

func (n *node) clone() *node { return parseNode(n.der()) }

// sort puts the elements of a SET OF in DER's order (X.690, 11.6).
func (n *node) sort() {
	slices.SortFunc(n.kids, func(a, b *node) int { return bytes.Compare(a.der(), b.der()) })
}

func element(tag byte, body []byte) *node { return &node{tag: tag, body: body} }

func oid(id asn1.ObjectIdentifier) *node {
	der, err := asn1.Marshal(id)
	if err != nil {
		panic(err)
	}
	return parseNode(der)
}

// attribute is Attribute ::= SEQUENCE { attrType, attrValues SET OF }.
func attribute(id asn1.ObjectIdentifier, values ...*node) *node {
	set := &node{tag: 0x31, constructed: true, kids: values}
	return &node{tag: 0x30, constructed: true, kids: []*node{oid(id), set}}
}

func mustParse(der []byte) *x509.Certificate {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return c
}

// otherHint changes the key hash in a note's signature line: base64 of four
// bytes of key hash, and the signature.
func otherHint(note string) string {
	i := strings.LastIndexByte(note, ' ') + 1
	line, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(note[i:], "\n"))
	if err != nil {
		panic(err)
	}
	line[0] ^= 1
	return note[:i] + base64.StdEncoding.EncodeToString(line) + "\n"
}
