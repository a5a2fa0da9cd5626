package openpgp_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/openpgp"
	"github.com/paraph/paraph/internal/verdict"
)

const year = 365 * 24 * time.Hour

// lasting is a subpacket with a lifetime.
func lasting(kind byte, d time.Duration) sub { return sub{kind, uint32s(uint32(d / time.Second))} }

// A judging is a key file, a signature, and how it is judged, for vectors to
// edit.
type judging struct {
	*owner
	sig     *sig
	payload string // what is signed
	content []byte // what is verified
	at      time.Time
}

func (j *judging) verify() (string, error) {
	keys, err := openpgp.ParseKeys(j.file())
	if err != nil {
		return "", err
	}
	s, err := openpgp.Read(armored(pkt(2, j.sig.over(j.payload))))
	if err != nil {
		return "", err
	}
	return keys.Verify(s, j.content, j.at)
}

// newJudging returns a signature by the key or its subkey that counts, but for
// the change.
func newJudging(bySubkey bool, change func(*judging)) *judging {
	j := &judging{owner: newOwner(), payload: string(payload), content: payload, at: now}
	j.sig = document(j.key)
	if bySubkey {
		j.sig = document(j.subkey)
	}
	change(j)
	return j
}

// judge returns by whom it is, or why by nobody.
func judge(bySubkey bool, change func(*judging)) (string, *verdict.Error) {
	fingerprint, err := newJudging(bySubkey, change).verify()
	return fingerprint, verdict.As(err, verdict.Infrastructure, "")
}

// What does not change whether a key counts, for both the key and its subkey.
func TestVerify(t *testing.T) {
	want := hexOf([]byte(newKey(1).fingerprint()))
	stranger := newKey(9)
	for name, change := range map[string]func(*judging){
		"as it is":                func(*judging) {},
		"SHA-384":                 func(j *judging) { j.sig.hash = 9 },
		"SHA-512":                 func(j *judging) { j.sig.hash = 10 },
		"SHA-1 inside of the key": func(j *judging) { j.self.hash, j.binding.hash, j.consent.hash = 2, 2, 2 },
		"no flags on the key":     func(j *judging) { j.self.hashed = j.self.hashed[:2] },
		"a text": func(j *judging) {
			j.sig.kind, j.payload = 1, strings.ReplaceAll(j.payload, "\n", "\r\n")
		},
		"a key that lasts":       func(j *judging) { j.self.hashed = append(j.self.hashed, lasting(9, year)) },
		"a signature that lasts": func(j *judging) { j.sig.hashed = append(j.sig.hashed, lasting(3, year)) },
		"a key that was extended": func(j *judging) {
			j.behindName = j.selfPacket(j.self)
			j.self = of(j.key, 0x13, begin.Add(-time.Hour), lasting(9, time.Hour))
		},
		"a word of the key itself, and none of a name": func(j *judging) {
			j.self, j.behindKey = nil, pkt(2, of(j.key, 0x1f, begin, sub{27, "\x02"}).over(j.key.hashed()))
		},
		"a stranger's word": func(j *judging) {
			j.behindName = j.selfPacket(of(stranger, 0x10, begin)) + pkt(2, "\x03\x05\x10")
		},
		"a forged end": func(j *judging) {
			forged := of(j.key, 0x13, signed, lasting(9, time.Hour))
			forged.by = stranger
			j.behindName = j.selfPacket(forged)
		},
		"another's key before": func(j *judging) {
			other := newOwner()
			other.key, other.subkey = newKey(7), newKey(8)
			j.before = string(other.file())
		},
		"a marker, and trust": func(j *judging) { j.before, j.behindName = pkt(10, "PGP"), pkt(12, "\x00") },
		"a picture":           func(j *judging) { j.behindName = pkt(17, "x") + pkt(2, "\x04\x10\x00\x00") },
	} {
		for _, bySubkey := range []bool{false, true} {
			if fingerprint, err := judge(bySubkey, change); err != nil || fingerprint != want {
				t.Errorf("%s, subkey %v: %s, %v", name, bySubkey, fingerprint, err)
			}
		}
	}
}

// A vector keeps a signature from counting.
type vector struct {
	name, rule string
	class      verdict.Class
	change     func(*judging)
}

