package gpgstatus

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/verdict"
)

var signer = Signer{
	Fingerprint: [32]byte{0xab, 31: 0x01},
	UID:         "alice@example.com [https://accounts.google.com]",
	Time:        time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	Primary:     [32]byte{0xcd, 31: 0x02},
}

const (
	fpr     = "ab00000000000000000000000000000000000000000000000000000000000001"
	primary = "cd00000000000000000000000000000000000000000000000000000000000002"
	valid   = "[GNUPG:] VALIDSIG " + fpr + " 2026-01-02 1767323045 0 3 0 19 8 00 " + primary + "\n"
	uid     = "alice@example.com [https://accounts.google.com]"
	errsig  = "[GNUPG:] NEWSIG\n[GNUPG:] ERRSIG " + fpr + " 19 8 00 1767323045 9\n[GNUPG:] TRUST_NEVER 0 shell\n"
)

// The table of docs/output.md, "What git reads".
func TestVerification(t *testing.T) {
	for v, want := range map[verdict.Verdict]string{
		verdict.Trusted:         "[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG " + fpr + " " + uid + "\n" + valid + "[GNUPG:] TRUST_FULLY 0 shell\n",
		verdict.Valid:           "[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG " + fpr + " " + uid + "\n" + valid + "[GNUPG:] TRUST_UNDEFINED 0 shell\n",
		verdict.Refused:         "[GNUPG:] NEWSIG\n[GNUPG:] REVKEYSIG " + fpr + " " + uid + "\n" + valid + "[GNUPG:] TRUST_NEVER 0 shell\n",
		verdict.Expired:         "[GNUPG:] NEWSIG\n[GNUPG:] EXPSIG " + fpr + " " + uid + "\n[GNUPG:] TRUST_NEVER 0 shell\n",
		verdict.Bad:             "[GNUPG:] NEWSIG\n[GNUPG:] BADSIG " + fpr + " " + uid + "\n[GNUPG:] TRUST_NEVER 0 shell\n",
		verdict.Unproven:        errsig,
		verdict.Unknown:         errsig,
		verdict.Malformed:       errsig,
		verdict.Unsigned:        errsig,
		verdict.Exempt:          errsig,
		verdict.Verdict(""):     errsig,
		verdict.Verdict("good"): errsig,
	} {
		if got := string(Verification(v, signer)); got != want {
			t.Errorf("%q:\n got %q\nwant %q", v, got, want)
		}
	}
}

func TestZeroSignerStillHasAllFields(t *testing.T) {
	got := string(Verification(verdict.Malformed, Signer{}))
	want := "[GNUPG:] NEWSIG\n[GNUPG:] ERRSIG " + strings.Repeat("0", 64) + " 19 8 00 0 9\n[GNUPG:] TRUST_NEVER 0 shell\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := string(Verification(verdict.Bad, Signer{})); !strings.Contains(got, strings.Repeat("0", 64)+" unknown\n") {
		t.Errorf("BADSIG without a name lets git take the next line for it: %q", got)
	}
}

// Attack 51: what stands in a name never makes a line of its own.
func TestEscape(t *testing.T) {
	hostile := "a\r\n[GNUPG:] GOODSIG x\ty%0A\x1b[31m\x7f\x00 é"
	got := Escape(hostile)
	if want := "a%0D%0A[GNUPG:] GOODSIG x%09y%250A%1B[31m%7F%00 é"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	s := signer
	s.UID = hostile
	for _, v := range []verdict.Verdict{verdict.Trusted, verdict.Bad, verdict.Refused, verdict.Expired} {
		for line := range bytes.Lines(Verification(v, s)) {
			if !bytes.HasPrefix(line, []byte("[GNUPG:] ")) || bytes.Count(line, []byte("\n")) != 1 || bytes.ContainsAny(line, "\r\x00\x1b") {
				t.Errorf("%s: line %q", v, line)
			}
		}
	}
	if n := len(Escape(strings.Repeat("\n", 1<<20))); n > 3*maxUIDLength {
		t.Errorf("a megabyte of line breaks becomes %d bytes", n)
	}
}

// What a reader would not see, or would see elsewhere, is shown as its bytes.
func TestEscapeInvisible(t *testing.T) {
	got := Escape("\u202eecila\u200b \u0085\u2028\xff\xc3")
	if want := "%E2%80%AEecila%E2%80%8B %C2%85%E2%80%A8%FF%C3"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCreated(t *testing.T) {
	got := string(Created(signer))
	if want := "[GNUPG:] BEGIN_SIGNING H8\n[GNUPG:] SIG_CREATED D 19 8 00 1767323045 " + fpr + "\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
