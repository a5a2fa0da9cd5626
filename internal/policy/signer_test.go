package policy

import (
	"testing"

	"github.com/paraph/paraph/internal/fulcio"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

func signedBy(name, issuer string) *verify.Result {
	return &verify.Result{
		Verdict: verdict.Valid,
		Signer:  &verify.Signer{Identity: fulcio.Identity{Name: name, Issuer: issuer}, Instance: "public"},
		Checks:  []verify.Check{{Name: verify.CheckPolicy, Skipped: true}},
	}
}

// Attacks 37 and 38.
func TestSigner(t *testing.T) {
	const alice, google = "alice@example.com", "https://accounts.google.com"
	for name, tt := range map[string]struct {
		name, nameRE, issuer, issuerRE string
		signer, by                     string
		want                           verdict.Verdict
	}{
		"exact":                     {name: alice, issuer: google, signer: alice, by: google, want: verdict.Trusted},
		"other issuer":              {name: alice, issuer: google, signer: alice, by: "https://github.com/login/oauth", want: verdict.Refused},
		"case counts":               {name: alice, issuer: google, signer: "Alice@example.com", by: google, want: verdict.Refused},
		"prefix is not enough":      {name: alice, issuer: google, signer: alice + ".attacker", by: google, want: verdict.Refused},
		"exact is no pattern":       {name: ".*", issuer: google, signer: alice, by: google, want: verdict.Refused},
		"zero width space":          {name: alice, issuer: google, signer: "alice\u200b@example.com", by: google, want: verdict.Refused},
		"look-alike":                {name: alice, issuer: google, signer: "\u0430lice@example.com", by: google, want: verdict.Refused},
		"pattern":                   {nameRE: `.*@example\.com`, issuer: google, signer: alice, by: google, want: verdict.Trusted},
		"pattern is anchored":       {nameRE: `example\.com`, issuer: google, signer: "evil-example.com.attacker", by: google, want: verdict.Refused},
		"alternation is anchored":   {nameRE: `alice|example`, issuer: google, signer: alice, by: google, want: verdict.Refused},
		"multi-line flag":           {nameRE: `(?m)alice@example.com$`, issuer: google, signer: alice + "\nx", by: google, want: verdict.Refused},
		"trailing line break":       {nameRE: `alice@example\.com`, issuer: google, signer: alice + "\n", by: google, want: verdict.Refused},
		"issuer pattern":            {name: alice, issuerRE: `https://[a-z]+\.google\.com`, signer: alice, by: google, want: verdict.Trusted},
		"issuer pattern does not":   {name: alice, issuerRE: `https://google\.com`, signer: alice, by: google, want: verdict.Refused},
		"empty name in certificate": {nameRE: `.+`, issuer: google, signer: "", by: google, want: verdict.Refused},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := NewSigner(tt.name, tt.nameRE, tt.issuer, tt.issuerRE, "the test")
			if err != nil {
				t.Fatal(err)
			}
			r := signedBy(tt.signer, tt.by)
			s.Judge(r)
			if r.Verdict != tt.want {
				t.Errorf("%s, want %s", r.Verdict, tt.want)
			}
			if (r.Err != nil) != (tt.want == verdict.Refused) || r.Checks[0].OK != (tt.want == verdict.Trusted) {
				t.Errorf("error %v, checks %v", r.Err, r.Checks)
			}
		})
	}
}

func TestNothingElseIsJudged(t *testing.T) {
	s, err := NewSigner("", ".*", "", ".*", "the test")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []verdict.Verdict{"", verdict.Bad, verdict.Unknown, verdict.Unproven, verdict.Expired, verdict.Malformed, verdict.Unsigned} {
		r := signedBy("a", "b")
		r.Verdict = v
		s.Judge(r)
		if r.Verdict != v {
			t.Errorf("%q became %q", v, r.Verdict)
		}
	}
	r := signedBy("a", "b")
	new(Signer).Judge(r)
	if r.Verdict != verdict.Refused {
		t.Errorf("the empty signer gives %s", r.Verdict)
	}
}

func TestNewSignerRefuses(t *testing.T) {
	for _, tt := range [][4]string{{}, {"a"}, {"", "", "b"}, {"a", "a", "b"}, {"", "a)|(b", "c"}, {"", "(", "c"}, {"a", "", "", "["}} {
		if _, err := NewSigner(tt[0], tt[1], tt[2], tt[3], "the test"); err == nil {
			t.Errorf("%q was accepted", tt)
		}
	}
}
