package openpgp_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/paraph/paraph/internal/openpgp"
	"github.com/paraph/paraph/internal/verdict"
)

// written returns the armor of a signature with one thing changed.
func written(change func(*sig)) []byte {
	s := document(newKey(1))
	change(s)
	return armored(pkt(2, s.over(string(payload))))
}

// Each vector has one defect, and is refused by its rule before a key is asked
// for.
func TestReadRefuses(t *testing.T) {
	good := document(newKey(1)).over(string(payload))
	notation := sub{20, "\x80\x00\x00\x00\x00\x01\x00\x01ab"}
	for _, test := range []struct {
		name, rule string
		armored    []byte
	}{
		{"SHA-1", "weak-digest", written(func(s *sig) { s.hash = 2 })},
		{"MD5", "weak-digest", written(func(s *sig) { s.hash = 1 })},
		{"RIPEMD-160", "weak-digest", written(func(s *sig) { s.hash = 3 })},
		{"SHA-224", "weak-digest", written(func(s *sig) { s.hash = 11 })},
		{"a hash nobody knows", "hash-algorithm", written(func(s *sig) { s.hash = 99 })},
		{"version 3", "signature-version", written(func(s *sig) { s.version = 3 })},
		{"version 5", "signature-version", written(func(s *sig) { s.version = 5 })},
		{"over nothing", "signature-type", written(func(s *sig) { s.kind = 2 })},
		{"over a name", "signature-type", written(func(s *sig) { s.kind = 0x13 })},
		{"no time", "no-creation-time", written(func(s *sig) { s.hashed = s.hashed[1:] })},
		{"a time that is not signed", "no-creation-time", written(func(s *sig) { s.unhashed, s.hashed = s.hashed[:1], s.hashed[1:] })},
		{"two times", "subpacket", written(func(s *sig) { s.hashed = append(s.hashed, s.hashed[0]) })},
		{"a time of 3 bytes", "subpacket", written(func(s *sig) { s.hashed[0].body = "abc" })},
		{"no issuer", "no-issuer", written(func(s *sig) { s.hashed, s.unhashed = s.hashed[:1], nil })},
		{"an issuer of 7 bytes", "subpacket", written(func(s *sig) { s.unhashed[0].body = "1234567" })},
		{"a fingerprint of version 9", "subpacket", written(func(s *sig) { s.hashed[1].body = "\x09" + s.hashed[1].body[1:] })},
		{"two issuers", "subpacket", written(func(s *sig) { s.unhashed = append(s.unhashed, sub{16, "12345678"}) })},
		{"one issuer twice", "unhashed-subpacket", written(func(s *sig) { s.unhashed = append(s.unhashed, s.unhashed[0]) })},
		{"words that are not signed", "unhashed-subpacket", written(func(s *sig) { s.unhashed = append(s.unhashed, notation) })},
		{"a signature that is not signed", "unhashed-subpacket", written(func(s *sig) { s.unhashed = append(s.unhashed, sub{32, good}) })},
		{"a critical notation", "critical-subpacket", written(func(s *sig) { s.hashed = append(s.hashed, sub{0x80 | 20, notation.body}) })},
		{"65 subpackets", "subpackets", written(func(s *sig) { s.hashed = append(s.hashed, make([]sub, 63)...) })},
		{"a packet behind", "trailing-bytes", armored(pkt(2, good) + pkt(2, good))},
		{"a byte behind", "trailing-bytes", armored(pkt(2, good) + "\x00")},
		{"another packet", "packet", armored(pkt(4, good))},
		{"no packet", "packet", armored("\x00" + good)},
		{"a partial length", "packet-length", armored("\xc2\xe7" + good + strings.Repeat("x", 128))},
		{"no length", "packet-length", armored("\x8b" + good)},
		{"a length of 4 GB", "packet-length", armored("\xc2\xff\xff\xff\xff\xff" + good)},
		{"an empty signature", "signature", armored(pkt(2, ""))},
		{"no armor", "armor-begin", []byte(pkt(2, good))},
		{"a message", "armor-begin", block("MESSAGE", pkt(2, good), "")},
		{"a key", "armor-begin", block("PUBLIC KEY BLOCK", string(newOwner().file()), "")},
		{"a wrong checksum", "armor-checksum", block("SIGNATURE", pkt(2, good), "=AAAA\n")},
		{"no checksum in its place", "armor-checksum", block("SIGNATURE", pkt(2, good), "=====\n")},
		{"no END line", "armor-end", bytes.Split(armored(pkt(2, good)), []byte("-----END"))[0]},
		{"a header without a name", "armor-headers", bytes.Replace(armored(pkt(2, good)), []byte("-\n\n"), []byte("-\nhello\n\n"), 1)},
		{"ten headers", "armor-headers", bytes.Replace(armored(pkt(2, good)), []byte("-\n\n"), []byte("-\n"+strings.Repeat("Comment: x\n", 10)+"\n"), 1)},
		{"no blank line", "armor-headers", bytes.Replace(armored(pkt(2, good)), []byte("-\n\n"), []byte("-\n"), 1)},
		{"CR LF", "armor-begin", bytes.ReplaceAll(armored(pkt(2, good)), []byte("\n"), []byte("\r\n"))},
		{"bytes behind the armor", "armor-trailing", append(armored(pkt(2, good)), 'x')},
		{"two armors", "armor-trailing", bytes.Repeat(armored(pkt(2, good)), 2)},
		{"a blank line before", "armor-begin", append([]byte("\n"), armored(pkt(2, good))...)},
		{"10 MB", "armor-size", append(armored(pkt(2, good)), bytes.Repeat([]byte("\n"), 10<<20)...)},
	} {
		s, err := openpgp.Read(test.armored)
		if e := verdict.As(err, verdict.Policy, ""); s != nil || e == nil || e.Rule != test.rule || e.Class != verdict.Syntax {
			t.Errorf("%s: %v, %v; want %s", test.name, s, err, test.rule)
		}
	}
}

