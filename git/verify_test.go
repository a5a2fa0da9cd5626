package git_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/verdict"
)

const commit = commitTop + "\nFirst commit\n"

func byAlice(root *git.TrustedRoot) git.VerifyOptions {
	return git.VerifyOptions{Root: root, Signers: []git.Identity{aliceID}}
}

// Every type in every format, with both logs, is trusted as Alice's.
func TestVerifyWhatWasSigned(t *testing.T) {
	instances := map[string]func() *instance{"rekor1": rekor1, "rekor2": rekor2}
	objects := map[git.Type]string{
		git.Commit:          commit,
		git.Tag:             tagTop + "\nFirst release\n",
		git.PushCertificate: certTop + "\n" + id1 + " " + id2 + " refs/heads/main\n",
	}
	for name, start := range instances {
		for typ, raw := range objects {
			t.Run(name+"/"+string(typ), func(t *testing.T) { roundTrip(t, start(), git.SHA1, typ, raw) })
			t.Run(name+"/sha256/"+string(typ), func(t *testing.T) { roundTrip(t, start(), git.SHA256, typ, long(raw)) })
		}
	}
}

func roundTrip(t *testing.T, in *instance, f git.Format, typ git.Type, raw string) {
	signed := in.sign(t, f, typ, raw)
	id, err := git.Hash(f, typ, signed)
	if err != nil {
		t.Fatal(err)
	}
	opts := byAlice(in.root())
	opts.ID = id
	s, err := git.Verify(f, typ, signed, opts)
	if err != nil {
		t.Fatalf("Verify: %v", err)
	}
	if s.Verdict() != git.VerdictTrusted || s.Identity() != aliceID {
		t.Errorf("%s by %v", s.Verdict(), s.Identity())
	}
	if s.ID() != id || s.Format() != f || s.Type() != typ {
		t.Errorf("%s %s %s, want %s %s %s", s.Format(), s.Type(), s.ID(), f, typ, id)
	}
	clear(signed)
	if string(s.Payload()) != raw {
		t.Errorf("payload %q, want %q", s.Payload(), raw)
	}
}

func TestSignatureOfRekor1(t *testing.T) {
	in := rekor1()
	s, err := git.Verify(git.SHA1, git.Commit, in.sign(t, git.SHA1, git.Commit, commit), byAlice(in.root()))
	if err != nil {
		t.Fatal(err)
	}
	if !s.Time().Equal(testpki.DefaultTime) || !s.LogTime().Equal(testpki.DefaultTime) || len(s.Timestamps()) != 0 {
		t.Errorf("proven: %s, log %s, timestamps %s", s.Time(), s.LogTime(), s.Timestamps())
	}
	want := git.LogEntry{LogID: hex.EncodeToString(in.Rekor1.ID()), Index: s.Log().Index, Kind: "hashedrekord 0.0.1", Major: 1}
	if s.Log() != want || s.Log().Index == 0 {
		t.Errorf("log %+v, want %+v", s.Log(), want)
	}
	if s.Instance() != "test" || s.Claims() == nil || len(s.Certificate().EmailAddresses) != 1 || s.Certificate().EmailAddresses[0] != aliceID.Name {
		t.Errorf("instance %q, claims %v, certificate for %v", s.Instance(), s.Claims(), s.Certificate().EmailAddresses)
	}
}

func TestSignatureOfRekor2(t *testing.T) {
	in := rekor2()
	s, err := git.Verify(git.SHA1, git.Commit, in.sign(t, git.SHA1, git.Commit, commit), byAlice(in.root()))
	if err != nil {
		t.Fatal(err)
	}
	if !s.Time().Equal(testpki.DefaultTime) || !s.LogTime().IsZero() || len(s.Timestamps()) != 1 {
		t.Errorf("proven: %s, log %s, timestamps %s", s.Time(), s.LogTime(), s.Timestamps())
	}
	if s.Log().Major != 2 || s.Log().LogID != hex.EncodeToString(in.Rekor2.ID()) {
		t.Errorf("log %+v", s.Log())
	}
}

// The checks come in the order of their names, and all of them hold.
func TestSignatureChecks(t *testing.T) {
	in := rekor1()
	s, err := git.Verify(git.SHA1, git.Commit, in.sign(t, git.SHA1, git.Commit, commit), byAlice(in.root()))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range s.Checks() {
		names = append(names, c.Name)
		if !c.OK && !c.Skipped {
			t.Errorf("check %s: %+v", c.Name, c)
		}
	}
	const want = "format digest signature chain sct entry inclusion checkpoint set timestamp time policy"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("checks %s, want %s", got, want)
	}
}

func TestSignatureTag(t *testing.T) {
	in := rekor1()
	for typ, want := range map[git.Type]git.TagTarget{
		git.Tag:    {Name: "v1", ID: id1, Type: "commit"},
		git.Commit: {},
	} {
		raw := map[git.Type]string{git.Tag: tagTop + "\nFirst release\n", git.Commit: commit}[typ]
		s, err := git.Verify(git.SHA1, typ, in.sign(t, git.SHA1, typ, raw), byAlice(in.root()))
		if err != nil {
			t.Fatal(err)
		}
		if s.Tag() != want {
			t.Errorf("%s: %+v, want %+v", typ, s.Tag(), want)
		}
	}
}

