package cli

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/trust/store"
)

// A root whose metadata has ended says so, and how old it is.
func TestShowOfOldRoot(t *testing.T) {
	checked := time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC)
	var out bytes.Buffer
	env := Env{Environ: []string{"HOME=" + t.TempDir()}, Stdout: &out}
	known := store.New(env.Environ)
	i, err := known.Instance("public")
	if err != nil {
		t.Fatal(err)
	}
	c := store.Copy{
		State:     store.State{Versions: store.Versions{Root: 15, Timestamp: 3, Snapshot: 2, Targets: 1}, Checked: checked, Expires: checked.AddDate(0, 0, 7)},
		Documents: store.Documents{TrustedRoot: testpki.New().TrustedRoot(func(r *testpki.Root) { r.Tlogs[0].BaseURL = "https://log\u202e.example" })},
	}
	if err := known.Save(i, &c); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[time.Time]string{
		checked.Add(time.Minute):    "checked: 2026-11-26T10:00:00Z, less than an hour ago\n  TUF versions: root 15, timestamp 3, snapshot 2, targets 1\n  TUF metadata ends: 2026-12-03T10:00:00Z\n",
		checked.Add(30 * time.Hour): "10:00:00Z, 30 hours ago\n",
		checked.AddDate(0, 0, 7):    "10:00:00Z, 7 days ago\n  TUF versions: root 15, timestamp 3, snapshot 2, targets 1\n  TUF metadata ends: 2026-12-03T10:00:00Z\n",
		checked.AddDate(1, 0, 0):    "10:00:00Z, 365 days ago\n  TUF versions: root 15, timestamp 3, snapshot 2, targets 1\n  TUF metadata ends: 2026-12-03T10:00:00Z, which is over: the root serves on, paraph trust update makes sure of it\n",
		checked.Add(-time.Hour):     "10:00:00Z, which is to come: a clock is wrong\n",
	} {
		out.Reset()
		if err := env.trustShow("text", at); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("%v, %s\nwant %s", err, out.String(), want)
		}
	}
	if strings.Contains(out.String(), "\u202e") || !strings.Contains(out.String(), `log: https://log\u202e.example`) {
		t.Errorf("what is invisible is shown as it is: %q", out.String())
	}
	out.Reset()
	if err := env.trustShow("json", checked.AddDate(0, 1, 0)); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "\u202e") {
		t.Errorf("what is invisible is in the JSON as it is: %q", out.String())
	}
	var doc struct {
		Schema    int
		Instances []shownInstance
	}
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil || doc.Schema != 1 || len(doc.Instances) != 2 {
		t.Fatalf("%v, %+v", err, doc)
	}
	public, staging := doc.Instances[0], doc.Instances[1]
	if public.Error != nil || !public.Expired || public.Age != 30*24*3600 || public.Versions.Timestamp != 3 || len(public.CAs) != 1 || len(public.Logs) != 2 || len(public.Digest) != 64 || public.CAs[0].To != "" {
		t.Errorf("%+v", public)
	}
	if staging.Error == nil || staging.Checked != nil || staging.Repository == nil {
		t.Errorf("%+v", staging)
	}
}
