package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// An expectation is what everything that alice signed is, given whom the
// configuration trusts.
type expectation struct {
	name     string
	identity string        // paraph.certificateIdentity, "" for none
	issuer   func() string // its issuer
	letter   string
	status   int
	verdict  string
	policy   string // check of this name: "ok", "failed" or "" if there is none
}

func issuer() string   { return servers.Endpoints.Issuer }
func ciIssuer() string { return servers.CIIssuer() }
func nobody() string   { return "" }

var expectations = []expectation{
	{"nobody named", "", nobody, "U", 1, "valid", ""},
	{"the signer named", alice, issuer, "G", 0, "trusted", "ok"},
	{"another named", otherUser, issuer, "R", 1, "refused", "failed"},
	{"the signer of another issuer named", alice, ciIssuer, "R", 1, "refused", "failed"},
}

// checkHistory holds what git and paraph say against what is expected.
func checkHistory(t *testing.T, u *user, h history, log logVersion, e expectation) {
	t.Helper()
	where := fmt.Sprintf("%s, in %s", e.name, u.dir)
	signer := fmt.Sprintf("%s [%s]", alice, servers.Endpoints.Issuer)
	lines := strings.Split(u.git("log", "--all", "--format=%G? %GS"), "\n")
	for _, line := range lines {
		if want := e.letter + " " + signer; line != want {
			t.Errorf("%s: git log says %q, want %q", where, line, want)
		}
	}
	if len(lines) != len(h.commits) {
		t.Errorf("%s: git log shows %d commits of %d", where, len(lines), len(h.commits))
	}
	for _, id := range h.commits {
		if r := u.run("", "git", "verify-commit", id); r.status != e.status {
			t.Errorf("%s: verify-commit: exit status %d, want %d\n%s", where, r.status, e.status, r.stderr)
		}
	}
	if r := u.run("", "git", "verify-tag", h.tag); r.status != e.status {
		t.Errorf("%s: verify-tag: exit status %d, want %d\n%s", where, r.status, e.status, r.stderr)
	}
	got, status := u.verify(append([]string{h.tag}, h.commits...)...)
	if status != e.status {
		t.Errorf("%s: paraph verify: exit status %d, want %d", where, status, e.status)
	}
	if want := len(h.commits) + 2; len(got.Results) != want { // the tag, and what it leads to
		t.Fatalf("%s: %d results, want %d", where, len(got.Results), want)
	}
	if got.Schema != 1 || got.Summary[e.verdict] != len(got.Results) || len(got.Summary) != 1 {
		t.Errorf("%s: schema %d, summary %v, want all %s", where, got.Schema, got.Summary, e.verdict)
	}
	for i, v := range got.Results {
		kind := "commit"
		if i == 0 {
			kind = "tag"
		}
		if v.Type != kind {
			t.Errorf("%s: result %d is a %s, want a %s", where, i, v.Type, kind)
		}
		if err := checkVerdict(v, log, e); err != nil {
			t.Errorf("%s: %s %s: %v", where, v.Type, v.ID, err)
		}
	}
}

// checkVerdict holds one result against what is expected.
func checkVerdict(v verdict, log logVersion, e expectation) error {
	if v.Verdict != e.verdict {
		return fmt.Errorf("it is %s, want %s: %+v", v.Verdict, e.verdict, v.Error)
	}
	if v.Signer == nil || v.Signer.Identity != alice || v.Signer.Issuer != servers.Endpoints.Issuer || v.Signer.Instance != "public" {
		return fmt.Errorf("signer %+v", v.Signer)
	}
	if (v.Error != nil) != (e.policy == "failed") || v.Error != nil && v.Error.Class != "identity" && v.Error.Class != "policy" {
		return fmt.Errorf("error %+v", v.Error)
	}
	if v.Log == nil || v.Log.Kind != log.kind || v.Log.Source != "embedded" || v.Log.Index < 0 || len(v.Log.ID) != 64 {
		return fmt.Errorf("log %+v", v.Log)
	}
	if err := checkChecks(v, log, e.policy); err != nil {
		return err
	}
	return checkTimes(v, log)
}

// checkChecks wants every check of this log, in order, and all of them ok.
func checkChecks(v verdict, log logVersion, policy string) error {
	want := slices.Clone(log.checks)
	if policy != "" {
		want = append(want, "policy")
	}
	var names []string
	for _, c := range v.Checks {
		names = append(names, c.Name)
		if ok := c.Name != "policy" || policy == "ok"; c.OK != ok {
			return fmt.Errorf("check %s: ok is %t: %s", c.Name, c.OK, c.Detail)
		}
	}
	if !slices.Equal(names, want) {
		return fmt.Errorf("checks %v, want %v", names, want)
	}
	return nil
}

// checkTimes wants every proven time recent and inside the certificate.
func checkTimes(v verdict, log logVersion) error {
	times := v.Times
	if times.Certificate == nil || times.Certificate.NotAfter.Sub(times.Certificate.NotBefore) != 10*time.Minute {
		return fmt.Errorf("certificate %+v", times.Certificate)
	}
	if (times.Log != nil) != (log.major == 1) {
		return fmt.Errorf("time of the log: %v", times.Log)
	}
	if len(times.Timestamps) != 1 {
		return fmt.Errorf("timestamps %v, want one", times.Timestamps)
	}
	proven := times.Timestamps
	if times.Log != nil {
		proven = append(proven, *times.Log)
	}
	for _, p := range proven {
		if p.Before(times.Certificate.NotBefore) || p.After(times.Certificate.NotAfter) || time.Since(p) > 10*time.Minute || time.Until(p) > time.Minute {
			return fmt.Errorf("proven time %s, certificate from %s, now %s", p, times.Certificate.NotBefore, time.Now().UTC())
		}
	}
	return nil
}
