package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paraph/paraph/hack/vectors/scribe"
)

// A case is a history by hand, and what paraph verify must say of it.
type byHand struct {
	name string
	make func(h *scribe.History)
	args func(h *scribe.History) []string
	exit int
	says string // part of the output
	not  string // and what is no part of it
}

// dansPolicy lets an SSH key sign what it likes, but for the policy.
func dansPolicy(more ...string) string {
	return policy(append([]string{
		signer(alice), signer(bob), section("signer", "dan", "ssh = "+dan.PublicKey()),
		section("branch", "main", allow("alice", "bob", "dan")...), protected,
	}, more...)...)
}

// What a hostile reading of the judge found, each with what it must say.
func TestFoundByReading(t *testing.T) {
	fixed := func(h *scribe.History, args ...string) []string {
		return append([]string{"--policy", h.ID("anchor") + ":.paraph/policy"}, args...)
	}
	anchored := func(h *scribe.History, args ...string) []string {
		return append([]string{"--policy-anchor", h.ID("anchor")}, args...)
	}
	for _, c := range []byHand{
		{"an SSH tag under another name", func(h *scribe.History) {
			h.Tag("v1.0", "anchor", dan)
			h.TagRef("v2.0", "tag v1.0")
			h.Branch("main", "anchor")
		}, func(h *scribe.History) []string { return fixed(h, "refs/tags/v2.0") }, 1, `"rule":"tag-name"`, ""},
		{"several ids of tags, whose commits are judged too", func(h *scribe.History) {
			h.Commit("M1", scribe.Unsigned)
			h.Tag("v1", "M1", alice)
			h.Tag("v2", "M1", alice)
			h.Branch("main", "M1")
		}, func(h *scribe.History) []string { return fixed(h, h.ID("tag v1"), h.ID("tag v2")) }, 1, `"verdict":"unsigned"`, ""},
		{"--incoming of what is no range", func(h *scribe.History) {
			h.Commit("M1", bob)
			h.Branch("main", "M1")
		}, func(h *scribe.History) []string { return fixed(h, "--incoming", "--ref", "refs/heads/main", "main") }, 2, "", "trusted"},
		{
			"--incoming of everything", func(h *scribe.History) { h.Branch("main", "anchor") },
			func(h *scribe.History) []string { return fixed(h, "--incoming", "--ref", "refs/heads/main", "--all") }, 2, "", "trusted",
		},
		{"a tag after its signer was revoked", func(h *scribe.History) {
			h.Commit("M1", alice, scribe.Put(".paraph/policy", dansPolicy(section("revoked", "bob", "since = 2000-01-01T00:00:00Z"))))
			h.Tag("v1", "M1", bob)
			h.Branch("main", "M1")
		}, func(h *scribe.History) []string { return anchored(h, "refs/tags/v1") }, 1, `"verdict":"refused"`, ""},
		{"a change of the policy that only a ref could judge", func(h *scribe.History) {
			h.Commit("M1", alice, scribe.Put(".paraph/policy", dansPolicy(section("branch", "rel", allow("bob")...), section("revoked", "bob", "since = 2000-01-01T00:00:00Z"))))
			h.Commit("M2", bob)
			h.Branch("main", "M2")
		}, func(h *scribe.History) []string { return anchored(h, h.ID("M2")) }, 2, "", `"verdict":"trusted"`},
		{
			"a tag of a blob does not stop the rest", func(h *scribe.History) { h.Branch("main", "anchor") },
			func(h *scribe.History) []string { return fixed(h, "--all") }, 1, `"verdict":"trusted"`, "",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			j, s := newJudge(t), &situation{name: "case"}
			start := dansPolicy()
			if strings.Contains(c.name, "only a ref") {
				start = dansPolicy(section("branch", "rel", allow("bob")...))
			}
			h := begin(start)
			c.make(h)
			if err := h.Write(j.dir, s.name); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(c.name, "blob") {
				dir := filepath.Join(j.dir, s.name+".git")
				cmd := exec.Command("sh", "-c", "git update-ref refs/tags/blob $(echo x | git hash-object -w --stdin)")
				cmd.Dir, cmd.Env = dir, scribe.Env(j.dir)
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
			}
			out, words, exit := j.run(t, s, j.paraph, append([]string{"verify", "--format", "ndjson"}, c.args(h)...)...)
			if exit != c.exit || !strings.Contains(out, c.says) || c.not != "" && strings.Contains(out, c.not) {
				t.Errorf("exit status %d, want %d\n%s%s", exit, c.exit, out, words)
			}
		})
	}
}