func TestSignatureBy(t *testing.T) {
	in := rekor1()
	signed := in.sign(t, git.SHA1, git.Commit, commit)
	s, err := git.Verify(git.SHA1, git.Commit, signed, git.VerifyOptions{Root: in.root(), AnySigner: true})
	if err != nil {
		t.Fatal(err)
	}
	if s.Verdict() != git.VerdictValid {
		t.Errorf("verdict %s, want valid: nobody said whom to trust", s.Verdict())
	}
	for id, want := range map[git.Identity]bool{
		aliceID:                                  true,
		{Name: aliceID.Name}:                     false,
		{Issuer: aliceID.Issuer}:                 false,
		{Name: "bob", Issuer: aliceID.Issuer}:    false,
		{Name: aliceID.Name, Issuer: "https://"}: false,
	} {
		if s.By(id) != want {
			t.Errorf("By(%v) is %t", id, !want)
		}
	}
}

// The zero value verified nothing, and nobody signed it.
func TestZeroSignature(t *testing.T) {
	var s git.Signature
	if s.Verdict() != "" || s.By(git.Identity{}) || s.Identity() != (git.Identity{}) || s.Claims() != nil || s.Instance() != "" ||
		s.Certificate() != nil || !s.Time().IsZero() || s.Log() != (git.LogEntry{}) || s.Tag() != (git.TagTarget{}) || s.Checks() != nil || s.Payload() != nil {
		t.Error("the zero Signature says something")
	}
}

// One defect each, and the verdict, class and rule that it gets.
func TestVerifyRefuses(t *testing.T) {
	carol := git.Identity{Name: "carol@example.com", Issuer: aliceID.Issuer}
	tests := []struct {
		name    string
		in      func(*instance)
		raw     func([]byte) []byte
		opts    func(*git.VerifyOptions)
		verdict git.Verdict
		class   string
		rule    string
	}{
		{"another identity", nil, nil, func(o *git.VerifyOptions) { o.Signers = []git.Identity{carol} }, git.VerdictRefused, "identity", git.RuleIdentity},
		{"another issuer", nil, nil, func(o *git.VerifyOptions) { o.Signers = []git.Identity{{aliceID.Name, "https://other.example.com"}} }, git.VerdictRefused, "identity", git.RuleIdentity},
		{"another case", nil, nil, func(o *git.VerifyOptions) { o.Signers = []git.Identity{{"Alice@example.com", aliceID.Issuer}} }, git.VerdictRefused, "identity", git.RuleIdentity},
		{"another id", nil, nil, func(o *git.VerifyOptions) { o.ID = id1 }, git.VerdictBad, "binding", git.RuleObjectID},
		{"id in upper case", nil, nil, func(o *git.VerifyOptions) { o.ID = strings.Repeat("A", 40) }, git.VerdictBad, "binding", git.RuleObjectID},
		{"message changed", nil, replace("First", "Other"), nil, git.VerdictBad, "binding", "message-digest-value"},
		{"other armor", nil, func([]byte) []byte { return []byte(commitTop + fold("gpgsig", armorPGP) + "\nx\n") }, nil, git.VerdictUnknown, "material", "other-signature"},
		{"empty object", nil, func([]byte) []byte { return nil }, nil, git.VerdictMalformed, "syntax", git.RuleObjectKind},
		{"two signatures", nil, replace("\n\nFirst", "\n"+strings.TrimSuffix(fold("gpgsig", armorX509), "\n")+"\n\nFirst"), nil, git.VerdictMalformed, "syntax", git.RuleDuplicateSignature},
		{"no timestamp of Rekor 2", func(in *instance) { in.log = in.LogV2 }, nil, nil, git.VerdictUnproven, "proof", "no-timestamp"},
		{"signed too late", func(in *instance) { in.late = func(c *testpki.Clock) { c.Advance(time.Hour) } }, nil, nil, git.VerdictExpired, "time", "certificate-window"},
		{"another instance", nil, nil, func(o *git.VerifyOptions) { o.Root = (&instance{PKI: testpki.New(testpki.Seed("elsewhere"))}).root() }, git.VerdictUnknown, "material", ""},
		{"forged promise of the log", func(in *instance) { in.entry = func(e *testpki.Entry) { e.IntegratedTime++ } }, nil, nil, git.VerdictBad, "log", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := rekor1()
			if tt.in != nil {
				tt.in(in)
			}
			raw := in.sign(t, git.SHA1, git.Commit, commit)
			if tt.raw != nil {
				raw = tt.raw(raw)
			}
			opts := byAlice(in.root())
			if tt.opts != nil {
				tt.opts(&opts)
			}
			s, err := git.Verify(git.SHA1, git.Commit, raw, opts)
			wantVerdict(t, s, err, tt.verdict, tt.class, tt.rule)
		})
	}
}

