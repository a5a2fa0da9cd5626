package git_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/git"
)

// A signerFunc is a Signer for tests.
type signerFunc func(ctx context.Context, payload []byte) ([]byte, error)

func (f signerFunc) Sign(ctx context.Context, payload []byte) ([]byte, error) { return f(ctx, payload) }

// What cannot become a signed object is refused before anybody signs it.
func TestSignRefusesObject(t *testing.T) {
	tests := []struct {
		name   string
		format git.Format
		typ    git.Type
		raw    string
		rule   string
	}{
		{"signed commit", git.SHA1, git.Commit, commitTop + fold("gpgsig", armorX509) + "\nx\n", git.RuleSigned},
		{"commit signed with another armor", git.SHA1, git.Commit, commitTop + fold("gpgsig", armorPGP) + "\nx\n", git.RuleSigned},
		{"signed tag", git.SHA1, git.Tag, tagTop + "\nx\n" + armorX509, git.RuleSigned},
		{"broken signature", git.SHA1, git.Tag, tagTop + "\nx\n" + "-----BEGIN SIGNED MESSAGE-----\n", git.RuleArmorEnd},
		{"commit without committer", git.SHA1, git.Commit, "tree " + id1 + "\nauthor " + alice + "\n\nx\n", "header-order"},
		{"commit without a blank line", git.SHA1, git.Commit, commitTop, git.RuleNoBlankLine},
		{"tag without final newline", git.SHA1, git.Tag, tagTop + "\nx", git.RuleJoin},
		{"tag as commit", git.SHA1, git.Commit, tagTop + "\nx\n", git.RuleObjectKind},
		{"other format", git.SHA256, git.Commit, commit, git.RuleObjectFormat},
		{"empty", git.SHA1, git.Commit, "", git.RuleObjectKind},
		{"no type", git.SHA1, "", commit, git.RuleUsage},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			asked := signerFunc(func(context.Context, []byte) ([]byte, error) {
				t.Error("the signer was asked")
				return nil, nil
			})
			signed, err := git.Sign(t.Context(), tt.format, tt.typ, []byte(tt.raw), asked)
			if signed != nil {
				t.Errorf("an object: %q", signed)
			}
			wantRule(t, err, tt.rule)
		})
	}
}

func TestSignRefusesAnswer(t *testing.T) {
	good, err := rekor1().signer().Sign(t.Context(), []byte(commit))
	if err != nil {
		t.Fatal(err)
	}
	other, err := rekor1().signer().Sign(t.Context(), []byte(commit+"more\n"))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, class, rule string
		answer            []byte
	}{
		{"nothing", "syntax", "armor-begin", nil},
		{"another armor", "syntax", "armor-begin", []byte(armorPGP)},
		{"text before", "syntax", "armor-begin", append([]byte("\n"), good...)},
		{"two blocks", "syntax", "armor-base64", append(bytes.Clone(good), good...)},
		{"no final newline", "syntax", "armor-end", bytes.TrimSuffix(good, []byte("\n"))},
		{"CRLF", "syntax", "armor-begin", bytes.ReplaceAll(good, []byte("\n"), []byte("\r\n"))},
		{"armor around nothing", "syntax", "truncated", cms.Armor(nil)},
		{"over other bytes", "binding", "message-digest-value", other},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			signed, err := git.Sign(t.Context(), git.SHA1, git.Commit, []byte(commit), signerFunc(func(context.Context, []byte) ([]byte, error) { return tt.answer, nil }))
			var e *git.Error
			if signed != nil || !errors.As(err, &e) {
				t.Fatalf("%q, %#v", signed, err)
			}
			if e.Class != tt.class || e.Rule != tt.rule {
				t.Errorf("%s, rule %s (%s), want %s, %s", e.Class, e.Rule, e.Message, tt.class, tt.rule)
			}
		})
	}
}

