package history_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/hack/vectors/scribe"
	"github.com/paraph/paraph/internal/cache"
	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/history"
	"github.com/paraph/paraph/internal/policy"
	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

const (
	pusher = "certificate version 0.1\npusher Alice <alice@example.com> 1777896000 +0000\npushee file:///srv/repo\nnonce 1777896000-abc\n\n"
	one    = "0123456789012345678901234567890123456789"
	zeros  = "0000000000000000000000000000000000000000"
	update = zeros + " " + one + " refs/heads/main\n"
)

// verification is one whose root is that of the public instance, and which knows
// an authority for e-mail.
func (r *repo) verification(clock time.Time) *history.Verification {
	r.t.Helper()
	root, err := trust.Parse(r.pki.TrustedRoot(), "public")
	if err != nil {
		r.t.Fatal(err)
	}
	mail := x509.NewCertPool()
	mail.AddCert(testpki.NewSMIME(scribe.MailCA, nil).Root)
	verdicts := (*cache.Cache)(nil).Under(verify.Trust{
		Roots: []*trust.Root{root}, Now: testpki.DefaultTime, SMIMERoots: func() (*x509.CertPool, error) { return mail, nil },
	})
	v, err := history.New(r.t.Context(), gitcmd.New(r.dir, r.env), history.Options{Verdicts: verdicts, Clock: clock})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = v.Close() })
	return v
}

