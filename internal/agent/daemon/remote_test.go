//go:build linux || darwin || freebsd

package daemon

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/agent/socket"
	"github.com/paraph/paraph/internal/payload"
)

// The socket for other machines shows and signs what was chosen, and nothing
// else; a renewal stays chosen.
func TestOffer(t *testing.T) {
	a := start(t)
	local, remote := a.dial(a.path), a.dial(a.remote)
	mine, other := a.login(local, alice, a.p.IDToken(nil)), a.login(local, bob, "")
	seen := func() []string {
		t.Helper()
		entries, err := remote.Entries(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		for _, e := range entries {
			keys = append(keys, e.Key)
			if !e.TokenUntil.IsZero() {
				t.Error("the socket for others tells of a token")
			}
		}
		return keys
	}
	if keys := seen(); len(keys) != 0 {
		t.Errorf("before anything was chosen: %q", keys)
	}
	if err := local.Offer(t.Context(), mine.ID(), true); err != nil {
		t.Fatal(err)
	}
	if keys := seen(); len(keys) != 1 || keys[0] != mine.ID() {
		t.Errorf("%q, want %q", keys, mine.ID())
	}
	if s := a.dial(a.remote).Status(); !s.Remote || s.Entries != 1 {
		t.Errorf("%+v", s)
	}
	if _, err := remote.Sign(t.Context(), mine.ID(), []byte(commit)); err != nil {
		t.Error(err)
	}
	if _, err := remote.Sign(t.Context(), other.ID(), []byte(commit)); err == nil {
		t.Error("signed with what was not offered")
	}
	renewed := a.login(local, alice, "")
	if _, err := remote.Sign(t.Context(), renewed.ID(), []byte(commit)); err != nil {
		t.Errorf("the renewal: %v", err)
	}
	if err := local.Offer(t.Context(), "", true); err != nil {
		t.Fatal(err)
	}
	if _, err := remote.Sign(t.Context(), renewed.ID(), []byte(commit)); err == nil {
		t.Error("signed with what was taken back")
	}
}

// Every other request is refused there, well-formed or not.
func TestRemoteRefuses(t *testing.T) {
	a := start(t)
	k := a.login(a.dial(a.path), alice, a.p.IDToken(nil))
	c := a.dial(a.remote)
	_, newKey := c.NewKey(t.Context())
	_, token := c.Token(t.Context(), k.ID())
	_, acquire := c.Acquire(t.Context(), "login")
	_, forget := c.Forget(t.Context(), "")
	for name, err := range map[string]error{
		"key": newKey, "token": token, "acquire": acquire, "forget": forget,
		"offer": c.Offer(t.Context(), k.ID(), false), "stop": c.Stop(t.Context()),
	} {
		if !errors.Is(err, socket.ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, do := range []string{"prove", "store", "release", "run", ""} {
		if got := a.talk(a.remote, `{"version":1,"do":"`+do+`"}`+"\n"); !strings.Contains(got, `"code":"refused"`) {
			t.Errorf("%q: %q", do, got)
		}
	}
	if s := a.dial(a.path).Status(); s.Entries != 1 {
		t.Errorf("after all that: %+v", s)
	}
}

// A signature for another machine waits for a yes: anything else is a no.
func TestConfirm(t *testing.T) {
	answer := make(chan func(context.Context, Question) (bool, error), 1)
	a := start(t, func(w *World) {
		w.Limits.Question = 200 * time.Millisecond
		w.Confirm = func(ctx context.Context, q Question) (bool, error) { return (<-answer)(ctx, q) }
	})
	local, remote := a.dial(a.path), a.dial(a.remote)
	k := a.login(local, alice, "")
	if err := local.Offer(t.Context(), k.ID(), true); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		confirm func(context.Context, Question) (bool, error)
		want    string
	}{
		"yes": {func(_ context.Context, q Question) (bool, error) {
			return q.Kind == "commit" && q.Subject == "signed" && strings.HasPrefix(q.Identity, alice+" ("), nil
		}, ""},
		"no":       {func(context.Context, Question) (bool, error) { return false, nil }, "was not confirmed"},
		"nobody":   {func(context.Context, Question) (bool, error) { return true, errors.New("no\nway") }, "cannot be confirmed on the agent's machine: no\\u000away"},
		"too late": {func(ctx context.Context, _ Question) (bool, error) { <-ctx.Done(); return true, nil }, "in time"},
	} {
		answer <- tt.confirm
		_, err := remote.Sign(t.Context(), k.ID(), []byte(commit))
		if (err == nil) != (tt.want == "") || err != nil && (!errors.Is(err, socket.ErrRefused) || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want ...%s...", name, err, tt.want)
		}
	}
	if err := local.Offer(t.Context(), k.ID(), false); err != nil {
		t.Fatal(err)
	}
	if _, err := remote.Sign(t.Context(), k.ID(), []byte(commit)); err != nil {
		t.Errorf("without a question: %v", err)
	}
}

// What is taken back while the user thinks is not signed with, and a client
// that hangs up ends the question.
func TestConfirmMeanwhile(t *testing.T) {
	var meanwhile func(ctx context.Context)
	a := start(t, func(w *World) {
		w.Confirm = func(ctx context.Context, _ Question) (bool, error) { meanwhile(ctx); return true, nil }
	})
	local := a.dial(a.path)
	k := a.login(local, alice, "")
	if err := local.Offer(t.Context(), k.ID(), true); err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	hasty := a.dial(a.remote)
	meanwhile = func(ctx context.Context) {
		_ = hasty.Close()
		<-ctx.Done()
		close(gone)
	}
	if _, err := hasty.Sign(t.Context(), k.ID(), []byte(commit)); err == nil {
		t.Error("signed for a client that is gone")
	}
	select {
	case <-gone:
	case <-time.After(10 * time.Second):
		t.Fatal("the question outlives its client")
	}
	meanwhile = func(ctx context.Context) { _, _ = local.Forget(ctx, "") }
	if _, err := a.dial(a.remote).Sign(t.Context(), k.ID(), []byte(commit)); err == nil || !strings.Contains(err.Error(), "no certificate") {
		t.Errorf("signed with what was forgotten: %v", err)
	}
}

// A question shows what is signed, short and harmless.
func TestQuestion(t *testing.T) {
	e := &entry{identity: identity{"public", "https://login.example", alice}}
	id := strings.Repeat("a", 40)
	ident := "Alice <alice@example.com> 1777896000 +0000\n"
	for name, tt := range map[string]struct {
		signed string
		want   []string
	}{
		"commit": {commit, []string{"as alice@example.com (https://login.example)", "commit: signed\n", "without a parent"}},
		"merge": {
			"tree " + id + "\n" + strings.Repeat("parent "+id+"\n", 6) + "author " + ident + "committer " + ident + "\n\x1b[2Jboo\u202e\n",
			[]string{"parent " + id, "and 2 more", `commit: \u001b[2Jboo\u202e`},
		},
		"long":             {"tree " + id + "\nauthor " + ident + "committer " + ident + "\n" + strings.Repeat("x", 1<<20), []string{"xxx...\n"}},
		"tag":              {"object " + id + "\ntype commit\ntag v1\ntagger " + ident + "\nrelease\n", []string{"tag: v1: release\n", "  commit " + id}},
		"push certificate": {"certificate version 0.1\npusher " + ident + "pushee https://x.example\n\n" + id + " " + id + " refs/heads/main\n", []string{"to https://x.example", "refs/heads/main"}},
	} {
		p, err := payload.Parse([]byte(tt.signed))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := newQuestion(p, e).String()
		for _, want := range tt.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q, want ...%s...", name, got, want)
			}
		}
		if len(got) > 1500 || strings.ContainsAny(got, "\x1b\u202e") {
			t.Errorf("%s: %q", name, got)
		}
	}
}
