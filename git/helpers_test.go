package git_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/internal/verdict"
)

const (
	id1 = "1111111111111111111111111111111111111111"
	id2 = "2222222222222222222222222222222222222222"
	id3 = "4444444444444444444444444444444444444444"
	// tail makes an id of a SHA-256 repository of these.
	tail = "333333333333333333333333"

	alice = "Alice A <alice@example.com> 1700000000 +0200"
	bob   = "Bob <bob@example.com> 1700000001 -0330"

	commitTop = "tree " + id1 + "\nparent " + id2 + "\nauthor " + alice + "\ncommitter " + bob + "\n"
	tagTop    = "object " + id1 + "\ntype commit\ntag v1\ntagger " + alice + "\n"
	certTop   = "certificate version 0.1\npusher " + alice + "\nnonce 1-2\n"

	// Armor without meaning: here only its lines count.
	armorX509 = "-----BEGIN SIGNED MESSAGE-----\nMIIB\nAQID\n-----END SIGNED MESSAGE-----\n"
	armorPGP  = "-----BEGIN PGP SIGNATURE-----\n\niQIz\n=abcd\n-----END PGP SIGNATURE-----\n"
	armorMail = "-----BEGIN PGP MESSAGE-----\n\nowGb\n-----END PGP MESSAGE-----\n"
	armorSSH  = "-----BEGIN SSH SIGNATURE-----\nU1NI\n-----END SSH SIGNATURE-----\n"
)

// fold writes a header with a value of several lines, as git does.
func fold(name, value string) string {
	return name + " " + strings.ReplaceAll(strings.TrimSuffix(value, "\n"), "\n", "\n ") + "\n"
}

// long makes an object of a SHA-1 repository one of a SHA-256 repository.
func long(raw string) string {
	return strings.NewReplacer(id1, id1+tail, id2, id2+tail, id3, id3+tail).Replace(raw)
}

// wantRule asserts which rule of syntax an error is about, in the public form
// and in the one that paraph's own packages use.
func wantRule(t *testing.T, err error, rule string) {
	t.Helper()
	var public *git.Error
	if !errors.As(err, &public) {
		t.Fatalf("error %v, want rule %s", err, rule)
	}
	if public.Class != "syntax" || public.Rule != rule {
		t.Errorf("%s, rule %s (%s), want syntax, rule %s", public.Class, public.Rule, public.Message, rule)
	}
	var own *verdict.Error
	if !errors.As(err, &own) || own.Class != verdict.Syntax || own.Rule != rule {
		t.Errorf("as *verdict.Error: %+v", own)
	}
}