// A signature that is false, not only over other bytes, has its own class.
func TestSignRefusesFalseSignature(t *testing.T) {
	armored, err := rekor1().signer().Sign(t.Context(), []byte(commit))
	if err != nil {
		t.Fatal(err)
	}
	der, err := cms.Unarmor(armored)
	if err != nil {
		t.Fatal(err)
	}
	sd, err := cms.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	// The last byte of the signature is one of the number s.
	der[bytes.Index(der, sd.Signature)+len(sd.Signature)-1] ^= 1
	_, err = git.Sign(t.Context(), git.SHA1, git.Commit, []byte(commit), signerFunc(func(context.Context, []byte) ([]byte, error) { return cms.Armor(der), nil }))
	var e *git.Error
	if !errors.As(err, &e) || e.Class != "signature" {
		t.Errorf("error %#v, want class signature", err)
	}
}

func TestSignNoSigner(t *testing.T) {
	_, err := git.Sign(t.Context(), git.SHA1, git.Commit, []byte(commit), nil)
	var e *git.Error
	if !errors.As(err, &e) || e.Rule != git.RuleUsage {
		t.Errorf("error %#v, want rule usage", err)
	}
}

func TestSignSignerFails(t *testing.T) {
	locked := errors.New("the token is locked")
	signed, err := git.Sign(t.Context(), git.SHA1, git.Commit, []byte(commit), signerFunc(func(context.Context, []byte) ([]byte, error) { return nil, locked }))
	if signed != nil || !errors.Is(err, locked) {
		t.Errorf("%q, %v", signed, err)
	}
}

// The signer gets the caller's context, and a copy of the bytes.
func TestSignAsksWithCopy(t *testing.T) {
	type key struct{}
	in := rekor1()
	s := signerFunc(func(ctx context.Context, payload []byte) ([]byte, error) {
		if ctx.Value(key{}) != "value" {
			t.Error("another context")
		}
		armored, err := in.signer().Sign(ctx, payload)
		clear(payload)
		return armored, err
	})
	signed, err := git.Sign(context.WithValue(t.Context(), key{}, "value"), git.SHA1, git.Commit, []byte(commit), s)
	if err != nil {
		t.Fatal(err)
	}
	o, err := git.Split(git.SHA1, git.Commit, signed)
	if err != nil || string(o.Payload) != commit {
		t.Errorf("%v, %v", o, err)
	}
}

func TestKeySignerRefuses(t *testing.T) {
	refused := errors.New("the log is full")
	tests := []struct {
		name  string
		spoil func(*git.KeySigner)
	}{
		{"no key", func(k *git.KeySigner) { k.Key = nil }},
		{"no certificate", func(k *git.KeySigner) { k.Certificate = nil }},
		{"no clock", func(k *git.KeySigner) { k.Now = nil }},
		{"no proof asked for", func(k *git.KeySigner) { k.Prove = nil }},
		{"certificate for another key", func(k *git.KeySigner) { k.Certificate = rekor1().CAIntermediate }},
		{"proof fails", func(k *git.KeySigner) { k.Prove = proof(git.Proof{}, refused) }},
		{"no log entry", func(k *git.KeySigner) { k.Prove = proof(git.Proof{Timestamp: []byte{0x30, 0}}, nil) }},
		{"timestamp is not DER", func(k *git.KeySigner) { k.Prove = proof(git.Proof{LogEntry: []byte{1}, Timestamp: []byte("x")}, nil) }},
		{"proof of 1 MiB", func(k *git.KeySigner) { k.Prove = proof(git.Proof{LogEntry: make([]byte, 1<<20)}, nil) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := rekor1().signer()
			tt.spoil(k)
			armored, err := k.Sign(t.Context(), []byte(commit))
			if armored != nil || err == nil {
				t.Fatalf("%q, %v", armored, err)
			}
			if (tt.name == "proof fails") != errors.Is(err, refused) {
				t.Errorf("error %v", err)
			}
		})
	}
	if _, err := (*git.KeySigner)(nil).Sign(t.Context(), []byte(commit)); err == nil {
		t.Error("a nil KeySigner signs")
	}
}

func proof(p git.Proof, err error) func(context.Context, []byte, []byte) (git.Proof, error) {
	return func(context.Context, []byte, []byte) (git.Proof, error) { return p, err }
}