// Each vector has one defect, in the signature or in the key, and fails by its
// rule whether the key signed or its subkey.
func TestVerifyRefuses(t *testing.T) {
	for _, v := range []vector{
		{"another payload", "digest", verdict.Binding, func(j *judging) { j.content = append(payload, '\n') }},
		{"another digest", "digest", verdict.Binding, func(j *judging) { j.sig.flip = 1 }},
		{"another's signature", "signature-value", verdict.Signature, func(j *judging) { j.sig.by = newKey(3) }},
		{"a byte behind the value", "signature-value", verdict.Signature, func(j *judging) { j.sig.rest = "\x00" }},
		{"another algorithm", "signature-algorithm", verdict.Signature, func(j *judging) { j.sig.algorithm = 1 }},
		{"another key", "key-unknown", verdict.Material, func(j *judging) { j.sig = document(newKey(3)) }},
		{"an issuer that is not the fingerprint's", "key-unknown", verdict.Material, func(j *judging) { j.sig.unhashed[0].body = "12345678" }},
		{"a text with CR", "text-signature", verdict.Binding, func(j *judging) {
			j.payload = strings.ReplaceAll(j.payload, "\n", "\r\n")
			j.sig.kind, j.content = 1, []byte(j.payload)
		}},
		{"a signature that has ended", "signature-expired", verdict.Window, func(j *judging) { j.sig.hashed = append(j.sig.hashed, lasting(3, time.Hour)) }},
		{"a signature before the key", "key-time", verdict.Window, func(j *judging) { j.sig.hashed[0].body = seconds(begin.Add(-time.Second)) }},
		{"a key that has ended", "key-expired", verdict.Window, func(j *judging) { j.self.hashed = append(j.self.hashed, lasting(9, now.Sub(begin))) }},
		{"a key whose word has ended", "key-expired", verdict.Window, func(j *judging) { j.self.hashed = append(j.self.hashed, lasting(3, time.Hour)) }},
		{"a key that ended before the signature's time", "key-expired", verdict.Window, func(j *judging) {
			j.self.hashed, j.at = append(j.self.hashed, lasting(9, time.Hour)), begin
		}},
		{"a key that was shortened", "key-expired", verdict.Window, func(j *judging) {
			j.behindName = j.selfPacket(of(j.key, 0x13, signed, lasting(9, time.Hour)))
		}},
		{"a key that says so itself, with no name", "key-expired", verdict.Window, func(j *judging) {
			j.behindKey = pkt(2, of(j.key, 0x1f, signed, lasting(9, time.Hour)).over(j.key.hashed()))
		}},
		{"a key with an end, and a later word without one", "key-expired", verdict.Window, func(j *judging) {
			j.self.hashed = append(j.self.hashed, lasting(9, time.Hour))
			j.behindKey = pkt(2, of(j.key, 0x1f, signed).over(j.key.hashed()))
		}},
		{"no time", "no-time", verdict.Window, func(j *judging) { j.at = time.Time{} }},
		{"a revoked key", "key-revoked", verdict.Policy, func(j *judging) { j.behindKey = pkt(2, of(j.key, 0x20, signed).over(j.key.hashed())) }},
		{"a key that a deputy revoked", "key-revoked", verdict.Policy, func(j *judging) {
			j.behindKey = pkt(2, of(newKey(3), 0x20, signed).over(j.key.hashed()))
		}},
		{"a key revoked by a version nobody reads", "key-revoked", verdict.Policy, func(j *judging) { j.behindKey = pkt(2, "\x03\x05\x20") }},
		{"no word of the key", "no-self-signature", verdict.Policy, func(j *judging) { j.self = nil }},
		{"a forged word of the key", "no-self-signature", verdict.Policy, func(j *judging) { j.self.by = newKey(3) }},
		{"a word with a critical condition", "no-self-signature", verdict.Policy, func(j *judging) { j.self.hashed = append(j.self.hashed, sub{0x80 | 99, ""}) }},
	} {
		refused(t, v, false)
		refused(t, v, true)
	}
}

// Each vector keeps the key or the subkey alone from signing.
func TestVerifyRefusesOne(t *testing.T) {
	refused(t, vector{"a key that certifies only", "key-flags", verdict.Policy, func(j *judging) { j.self.hashed[2].body = "\x01" }}, false)
	for _, v := range []vector{
		{"a subkey for encryption", "key-flags", verdict.Policy, func(j *judging) { j.binding.hashed[2].body = "\x0c" }},
		{"a subkey without flags", "key-flags", verdict.Policy, func(j *judging) { j.binding.hashed = j.binding.hashed[:2] }},
		{"a subkey of nobody", "subkey-binding", verdict.Policy, func(j *judging) { j.binding = nil }},
		{"a subkey by another's word", "subkey-binding", verdict.Policy, func(j *judging) { j.binding.by = newKey(3) }},
		{"a subkey that was not asked", "subkey-binding", verdict.Policy, func(j *judging) { j.consent = nil }},
		{"a subkey whose consent is forged", "subkey-binding", verdict.Policy, func(j *judging) { j.consent.by = j.key }},
		{"a subkey whose consent is of another kind", "subkey-binding", verdict.Policy, func(j *judging) { j.consent.kind = 0x18 }},
		{"a revoked subkey", "key-revoked", verdict.Policy, func(j *judging) {
			j.behindSubkey = pkt(2, of(j.key, 0x28, signed).over(j.key.hashed(), j.subkey.hashed()))
		}},
		{"a subkey that has ended", "key-expired", verdict.Window, func(j *judging) { j.binding.hashed = append(j.binding.hashed, lasting(9, time.Hour)) }},
		{"a subkey that lost its consent", "subkey-binding", verdict.Policy, func(j *judging) {
			j.behindSubkey = j.bindingPacket(of(j.key, 0x18, signed, sub{27, "\x02"}), nil)
		}},
	} {
		refused(t, v, true)
	}
}