// certificate reads a push certificate, which must hold.
func (r *repo) certificate(id string) *history.PushCertificate {
	r.t.Helper()
	c, err := r.verification(testpki.DefaultTime).PushCertificate(id)
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

// policyOf is a policy with one branch section, which alice is named by.
func policyOf(t *testing.T, signers string) *policy.Policy {
	t.Helper()
	text := "[policy]\nversion = 1\n" + signers + "[branch \"main\"]\nallow = *\npush = alice\nrewind = alice\n[branch \"open\"]\nallow = *\n[path \".paraph/**\"]\nallow = *\n"
	p, err := policy.Parse([]byte(text), policy.Source{Name: "test"}, func(string) ([]byte, error) {
		return []byte(scribe.OpenPGP("Alice").PublicKey()), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const keyless = "[signer \"alice\"]\nidentity = alice@example.com\nissuer = https://accounts.example.com\n"

// said is the rule of a decision, "" for one that allows.
func said(t *testing.T, d policy.Decision, err error) string {
	t.Helper()
	switch {
	case err != nil:
		t.Fatal(err)
	case d.Verdict == verdict.Trusted && d.Err == nil:
		return ""
	case d.Verdict == verdict.Trusted || d.Err == nil:
		t.Fatalf("%+v", d)
	}
	return d.Err.Rule
}

// What a real git push --signed leaves at the receiver says who pushed what.
func TestPushCertificate(t *testing.T) {
	for _, format := range []git.Format{git.SHA1, git.SHA256} {
		t.Run(format.String(), func(t *testing.T) {
			r := newRepo(t, format)
			server := t.TempDir()
			r.git("init", "-q", "--bare", "--object-format="+format.String(), server)
			r.git("-C", server, "config", "receive.certNonceSeed", "seed")
			hook := "#!/bin/sh\necho $GIT_PUSH_CERT $GIT_PUSH_CERT_NONCE >told\n"
			if err := os.WriteFile(filepath.Join(server, "hooks", "pre-receive"), []byte(hook), 0o700); err != nil {
				t.Fatal(err)
			}
			tip := r.signed(git.Commit, r.commit("first"))
			tag := r.signed(git.Tag, r.tag("v1", "commit", tip))
			r.git("update-ref", "refs/tags/v1", tag)
			push := func(refs ...string) (*history.PushCertificate, string) {
				t.Helper()
				r.push(server, refs...)
				told, err := os.ReadFile(filepath.Join(server, "told"))
				if err != nil {
					t.Fatal(err)
				}
				id, nonce, _ := strings.Cut(strings.TrimSpace(string(told)), " ")
				s := *r
				s.dir = server
				return s.certificate(id), nonce
			}
			c, nonce := push(tip+":refs/heads/main", "refs/tags/v1")
			got, err := c.Updates()
			want := []history.PushedRef{{Ref: "refs/heads/main", New: tip}, {Ref: "refs/tags/v1", New: tag}}
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%+v, %v", got, err)
			}
			if nonce == "" || c.Nonce() != nonce || c.Pushee() != "file://"+server || c.Signer() != "alice@example.com [https://accounts.example.com]" {
				t.Errorf("%q, %q, %q; git says the nonce is %q", c.Nonce(), c.Pushee(), c.Signer(), nonce)
			}
			p := policyOf(t, keyless)
			for ref, rule := range map[string]string{"refs/heads/main": "", "refs/heads/open": policy.RuleRewind, "refs/heads/other": policy.RuleRewind} {
				push, pushErr := c.MayPush(p, ref)
				rewind, rewindErr := c.MayRewind(p, ref)
				if p, r := said(t, push, pushErr), said(t, rewind, rewindErr); p != "" || r != rule {
					t.Errorf("%s: %q, %q", ref, p, r)
				}
			}
			c, _ = push(":refs/heads/main")
			if got, err := c.Updates(); err != nil || !slices.Equal(got, []history.PushedRef{{Ref: "refs/heads/main", Old: tip}}) {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

// push pushes with a certificate: what git wants to have signed is recorded
// first, and then signed here.
func (r *repo) push(server string, refs ...string) {
	r.t.Helper()
	dir := r.t.TempDir()
	program := filepath.Join(dir, "program")
	script := "#!/bin/sh\ncat >" + dir + "/payload && mv " + dir + "/payload " + dir + "/asked || exit 1\n" +
		"n=0\nwhile ! test -e " + dir + "/signed; do sleep 0.01; n=$((n+1)); test $n -lt 1000 || exit 1; done\n" +
		"cat " + dir + "/signed\necho '[GNUPG:] SIG_CREATED D' >&2\n"
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil {
		r.t.Fatal(err)
	}
	args := []string{"-c", "gpg.format=x509", "-c", "gpg.x509.program=" + program, "-c", "user.name=Alice", "-c", "user.email=alice@example.com", "push", "-q", "--signed", "file://" + server}
	cmd := exec.Command("git", append(args, refs...)...)
	cmd.Dir, cmd.Env = r.dir, r.env
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	var asked []byte
	for begin := time.Now(); asked == nil && time.Since(begin) < 10*time.Second; time.Sleep(5 * time.Millisecond) {
		asked, _ = os.ReadFile(filepath.Join(dir, "asked"))
	}
	part := filepath.Join(dir, "part")
	if err := errors.Join(os.WriteFile(part, r.sign(string(asked)), 0o600), os.Rename(part, filepath.Join(dir, "signed")), cmd.Wait()); err != nil {
		r.t.Fatalf("%v: %s", err, said.Bytes())
	}
}

// Each certificate here breaks one rule.
func TestPushCertificatesThatDoNotHold(t *testing.T) {
	r := newRepo(t, git.SHA1)
	v := r.verification(testpki.DefaultTime)
	text := pusher + update
	signature := string(r.sign(text))
	ssh := string(must(scribe.SSH("Alice").Sign(nil, []byte(text), testpki.DefaultTime)))
	other := strings.Replace(text, "main", "next", 1)
	for name, tt := range map[string]struct{ raw, want string }{
		"unsigned":                {text, "syntax/unsigned"},
		"signed over other bytes": {other + signature, "binding/message-digest-value"},
		"by SSH, over other ones": {other + ssh, "signature/signature-value"},
		"two signatures":          {text + signature + signature, "binding/message-digest-value"},
		"two of two sorts":        {text + ssh + signature, "binding/message-digest-value"},
		"bytes after it":          {text + signature + update, "syntax/armor-trailing"},
		"an unknown armor":        {text + "-----BEGIN SOMETHING-----\n", "syntax/unsigned"},
		"an OpenPGP message":      {text + strings.ReplaceAll(pgpSigned, "SIGNATURE", "MESSAGE"), "material/other-signature"},
		"a broken SSH signature":  {text + sshSigned, "syntax/preamble"},
		"a commit":                {r.commit("one"), "syntax/object-kind"},
		"another version":         {r.withSignature(strings.Replace(text, "0.1", "0.2", 1)), "syntax/certificate-version"},
		"a header more":           {r.withSignature(strings.Replace(text, "\n\n", "\nx y\n\n", 1)), "syntax/unknown-header"},
		"no proof":                {text + string(r.signer().Sign([]byte(text))), "proof/no-entry"},
		"a certificate too large": {text + strings.Repeat("x", 32<<20) + signature, "syntax/certificate-size"},
	} {
		c, err := v.PushCertificate(r.write("blob", []byte(tt.raw)))
		var e *verdict.Error
		if !errors.As(err, &e) || e.Class.String()+"/"+e.Rule != tt.want || c != nil {
			t.Errorf("%s: %v, want %s", name, ruled(err), tt.want)
		}
	}
	for name, id := range map[string]string{"none there": one, "no id": "HEAD", "nothing": "", "of another width": strings.Repeat("1", 64)} {
		if c, err := v.PushCertificate(id); err == nil || c != nil {
			t.Errorf("%s: %v, %+v", name, err, c)
		}
	}
	if c, err := v.PushCertificate(r.tree); err == nil || c != nil || ruled(err) != "syntax/object-kind" {
		t.Errorf("a tree: %v", err)
	}
}

// withSignature is a certificate whose signature holds.
func (r *repo) withSignature(text string) string { return text + string(r.sign(text)) }

func ruled(err error) string {
	var e *verdict.Error
	if errors.As(err, &e) {
		return e.Class.String() + "/" + e.Rule
	}
	if err == nil {
		return ""
	}
	return err.Error()
}

// Attack 19 once more: another certificate under the id that git named.
func TestAnotherCertificateUnderTheID(t *testing.T) {
	r := newRepo(t, git.SHA1)
	asked := r.write("blob", []byte("asked for"))
	r.plant(asked, "blob", []byte(r.withSignature(pusher+update)))
	if c, err := r.verification(testpki.DefaultTime).PushCertificate(asked); ruled(err) != "binding/object-id" || c != nil {
		t.Errorf("%v, %+v", err, c)
	}
}

// Whoever signs without Sigstore counts as the policy says, at the latest time
// that there is.
func TestPushCertificatesOfOthers(t *testing.T) {
	r := newRepo(t, git.SHA1)
	const ssh, pgp = "ssh = ", "openpgp = /keys/alice.asc\n"
	alice := func(lines string) string { return "[signer \"alice\"]\n" + lines }
	in := func(hours int) time.Time { return testpki.DefaultTime.Add(time.Duration(hours) * time.Hour) }
	sshKey := alice(ssh + scribe.SSH("Alice").PublicKey() + "\n")
	mail := alice("smime = alice@example.com\nsmimeCA = sha256:" + mailCA() + "\n")
	for name, tt := range map[string]struct {
		by     signer
		signer string
		clock  time.Time
		want   string
	}{
		"her SSH key":                   {scribe.SSH("Alice"), sshKey, in(0), ""},
		"another SSH key":               {scribe.SSH("Mallory"), sshKey, in(0), policy.RuleSigner},
		"her SSH key, before its end":   {scribe.SSH("Alice"), sshKey + "notAfter = 2026-05-04T12:30:00Z\n", in(0), ""},
		"her SSH key, after its end":    {scribe.SSH("Alice"), sshKey + "notAfter = 2026-05-04T12:30:00Z\n", in(1), policy.RuleNotAfter},
		"the pusher's own later date":   {scribe.SSH("Alice"), sshKey + "notAfter = 2026-05-04T11:59:59Z\n", in(-5), policy.RuleNotAfter},
		"her OpenPGP key":               {scribe.OpenPGP("Alice"), alice(pgp), in(0), ""},
		"another OpenPGP key":           {scribe.OpenPGP("Mallory"), alice(pgp), in(0), "key-unknown"},
		"an SSH key for an OpenPGP's":   {scribe.SSH("Alice"), alice(pgp), in(0), policy.RuleSigner},
		"an OpenPGP key for Sigstore's": {scribe.OpenPGP("Alice"), keyless, in(0), "key-unknown"},
		"her e-mail certificate":        {mailed{scribe.MailCA, "alice@example.com"}, mail, in(0), ""},
		"another's e-mail certificate":  {mailed{scribe.MailCA, "mallory@example.com"}, mail, in(0), policy.RuleSigner},
	} {
		text := pusher + update
		signature := must(tt.by.Sign(nil, []byte(text), testpki.DefaultTime))
		c, err := r.verification(tt.clock).PushCertificate(r.write("blob", []byte(text+string(signature))))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		d, err := c.MayPush(policyOf(t, tt.signer), "refs/heads/main")
		if got := said(t, d, err); got != tt.want {
			t.Errorf("%s: %q, %v, want %q", name, got, d.Err, tt.want)
		}
		if c.Signer() == "" || c.Nonce() != "1777896000-abc" {
			t.Errorf("%s: signer %q, nonce %q", name, c.Signer(), c.Nonce())
		}
	}
	// An authority that is not known vouches for nobody, and a known key's false
	// signature is nobody's.
	text := pusher + update
	strange := must(mailed{scribe.StrangeCA, "alice@example.com"}.Sign(nil, []byte(text), testpki.DefaultTime))
	v := r.verification(in(0))
	if _, err := v.PushCertificate(r.write("blob", []byte(text+string(strange)))); ruled(err) != "material/unknown-ca" {
		t.Errorf("by an authority that nobody knows: %v", err)
	}
	pgpSignature := must(scribe.OpenPGP("Alice").Sign(nil, []byte(strings.Replace(text, "main", "next", 1)), testpki.DefaultTime))
	c, err := v.PushCertificate(r.write("blob", []byte(text+string(pgpSignature))))
	if err != nil {
		t.Fatal(err)
	}
	d, err := c.MayPush(policyOf(t, alice(pgp)), "refs/heads/main")
	if d.Err == nil || d.Err.Class != verdict.Binding && d.Err.Class != verdict.Signature || d.Verdict == verdict.Trusted || err != nil {
		t.Errorf("a false signature by a known key: %+v, %v", d, err)
	}
}

// A signer is one who needs no log.
type signer interface {
	Sign(h *scribe.History, payload []byte, at time.Time) ([]byte, error)
}

// mailed signs with a certificate of an authority for an address.
type mailed struct{ ca, address string }

func (m mailed) Sign(_ *scribe.History, payload []byte, _ time.Time) ([]byte, error) {
	key, ca := testpki.Key("smime "+m.address), testpki.NewSMIME(m.ca, nil)
	return cms.Armor(ca.Message(payload, key, ca.Certificate(key.Public(), m.address, nil)).DER()), nil
}

func mailCA() string {
	return fmt.Sprintf("%x", sha256.Sum256(testpki.NewSMIME(scribe.MailCA, nil).Root.Raw))
}

// The zero certificate is nobody's.
func TestNoPushCertificate(t *testing.T) {
	var c history.PushCertificate
	d, err := c.MayPush(policyOf(t, keyless), "refs/heads/other")
	if err == nil || d.Verdict != "" {
		t.Errorf("%+v, %v", d, err)
	}
	if u, err := c.Updates(); err == nil || u != nil || c.Nonce() != "" || c.Pushee() != "" || c.Signer() != "" {
		t.Errorf("%+v, %v", u, err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
