package verify_test

import (
	"crypto/sha256"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// rootOf is an instance's trusted root under a name.
func rootOf(t *testing.T, p *testpki.PKI, name string) *trust.Root {
	t.Helper()
	r, err := trust.Parse(p.TrustedRoot(), name)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Of several instances the one counts that certified the key, with all of its
// material and nothing of another's; the verdict names it.
func TestInstances(t *testing.T) {
	s := sign(t, spec{log: 1, stamp: true})
	public, acme := rootOf(t, s.pki, "public"), rootOf(t, testpki.New(testpki.Seed("acme")), "acme")
	// A CA of acme's that bears the names and key ids of the other one's.
	namesake := rootOf(t, s.pki.Other(), "namesake")
	twin := *namesake.CAs[0].Chain[0]
	twin.SubjectKeyId = public.CAs[0].Chain[0].SubjectKeyId
	namesake.CAs[0].Chain[0] = &twin
	half := func(name string, change func(r *trust.Root)) *trust.Root {
		r := rootOf(t, s.pki, name)
		change(r)
		return r
	}
	noLog := half("no-log", func(r *trust.Root) { r.Logs = acme.Logs })
	noTSA := half("no-tsa", func(r *trust.Root) { r.TSAs = acme.TSAs })
	noCA := half("no-ca", func(r *trust.Root) { r.CAs = acme.CAs })
	for name, tt := range map[string]struct {
		roots    []*trust.Root
		verdict  verdict.Verdict
		instance string
		rule     string
	}{
		"first":                     {[]*trust.Root{public, acme}, verdict.Valid, "public", ""},
		"second":                    {[]*trust.Root{acme, public}, verdict.Valid, "public", ""},
		"after a namesake":          {[]*trust.Root{namesake, public}, verdict.Valid, "public", ""},
		"namesake alone":            {[]*trust.Root{acme, namesake}, verdict.Bad, "", "chain"},
		"other":                     {[]*trust.Root{acme}, verdict.Unknown, "", "unknown-ca"},
		"none":                      {nil, verdict.Unknown, "", "no-root"},
		"log of another instance":   {[]*trust.Root{noLog, noCA}, verdict.Unknown, "no-log", "unknown-log"},
		"token of another instance": {[]*trust.Root{noCA, noTSA}, verdict.Unknown, "no-tsa", "unknown-tsa"},
		"one of two that know it":   {[]*trust.Root{noLog, public}, verdict.Valid, "public", ""},
	} {
		r := verify.Signature(s.payload, s.armored, verify.Trust{Roots: tt.roots})
		rule, instance := "", ""
		if r.Err != nil {
			rule = r.Err.Rule
		}
		if r.Signer != nil {
			instance = r.Signer.Instance
		}
		if r.Verdict != tt.verdict || rule != tt.rule || instance != tt.instance {
			t.Errorf("%s: %s %s by %q: %v, want %s %s by %q", name, r.Verdict, rule, instance, r.Err, tt.verdict, tt.rule, tt.instance)
		}
	}
}

// A signer says which certificates led to it: those of the root under which it
// was verified, whatever that is called here.
func TestSignerCAs(t *testing.T) {
	s := sign(t, spec{log: 1})
	r := verify.Signature(s.payload, s.armored, verify.Trust{Roots: []*trust.Root{rootOf(t, s.pki, "any name")}})
	if r.Verdict != verdict.Valid {
		t.Fatal(r.Err)
	}
	want := [][sha256.Size]byte{sha256.Sum256(s.pki.CAIntermediate.Raw), sha256.Sum256(s.pki.CARoot.Raw)}
	if !slices.Equal(r.Signer.CAs, want) {
		t.Errorf("%x, want %x", r.Signer.CAs, want)
	}
}

// Everything under a root that is older than asked for is unknown; what is
// false is false under any.
func TestRootAge(t *testing.T) {
	s := sign(t, spec{log: 1})
	now := time.Date(2026, 6, 30, 0, 0, 0, 0, time.UTC)
	day := 24 * time.Hour
	checked := func(ago time.Duration) *trust.Root {
		r := rootOf(t, s.pki, "public")
		r.Checked = now.Add(-ago)
		return r
	}
	never := rootOf(t, s.pki, "public")
	for name, tt := range map[string]struct {
		root    *trust.Root
		max     time.Duration
		want    verdict.Verdict
		message string
	}{
		"any age":         {checked(1000 * day), 0, verdict.Valid, ""},
		"young":           {checked(30 * day), 30 * day, verdict.Valid, ""},
		"old":             {checked(30*day + 1), 30 * day, verdict.Unknown, "last checked on 2026-05-30, which is longer ago than 30 days"},
		"not known":       {never, 30 * day, verdict.Unknown, "how old the trusted root of public is, is not known"},
		"clock ahead":     {checked(-time.Hour), time.Hour, verdict.Valid, ""},
		"from the future": {checked(-48 * time.Hour), time.Hour, verdict.Unknown, "is not known"},
	} {
		r := verify.Signature(s.payload, s.armored, verify.Trust{Roots: []*trust.Root{tt.root}, MaxRootAge: tt.max, Now: now})
		if r.Verdict != tt.want || tt.message != "" && (r.Err == nil || r.Err.Rule != "root-age" || !strings.Contains(r.Err.Message, tt.message)) {
			t.Errorf("%s: %s, %v", name, r.Verdict, r.Err)
		}
	}
	r := verify.Signature([]byte(commitB), s.armored, verify.Trust{Roots: []*trust.Root{checked(40 * day)}, MaxRootAge: day, Now: now})
	if r.Verdict != verdict.Bad {
		t.Errorf("a false signature under an old root: %s", r.Verdict)
	}
	// Of two roots one is too old: the other one decides by itself.
	old, other := checked(40*day), rootOf(t, testpki.New(testpki.Seed("acme")), "acme")
	other.Checked = now
	r = verify.Signature(s.payload, s.armored, verify.Trust{Roots: []*trust.Root{other, old}, MaxRootAge: day, Now: now})
	if r.Verdict != verdict.Unknown || r.Err.Rule != "root-age" {
		t.Errorf("beside a young root that does not know the CA: %s, %v", r.Verdict, r.Err)
	}
}