func refused(t *testing.T, v vector, bySubkey bool) {
	t.Helper()
	fingerprint, err := judge(bySubkey, v.change)
	if fingerprint != "" || err == nil || err.Rule != v.rule || err.Class != v.class {
		t.Errorf("%s, subkey %v: %q, %v; want %s: %s", v.name, bySubkey, fingerprint, err, v.class, v.rule)
	}
}

// A subkey that another key lists as its own stays its owner's.
func TestStolenSubkey(t *testing.T) {
	fingerprint, err := judge(true, func(j *judging) {
		j.key = newKey(5)
		j.self, j.binding = of(j.key, 0x13, begin), of(j.key, 0x18, begin, sub{27, "\x02"})
		j.binding.unhashed = []sub{{32, j.consent.over(newKey(1).hashed(), j.subkey.hashed())}}
		j.consent = nil
	})
	if err == nil || err.Rule != "subkey-binding" {
		t.Errorf("it is %s's: %v", fingerprint, err)
	}
}

// Each vector is a file that is refused as a whole.
func TestParseKeysRefuses(t *testing.T) {
	file := string(newOwner().file())
	one := pkt(6, newKey(1).body())
	many := func(n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(pkt(6, "\x04"+uint32s(uint32(i))+"\x10"))
		}
		return b.String()
	}
	text := block("PUBLIC KEY BLOCK", file, "")
	for _, test := range []struct{ name, rule, file string }{
		{"nothing", "no-key", ""},
		{"blank lines", "no-key", "\n\n"},
		{"a word", "armor-begin", "hello\n"},
		{"no key", "no-key", pkt(10, "PGP")},
		{"a name first", "packet", pkt(13, owned)},
		{"a signature first", "packet", pkt(2, "")},
		{"a secret key", "secret-key", pkt(5, newKey(1).body())},
		{"a secret subkey", "secret-key", one + pkt(7, newKey(2).body())},
		{"a message", "packet", one + pkt(11, "x")},
		{"a key twice", "duplicate-key", file + file},
		{"a subkey twice", "duplicate-key", one + pkt(14, newKey(1).body())},
		{"a key of version 3", "key-version", pkt(6, "\x03"+newKey(1).body()[1:])},
		{"a key of 31 bytes", "key", pkt(6, newKey(1).body()[:37])},
		{"a key of 33 bytes", "key", pkt(6, newKey(1).body()+"x")},
		{"an empty key", "key", pkt(6, "")},
		{"an RSA key without a number", "key", pkt(6, "\x04"+seconds(begin)+"\x01\xff\xff")},
		{"a point off the curve", "key", pkt(6, "\x04"+seconds(begin)+"\x13\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x02\x03\x04"+strings.Repeat("\x01", 64))},
		{"a key of 100 kB", "key", pkt(6, "\x04"+seconds(begin)+"\x10"+strings.Repeat("x", 100<<10))},
		{"257 keys", "too-many-keys", many(257)},
		{"many packets", "too-many-packets", one + strings.Repeat(pkt(13, ""), 1<<14)},
		{"many signatures", "too-many-signatures", one + strings.Repeat(pkt(2, of(newKey(1), 0x1f, begin).over()), 1025)},
		{"half a packet", "packet-length", file[:len(file)-1]},
		{"text behind the armor", "armor-begin", string(text) + "hello"},
		{"a private armor", "armor-begin", string(block("PRIVATE KEY BLOCK", file, ""))},
		{"10 MB", "key-file-size", strings.Repeat("\n", 10<<20)},
	} {
		keys, err := openpgp.ParseKeys([]byte(test.file))
		if e := verdict.As(err, verdict.Policy, ""); keys != nil || e == nil || e.Rule != test.rule || e.Class != verdict.Syntax {
			t.Errorf("%s: %v, %v; want %s", test.name, keys, err, test.rule)
		}
	}
	if _, err := openpgp.ParseKeys([]byte(many(256))); err != nil {
		t.Errorf("256 keys: %v", err)
	}
}

