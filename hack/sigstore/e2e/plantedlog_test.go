package e2e

import (
	"strings"
	"testing"

	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/hack/sigstore/oldway"
)

// What is in the log under an object's certificate, and is not about it.
var plantedEntries = []struct {
	name string
	log  func(l oldway.Log, t *testing.T, o, other *oldObject) error
}{
	{"nothing", func(oldway.Log, *testing.T, *oldObject, *oldObject) error { return nil }},
	{"entry of another object by its certificate", func(l oldway.Log, t *testing.T, o, _ *oldObject) error {
		_, err := l.Add(t.Context(), o.by, strings.Repeat("0", len(o.id)))
		return err
	}},
	{"its id, logged by another certificate", func(l oldway.Log, t *testing.T, o, _ *oldObject) error {
		_, err := l.Add(t.Context(), certify(t, nil), o.logged)
		return err
	}},
	{"entry over its parent's id", func(l oldway.Log, t *testing.T, o, parent *oldObject) error {
		_, err := l.Add(t.Context(), o.by, parent.logged)
		return err
	}},
	{"its id with a newline", func(l oldway.Log, t *testing.T, o, _ *oldObject) error {
		_, err := l.Add(t.Context(), o.by, o.logged+"\n")
		return err
	}},
	{"its id, logged as another kind", func(l oldway.Log, t *testing.T, o, _ *oldObject) error {
		return l.AddRekord(t.Context(), o.by, o.logged)
	}},
}

// The search answers with candidates: no wrong one becomes a note, and none
// keeps the right one from being found.
func TestPlantedEntries(t *testing.T) {
	t.Parallel()
	u := newOldUser(t)
	objects := u.oldHistory(git.SHA1, len(plantedEntries)+1, 0, func(int) *oldway.Signer { return certify(t, nil) })
	for n, p := range plantedEntries {
		if err := p.log(oldway.Log{URL: servers.Endpoints.Rekor1}, t, objects[n+1], objects[n]); err != nil {
			t.Fatalf("%s: %v", p.name, err)
		}
	}
	u.fetchProof("--all")
	if n := u.noted(); n != 0 {
		t.Errorf("%d notes", n)
	}
	for n, p := range plantedEntries {
		got, _ := u.verify(objects[n+1].id)
		if v := got.Results[0]; v.Verdict != "unproven" {
			t.Errorf("%s: it is %s: %+v", p.name, v.Verdict, v.Log)
		}
	}
	logAll(t, objects)
	u.fetchProof("--all")
	checkProven(t, u, objects)
}
