package policy

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// field is a string of RFC 4251, 5.
func field(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		b.Write(binary.BigEndian.AppendUint32(nil, uint32(len(p))))
		b.WriteString(p)
	}
	return b.String()
}

func line(sort, wire string) string {
	return sort + " " + base64.StdEncoding.EncodeToString([]byte(wire))
}

// pub is the line of a .pub file that x/crypto/ssh makes.
func pub(t *testing.T, key crypto.PublicKey) string {
	t.Helper()
	k, err := ssh.NewPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(k)))
}

func ecdsaKey(t *testing.T, curve elliptic.Curve) crypto.PublicKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key.Public()
}

func rsaKey(t *testing.T, bits int) crypto.PublicKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key.Public()
}

// Keys as ssh-keygen writes them, of every type that signs for git.
func TestParseSSH(t *testing.T) {
	edwards, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	const sk25519, sk256 = "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"
	p256 := pub(t, ecdsaKey(t, elliptic.P256()))
	wire256, _ := parseSSH(p256)
	for _, text := range []string{
		ed25519Key, ed25519Key + " a comment with blanks", strings.Replace(ed25519Key, " ", "  ", 1),
		pub(t, edwards), p256, pub(t, ecdsaKey(t, elliptic.P384())), pub(t, ecdsaKey(t, elliptic.P521())), pub(t, rsaKey(t, 2048)), pub(t, rsaKey(t, 3072)),
		line(sk25519, field(sk25519, string(edwards), "ssh:")),
		line(sk256, field(sk256)+string(wire256[len(field("ecdsa-sha2-nistp256")):])+field("ssh:")),
	} {
		key, wrong := parseSSH(text)
		if wrong != "" {
			t.Errorf("%s: this is not %s", text, wrong)
			continue
		}
		theirs, _, _, _, err := ssh.ParseAuthorizedKey([]byte(text))
		if err != nil || !bytes.Equal(theirs.Marshal(), key) {
			t.Errorf("%s: x/crypto/ssh reads another key, %v", text, err)
		}
	}
}

func TestParseSSHRefuses(t *testing.T) {
	const sort, p256, sk = "ssh-ed25519", "ecdsa-sha2-nistp256", "sk-ssh-ed25519@openssh.com"
	key := strings.Repeat("k", 32)
	n := "\x00" + strings.Repeat("\xff", 256)
	encoded := strings.Fields(ed25519Key)[1]
	for name, text := range map[string]string{
		"nothing":                    "",
		"a type alone":               sort,
		"base64 alone":               encoded,
		"another type":               "ssh-rsa " + encoded,
		"no base64":                  sort + " !" + encoded,
		"a line break":               sort + " " + encoded[:20] + "\n" + encoded[20:],
		"base64 that is cut":         sort + " " + encoded[:len(encoded)-1],
		"bits that say nothing":      line(sort, field(sort, key))[:len(line(sort, field(sort, key)))-2] + "b=",
		"options":                    "no-pty " + ed25519Key,
		"an old type":                line("ssh-dss", field("ssh-dss", "a", "b", "c", "d")),
		"a certificate":              line("ssh-ed25519-cert-v01@openssh.com", field("ssh-ed25519-cert-v01@openssh.com", key)),
		"a key that is short":        line(sort, field(sort, key[1:])),
		"a key that is long":         line(sort, field(sort, key+"k")),
		"something behind it":        line(sort, field(sort, key)+"x"),
		"a field behind it":          line(sort, field(sort, key, "")),
		"a length beyond the end":    line(sort, field(sort)+"\xff\xff\xff\xff"+key),
		"a length that is cut":       line(sort, field(sort)+"\x00\x00"),
		"a point that is none":       line(p256, field(p256, "nistp256", "\x04"+key+key)),
		"a point that is compressed": line(p256, field(p256, "nistp256", "\x02"+key)),
		"another curve than it says": line(p256, field(p256, "nistp384", "\x04"+key+key)),
		"an unknown curve":           line(p256, field(p256, "nistp192", "\x04"+key+key)),
		"no application":             line(sk, field(sk, key)),
		"an empty application":       line(sk, field(sk, key, "")),
		"an RSA key of 1024 bits":    line("ssh-rsa", field("ssh-rsa", "\x01\x00\x01", "\x00"+strings.Repeat("\xff", 128))),
		"an RSA key of 32768 bits":   line("ssh-rsa", field("ssh-rsa", "\x01\x00\x01", "\x00"+strings.Repeat("\xff", 4096))),
		"a number that is negative":  line("ssh-rsa", field("ssh-rsa", "\x01\x00\x01", n[1:])),
		"a number with zeros":        line("ssh-rsa", field("ssh-rsa", "\x00\x01\x00\x01", n)),
		"no exponent":                line("ssh-rsa", field("ssh-rsa", "", n)),
		"a zero exponent":            line("ssh-rsa", field("ssh-rsa", "\x00", n)),
		"no modulus":                 line("ssh-rsa", field("ssh-rsa", "\x01\x00\x01")),
	} {
		if _, wrong := parseSSH(text); wrong == "" {
			t.Errorf("%s: %s was accepted", name, text)
		}
	}
}