// wantVerdict asserts what a failed verification says. An empty rule is any.
func wantVerdict(t *testing.T, s *git.Signature, err error, v git.Verdict, class, rule string) {
	t.Helper()
	if s != nil {
		t.Fatal("a Signature beside an error")
	}
	var e *git.VerificationError
	if !errors.As(err, &e) {
		t.Fatalf("error %v (%T), want verdict %s", err, err, v)
	}
	if e.Verdict != v || e.Class != class || rule != "" && e.Rule != rule || e.Message == "" || err.Error() != e.Message {
		t.Errorf("%s, class %s, rule %s (%s); want %s, %s, %s", e.Verdict, e.Class, e.Rule, e.Message, v, class, rule)
	}
	var own *verdict.Error
	if !errors.As(err, &own) || git.Verdict(own.Class.Verdict()) != v {
		t.Errorf("as *verdict.Error: %+v", own)
	}
}

func replace(old, with string) func([]byte) []byte {
	return func(raw []byte) []byte { return bytes.Replace(raw, []byte(old), []byte(with), 1) }
}

func TestVerifyUnsigned(t *testing.T) {
	s, err := git.Verify(git.SHA1, git.Commit, []byte(commit), byAlice(rekor1().root()))
	var e *git.VerificationError
	if s != nil || !errors.Is(err, git.ErrUnsigned) || !errors.As(err, &e) || e.Verdict != git.VerdictUnsigned || e.Unverified != nil {
		t.Errorf("%v, %#v", s, err)
	}
}

// What a signature claims that does not hold is shown as a claim.
func TestUnverifiedSignature(t *testing.T) {
	in := rekor1()
	raw := replace("First", "Other")(in.sign(t, git.SHA1, git.Commit, commit))
	_, err := git.Verify(git.SHA1, git.Commit, raw, byAlice(in.root()))
	var e *git.VerificationError
	if !errors.As(err, &e) || e.Unverified == nil {
		t.Fatalf("%#v", err)
	}
	u := e.Unverified
	id, _ := git.Hash(git.SHA1, git.Commit, raw)
	if u.ID != id || u.Armor != git.X509 || u.Signer != aliceID.Name+" ["+aliceID.Issuer+"]" || u.Certificate == nil {
		t.Errorf("%+v", u)
	}
	for _, c := range u.Checks {
		if c.OK != (c.Name == "format") {
			t.Errorf("check %+v", c)
		}
	}
}

// A call that does not say what counts says nothing of the object.
func TestVerifyUsage(t *testing.T) {
	in := rekor1()
	raw := in.sign(t, git.SHA1, git.Commit, commit)
	root, alice := in.root(), []git.Identity{aliceID}
	tests := []struct {
		name   string
		format git.Format
		typ    git.Type
		opts   git.VerifyOptions
	}{
		{"zero options", git.SHA1, git.Commit, git.VerifyOptions{}},
		{"no root", git.SHA1, git.Commit, git.VerifyOptions{Signers: alice}},
		{"zero root", git.SHA1, git.Commit, git.VerifyOptions{Root: new(git.TrustedRoot), Signers: alice}},
		{"nobody to trust", git.SHA1, git.Commit, git.VerifyOptions{Root: root}},
		{"somebody and anybody", git.SHA1, git.Commit, git.VerifyOptions{Root: root, Signers: alice, AnySigner: true}},
		{"a signer without issuer", git.SHA1, git.Commit, git.VerifyOptions{Root: root, Signers: []git.Identity{aliceID, {Name: aliceID.Name}}}},
		{"a signer without name", git.SHA1, git.Commit, git.VerifyOptions{Root: root, Signers: []git.Identity{{Issuer: aliceID.Issuer}}}},
		{"no format", 0, git.Commit, byAlice(root)},
		{"no type", git.SHA1, "", byAlice(root)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := git.Verify(tt.format, tt.typ, raw, tt.opts)
			var verification *git.VerificationError
			if s != nil || errors.As(err, &verification) {
				t.Fatalf("%v, %v: a verdict", s, err)
			}
			var e *git.Error
			if !errors.As(err, &e) || e.Rule != git.RuleUsage || e.Class != "infrastructure" {
				t.Errorf("error %#v, want rule usage", err)
			}
		})
	}
}

func TestParseTrustedRootRefuses(t *testing.T) {
	if root, err := git.ParseTrustedRoot([]byte("{}"), "test"); root != nil || err == nil {
		t.Errorf("%v, %v", root, err)
	}
}

func TestOpen(t *testing.T) {
	raw := commitTop + fold("gpgsig", armorX509) + "\nx\n"
	id, err := git.Hash(git.SHA1, git.Commit, []byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	if o, err := git.Open(git.SHA1, git.Commit, []byte(raw), id); err != nil || string(o.Signature) != armorX509 {
		t.Errorf("%v, %v", o, err)
	}
	for want, rule := range map[string]string{id2: git.RuleObjectID, "": git.RuleUsage} {
		o, err := git.Open(git.SHA1, git.Commit, []byte(raw), want)
		var e *git.Error
		if o != nil || !errors.As(err, &e) || e.Rule != rule {
			t.Errorf("id %q: %v, %#v, want rule %s", want, o, err, rule)
		}
	}
}
