package report

import (
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/fulcio"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

func shown(t *testing.T, opt Options, objects ...Object) string {
	t.Helper()
	var b strings.Builder
	if err := Show(&b, objects, opt); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Everything that is known stands there.
func TestShow(t *testing.T) {
	at := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	o := Object{
		ID: "1234", Type: "tag", Ref: "refs/tags/v1", SignerName: "release", PolicySource: "abcd:.paraph/policy", PolicyBlob: "ef01",
		Rule: `[tag "v*"] allow`, Line: 9,
		Result: &verify.Result{
			Verdict: verdict.Trusted, Claimed: "as the certificate says", NotBefore: at, NotAfter: at.Add(10 * time.Minute), LogTime: at, Timestamps: []time.Time{at.Add(time.Second)},
			Signer: &verify.Signer{Instance: "public", Identity: fulcio.Identity{
				Name: "https://github.com/acme/app", Issuer: "https://token.example", Claims: map[string]string{"sourceRepositoryID": "12", "buildTrigger": "push"},
			}},
			Fingerprint: [32]byte{0xab},
			Log:         &verify.LogEntry{LogID: []byte{1, 2}, Index: 3, Kind: "hashedrekord 0.0.1", Source: verify.SourceNote},
			Root:        &trust.Root{Instance: "public", Origin: "TUF", Checked: at, Expires: at.AddDate(0, 0, 7)},
			Checks: []verify.Check{
				{Name: verify.CheckFormat, OK: true, Detail: "one CMS signature over a tag"},
				{Name: verify.CheckSET, Skipped: true, Detail: "this log gives none"},
				{Name: verify.CheckTime, Detail: "not reached"},
			},
		},
	}
	want := `tag 1234 trusted
  Good signature by a trusted signer
  ref  refs/tags/v1
  signer
    name                release
    identity            https://github.com/acme/app
    issuer              https://token.example
    instance            public
    buildTrigger        push
    sourceRepositoryID  12
  certificate
    SHA-256  ab00000000000000000000000000000000000000000000000000000000000000
    valid    2026-05-04T12:00:00Z to 2026-05-04T12:10:00Z, 10 minutes
  proven times
    2026-05-04T12:00:00Z  when the log promised to include it
    2026-05-04T12:00:01Z  by a timestamp
  log entry
    log     0102
    index   3
    kind    hashedrekord 0.0.1
    stands  in a note beside the object
  root of trust
    instance       public
    origin         TUF
    checked        2026-05-04T12:00:00Z
    metadata ends  2026-05-11T12:00:00Z
  policy
    asked       abcd:.paraph/policy
    blob        ef01
    decided by  [tag "v*"] allow
    line        9
  checks
    ok  format  one CMS signature over a tag
    -   set     this log gives none
    no  time    not reached
`
	if got := shown(t, Options{}, o); got != want {
		t.Errorf("%s", got)
	}
}

// Of an object that nobody vouches for only the claim is told, as one.
func TestShowOfUnproven(t *testing.T) {
	r := verify.Result{Verdict: verdict.Bad, Claimed: "eve@example.com", NotBefore: time.Unix(0, 0), NotAfter: time.Unix(0, 0).AddDate(1, 0, 0), Err: verdict.Errorf(verdict.Chain, "chain", "no")}
	got := shown(t, Options{Colour: true}, Object{ID: "1", Type: "commit", Result: &r}, Object{ID: "2", Type: "commit", Key: "SSH x", Result: &verify.Result{Verdict: verdict.Valid}})
	want := `commit 1 ` + "\x1b[31mbad\x1b[m" + `
  BAD signature: no (chain)
  signer, for whom nobody vouched
    claims to be  eve@example.com
  certificate, for which nobody vouched
    SHA-256  0000000000000000000000000000000000000000000000000000000000000000
    valid    1970-01-01T00:00:00Z to 1971-01-01T00:00:00Z, 365 days

commit 2 ` + "\x1b[33mvalid\x1b[m" + `
  Valid signature, but nobody said whom to trust here
  signer
    key  SSH x
`
	if got != want {
		t.Errorf("%s", got)
	}
}

// Attack 52 again.
func TestShowEscapes(t *testing.T) {
	got := shown(t, Options{}, full(), full())
	if found := unsafe.FindString(got); found != "" {
		t.Errorf("%q in %s", found, got)
	}
	if strings.Count(got, "\n  signer\n") != 2 {
		t.Errorf("%s", got)
	}
}