// People put blocks together, and their editors change how lines end.
func TestParseKeysOfTexts(t *testing.T) {
	other := newOwner()
	other.key, other.subkey = newKey(7), newKey(8)
	other.self, other.binding, other.consent = nil, nil, nil
	first, second := block("PUBLIC KEY BLOCK", string(newOwner().file()), ""), block("PUBLIC KEY BLOCK", string(other.file()), "")
	text := slices.Concat(second, []byte("\n"), first)
	s := must(openpgp.Read(written(func(*sig) {})))
	for _, file := range [][]byte{text, bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")), first} {
		keys, err := openpgp.ParseKeys(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := keys.Verify(s, payload, now); err != nil {
			t.Error(err)
		}
	}
	if _, err := new(openpgp.Keys).Verify(s, payload, now); err == nil {
		t.Error("no keys verify a signature")
	}
}

// A key file that is cut anywhere makes nothing panic, and nobody's key count.
func TestCutKeyFile(t *testing.T) {
	file := newOwner().file()
	s := must(openpgp.Read(written(func(*sig) {})))
	self := bytes.Index(file, []byte(owned)) + len(owned)
	for at := range file {
		keys, err := openpgp.ParseKeys(file[:at])
		if err != nil {
			continue
		}
		if _, err := keys.Verify(s, payload, now); err == nil && at <= self {
			t.Errorf("cut at %d the key counts", at)
		}
	}
}

// FuzzVerify looks for panics, for failures without a rule, and for files that
// make another's key of a key.
func FuzzVerify(f *testing.F) {
	f.Add(newOwner().file(), []byte(pkt(2, document(newKey(1)).over(string(payload)))))
	f.Add(newOwner().file(), []byte(pkt(2, document(newKey(2)).over(string(payload)))))
	f.Add([]byte(pkt(6, newKey(1).body())), []byte{0x88, 0})
	f.Fuzz(func(t *testing.T, file, packets []byte) {
		keys, failed := openpgp.ParseKeys(file)
		s, err := openpgp.Read(armored(string(packets)))
		for _, err := range []error{failed, err} {
			if e := verdict.As(err, verdict.Syntax, ""); e != nil && e.Rule == "" {
				t.Errorf("a failure without a rule: %v", err)
			}
		}
		if failed != nil || err != nil {
			return
		}
		if fingerprint, err := keys.Verify(s, payload, now); (fingerprint == "") != (err != nil) {
			t.Errorf("%q, %v", fingerprint, err)
		}
	})
}

// A file can sign if one key or subkey of it may, or could before it was revoked.
func TestCanSign(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*owner)
		rule   string
	}{
		"both":                {func(*owner) {}, ""},
		"the subkey alone":    {func(o *owner) { o.self = of(o.key, 0x13, begin, sub{27, "\x01"}) }, ""},
		"the key alone":       {func(o *owner) { o.binding = nil }, ""},
		"a key without flags": {func(o *owner) { o.self, o.binding = of(o.key, 0x13, begin), nil }, ""},
		"for encryption": {func(o *owner) {
			o.self, o.binding = of(o.key, 0x13, begin, sub{27, "\x01"}), of(o.key, 0x18, begin, sub{27, "\x0c"})
		}, "key-flags"},
		"a subkey of nobody":    {func(o *owner) { o.self, o.binding = of(o.key, 0x13, begin, sub{27, "\x01"}), nil }, "subkey-binding"},
		"a subkey of another":   {func(o *owner) { o.self, o.consent = of(o.key, 0x13, begin, sub{27, "\x01"}), nil }, "subkey-binding"},
		"nothing about the key": {func(o *owner) { o.self = nil }, "no-self-signature"},
	} {
		o := newOwner()
		tt.change(o)
		keys, err := openpgp.ParseKeys(o.file())
		if err != nil {
			t.Fatal(err)
		}
		e := verdict.As(keys.CanSign(), verdict.Infrastructure, "")
		if rule := ruleOf(e); rule != tt.rule {
			t.Errorf("%s: %q, want %q", name, rule, tt.rule)
		}
	}
	if new(openpgp.Keys).CanSign() == nil {
		t.Error("no key can sign")
	}
}

func ruleOf(e *verdict.Error) string {
	if e == nil {
		return ""
	}
	return e.Rule
}
