package history_test

import (
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/paraph/paraph/hack/vectors/scribe"
	"github.com/paraph/paraph/internal/cache"
	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/history"
	"github.com/paraph/paraph/internal/policy"
	"github.com/paraph/paraph/internal/report"
	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// pushedTo judges what arrives, and returns the objects that fail by their refs.
func pushedTo(t *testing.T, dir string, p *policy.Policy, arrivals []history.Arrival) (failed []string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "trusted_root.json"))
	if err != nil {
		t.Fatal(err)
	}
	root, err := trust.Parse(data, "public")
	if err != nil {
		t.Fatal(err)
	}
	v, err := history.New(t.Context(), gitcmd.New(filepath.Join(dir, "repo.git"), scribe.Env(dir)), history.Options{
		Verdicts: (*cache.Cache)(nil).Under(verify.Trust{
			Roots: []*trust.Root{root}, Now: testpki.DefaultTime, SMIMERoots: func() (*x509.CertPool, error) { return x509.NewCertPool(), nil },
		}),
		Policy:    p,
		Unchecked: func(err error) { t.Error(err) },
		Tell: func(o report.Object) error {
			if o.Verdict != verdict.Trusted && o.Verdict != verdict.Exempt {
				failed = append(failed, o.ID+" "+string(o.Verdict))
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if _, err := v.Pushed("push", "", arrivals); err != nil {
		t.Fatal(err)
	}
	return failed
}

// What one ref of a push brings in by a merge is another one's mainline: each of
// them counts, in whatever order they come.
func TestPushedSideAndMainline(t *testing.T) {
	alice, bob := scribe.Someone("alice", "https://accounts.example.com"), scribe.Someone("bob", "https://accounts.example.com")
	for name, lists := range map[string][]string{
		"a contributor's own branch": {"allow = alice", "contribute = *"},
		"whom nobody may merge":      {"allow = *", "contribute = alice"},
	} {
		t.Run(name, func(t *testing.T) {
			text := scribe.Policy(scribe.SignerSection(alice), scribe.SignerSection(bob), scribe.Section("path", "guarded/**", lists...),
				scribe.Section("path", ".paraph/**", "allow = alice"))
			p, err := policy.Parse([]byte(text), policy.Source{Name: "test"}, nil)
			if err != nil {
				t.Fatal(err)
			}
			h := scribe.New()
			h.Commit("anchor", alice, scribe.Put("README", "hello\n"))
			h.Commit("his", bob, scribe.On("anchor"), scribe.Put("guarded/file", "x\n"))
			h.Commit("hers", alice, scribe.On("anchor"), scribe.Put("other", "x\n"))
			h.Commit("merge", alice, scribe.On("hers", "his"), scribe.Put("guarded/file", "x\n"))
			dir := t.TempDir()
			if err := errors.Join(scribe.Prepare(dir), h.Write(dir, "repo")); err != nil {
				t.Fatal(err)
			}
			arrivals := []history.Arrival{{Ref: "refs/heads/merged", New: h.ID("merge")}, {Ref: "refs/heads/own", New: h.ID("his")}}
			want := []string{h.ID("his") + " refused"}
			for range 2 {
				if got := pushedTo(t, dir, p, arrivals); !slices.Equal(got, want) {
					t.Errorf("%s first: %q, want %q", arrivals[0].Ref, got, want)
				}
				slices.Reverse(arrivals)
			}
		})
	}
}

// A tip that was here before is judged where a section speaks of its ref, unless
// the policy exempts it.
func TestPushedKnownTip(t *testing.T) {
	alice, bob := scribe.Someone("alice", "https://accounts.example.com"), scribe.Someone("bob", "https://accounts.example.com")
	h := scribe.New()
	h.Commit("anchor", bob, scribe.Put("README", "hello\n"))
	h.Commit("exempt", bob)
	h.Commit("judged", bob)
	h.Commit("tip", alice)
	dir := t.TempDir()
	if err := errors.Join(scribe.Prepare(dir), h.Write(dir, "repo")); err != nil {
		t.Fatal(err)
	}
	p, err := policy.Parse([]byte(scribe.Policy(scribe.SignerSection(alice), scribe.SignerSection(bob),
		scribe.Section("branch", "release/*", "allow = alice"), scribe.Section("path", ".paraph/**", "allow = alice"),
		scribe.Section("history", "", "trustUpTo = "+h.ID("exempt")))), policy.Source{Name: "test"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	known := &history.Known{Tips: []string{h.ID("tip")}}
	var arrivals []history.Arrival
	for ref, label := range map[string]string{"1": "anchor", "2": "exempt", "3": "judged", "4": "tip"} {
		arrivals = append(arrivals, history.Arrival{Ref: "refs/heads/release/" + ref, New: h.ID(label), Beside: known, Tip: true})
	}
	if got, want := pushedTo(t, dir, p, arrivals), []string{h.ID("judged") + " refused"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