// What is without meaning for a verifier may be there if it is signed, or is
// around the armor as signers and forges write it.
func TestReadAccepts(t *testing.T) {
	for name, armored := range map[string][]byte{
		"as it is":         written(func(*sig) {}),
		"a notation":       written(func(s *sig) { s.hashed = append(s.hashed, sub{20, "\x80\x00\x00\x00\x00\x01\x00\x01ab"}) }),
		"a signer's name":  written(func(s *sig) { s.hashed = append(s.hashed, sub{0x80 | 28, "alice@example.com"}) }),
		"a forge's":        append(written(func(*sig) {}), '\n'),
		"headers":          bytes.Replace(written(func(*sig) {}), []byte("-\n\n"), []byte("-\nVersion: 1\nComment: x\n\n"), 1),
		"only a key ID":    written(func(s *sig) { s.hashed = s.hashed[:1] }),
		"only fingerprint": written(func(s *sig) { s.unhashed = nil }),
	} {
		s, err := openpgp.Read(armored)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		keys := must(openpgp.ParseKeys(newOwner().file()))
		if fingerprint, err := keys.Verify(s, payload, now); err != nil || !strings.HasSuffix(fingerprint, s.Issuer()) || !s.Created().Equal(signed) {
			t.Errorf("%s: by %s, %v; it says %s at %v", name, fingerprint, err, s.Issuer(), s.Created())
		}
	}
}

// A signature that is cut or changed anywhere does not hold.
func TestMangled(t *testing.T) {
	keys := must(openpgp.ParseKeys(newOwner().file()))
	holds := func(armored []byte) bool {
		s, err := openpgp.Read(armored)
		if err != nil {
			return false
		}
		_, err = keys.Verify(s, payload, now)
		return err == nil
	}
	good := pkt(2, document(newKey(1)).over(string(payload)))
	text := bytes.TrimRight(armored(good), "\n")
	if !holds(text) {
		t.Fatal("the signature does not hold as it is")
	}
	for at := range text {
		if holds(text[:at]) {
			t.Errorf("the armor holds when cut at %d", at)
		}
	}
	for at := range good {
		for _, bit := range []byte{1, 0x80} {
			changed := []byte(good)
			changed[at] ^= bit
			if holds(armored(string(changed))) {
				t.Errorf("it holds with bit %#x changed at %d", bit, at)
			}
		}
		if holds(armored(good[:at])) {
			t.Errorf("it holds when cut at %d", at)
		}
	}
}
