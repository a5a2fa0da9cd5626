package smime_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/github/smimesign/ietf-cms/protocol"

	"github.com/paraph/paraph/internal/smime"
)

// A signer is a person with files for other programs.
type signer struct {
	dir  string
	leaf *x509.Certificate
}

func newSigner(t *testing.T, key crypto.Signer) *signer {
	t.Helper()
	s := &signer{t.TempDir(), ca.Certificate(key.Public(), "alice@example.com", nil)}
	s.write(t, "content", content)
	s.write(t, "key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(key))}))
	for name, c := range map[string]*x509.Certificate{"leaf.pem": s.leaf, "between.pem": ca.Intermediate, "root.pem": ca.Root} {
		s.write(t, name, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	return s
}

func (s *signer) write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// run runs a program that takes its password from stdin in the signer's
// folder, and returns the file that it wrote.
func (s *signer) run(t *testing.T, out string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Env = s.dir, append(os.Environ(), "GNUPGHOME="+s.dir)
	cmd.Stdin = strings.NewReader("x\n")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, text)
	}
	if out == "" {
		return nil
	}
	return must(os.ReadFile(filepath.Join(s.dir, out)))
}

func needs(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("%s is not installed: its signatures are not read", program)
	}
}

// openssl writes DER, and BER where the content is inside; it names signers
// both ways. Version 3.0 has no Ed25519 here.
func TestOpenSSL(t *testing.T) {
	needs(t, "openssl")
	rsaKey := must[crypto.Signer](rsa.GenerateKey(rand.Reader, 2048))
	p384 := must[crypto.Signer](ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	const pss = "-keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:"
	for _, tt := range []struct {
		key           crypto.Signer
		options, want string
		ber           bool
	}{
		{rsaKey, "-md sha256", "", false},
		{rsaKey, "-md sha384", "", false},
		{rsaKey, "-md sha512", "", false},
		{rsaKey, "-md sha256 -keyid", "", false},
		{rsaKey, "-md sha256 " + pss + "digest", "", false},
		{rsaKey, "-md sha256 -nosmimecap", "", false},
		{key, "-md sha256", "", false},
		{key, "-md sha256 -keyid", "", false},
		{p384, "-md sha384", "", false},
		{rsaKey, "-md sha1", "format: syntax/weak-digest", false},
		{key, "-md sha1", "format: syntax/weak-digest", false},
		{rsaKey, "-md md5", "format: syntax/weak-digest", false},
		{rsaKey, "-md sha224", "format: syntax/digest-algorithm", false},
		{rsaKey, "-md sha256 " + pss + "20", "format: syntax/algorithm-parameters", false},
		{rsaKey, "-md sha256 -noattr", "format: syntax/no-signed-attributes", false},
		{rsaKey, "-md sha256 -nodetach", "format: syntax/not-detached", false},
		{rsaKey, "-md sha256 -nodetach -stream", "format: syntax/not-detached", true},
		{rsaKey, "-md sha256 -nocerts", "format: syntax/signer-certificate", false},
	} {
		t.Run(strings.ReplaceAll(fmt.Sprintf("%T %s", tt.key, tt.options), "*", ""), func(t *testing.T) {
			s := newSigner(t, tt.key)
			args := strings.Fields("openssl cms -sign -binary -outform DER -in content -out sig -certfile between.pem -signer leaf.pem -inkey key.pem " + tt.options)
			sig := s.run(t, "sig", args...)
			if ber := sig[1] == 0x80; ber != tt.ber {
				t.Errorf("indefinite length: %v, want %v", ber, tt.ber)
			}
			want(t, sig, options(), tt.want)
		})
	}
}

// openssl verifies what the other tests have as good.
func TestOpenSSLAgrees(t *testing.T) {
	needs(t, "openssl")
	s := newSigner(t, key)
	s.write(t, "sig", message().DER())
	s.run(t, "", strings.Fields(fmt.Sprintf("openssl cms -verify -binary -inform DER -in sig -content content -CAfile root.pem -attime %d -out out", options().Now.Unix()))...)
}

// gpgsm writes BER.
func TestGpgsm(t *testing.T) {
	needs(t, "gpgsm")
	needs(t, "gpgconf")
	needs(t, "openssl")
	s := newSigner(t, must[crypto.Signer](rsa.GenerateKey(rand.Reader, 2048)))
	s.dir = short(t, s.dir)
	s.write(t, "gpg-agent.conf", []byte("allow-loopback-pinentry\n"))
	s.write(t, "gpgsm.conf", fmt.Appendf(nil, "disable-crl-checks\ndisable-dirmngr\nbatch\npinentry-mode loopback\npassphrase-fd 0\nfaked-system-time %d\n", options().Now.Unix()))
	s.write(t, "trustlist.txt", fmt.Appendf(nil, "%X S relax\n", sha1.Sum(ca.Root.Raw)))
	t.Cleanup(func() { s.run(t, "", "gpgconf", "--kill", "all") })
	s.run(t, "", strings.Fields("openssl pkcs12 -export -legacy -in leaf.pem -inkey key.pem -passout pass:x -out key.p12 -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg SHA1")...)
	for _, file := range []string{"root.pem", "between.pem", "key.p12"} {
		s.run(t, "", "gpgsm", "--import", file)
	}
	sig := s.run(t, "sig", "gpgsm", "--local-user", "alice@example.com", "--detach-sign", "--output", "sig", "content")
	if sig[1] != 0x80 {
		t.Error("gpgsm wrote a definite length: this is no test of BER")
	}
	want(t, sig, options(), "")
	weak := s.run(t, "weak", "gpgsm", "--local-user", "alice@example.com", "--digest-algo", "SHA1", "--detach-sign", "--output", "weak", "content")
	want(t, weak, options(), "format: syntax/weak-digest")
}

// short is a folder whose path leaves room for the name of a socket.
func short(t *testing.T, from string) string {
	t.Helper()
	dir := must(os.MkdirTemp("", "gpgsm"))
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// The library that smimesign signs with.
func TestIETFCMS(t *testing.T) {
	rsaKey := must[crypto.Signer](rsa.GenerateKey(rand.Reader, 2048))
	for name, k := range map[string]crypto.Signer{"ECDSA": key, "RSA": rsaKey} {
		t.Run(name, func(t *testing.T) {
			leaf := ca.Certificate(k.Public(), "alice@example.com", nil)
			sd := must(protocol.NewSignedData(must(protocol.NewDataEncapsulatedContentInfo(content))))
			if err := sd.AddSignerInfo([]*x509.Certificate{leaf, ca.Intermediate, ca.Root}, k); err != nil {
				t.Fatal(err)
			}
			sd.EncapContentInfo.EContent.Bytes, sd.EncapContentInfo.EContent.FullBytes = nil, nil
			sd.EncapContentInfo.EContent.Class, sd.EncapContentInfo.EContent.Tag = 0, 0
			sd.EncapContentInfo.EContent.IsCompound = false
			der := must(sd.ContentInfoDER())
			want(t, der, options(), "")
			if again, err := protocol.BER2DER(der); err != nil || !bytes.Equal(again, der) {
				t.Errorf("the library does not read its own message: %v", err)
			}
			if leaf2, err := smime.Leaf(der); err != nil || !leaf2.Equal(leaf) {
				t.Errorf("the signer is %v, %v", leaf2, err)
			}
		})
	}
}
