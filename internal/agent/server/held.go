package server

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/paraph/paraph/internal/agent/socket"
	"github.com/paraph/paraph/internal/config"
	"github.com/paraph/paraph/internal/oidc"
	"github.com/paraph/paraph/internal/sign"
	"github.com/paraph/paraph/internal/terminal"
)

// Margins before an end that something is not begun in any more: log and
// timestamp authority must still find the certificate valid.
const (
	maxMargin  = time.Minute
	marginPart = 5 // of the certificate's life
)

// An entry is one that the agent holds and that may sign here: its
// certificate is good for the trusted root of the instance that signs.
type entry struct {
	socket.Entry
	name, issuer string // of the certificate
}

// held is a credential that the agent holds, nil if it holds none that is to
// sign this. token is the one that was given, nil if none was.
func (w *work) held(ctx context.Context, k *keys, token *oidc.Token) (*sign.Credential, error) {
	all, err := w.entries(ctx, k)
	if err != nil {
		return nil, err
	}
	// Who signs is settled before whose certificate is about to end: the next
	// one is for the same.
	e, err := w.choose(ctx, k, all, token)
	if e == nil || err != nil || !w.Now().Before(e.Certificate.NotAfter.Add(-margin(*e))) {
		return nil, err
	}
	return &sign.Credential{Key: heldKey{e.Key, k.agent}, Leaf: e.Certificate}, nil
}

// margin is how long before its end a certificate begins no signature.
func margin(e entry) time.Duration {
	return min(maxMargin, e.Certificate.NotAfter.Sub(e.Certificate.NotBefore)/marginPart)
}

// kept is a token that came with a certificate which ends, nil if there is
// none. Whoever logged in goes on as who they are for as long as it lives.
func (w *work) kept(ctx context.Context, k *keys) (*oidc.Token, error) {
	all, err := w.entries(ctx, k)
	if err != nil {
		return nil, err
	}
	e, err := w.choose(ctx, k, all, nil)
	if e == nil || err != nil || !w.Now().Before(e.TokenUntil) {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, w.Limits.Token)
	defer cancel()
	raw, err := k.agent.Token(ctx, e.Key)
	if err != nil {
		return nil, nil // it went this very moment: as good as none
	}
	token, err := oidc.Parse(raw, w.Now())
	if err != nil || token.CheckAudience(audience(w.cfg)) != nil {
		return nil, nil
	}
	return token, nil
}

// entries are those that may sign here.
func (w *work) entries(ctx context.Context, k *keys) ([]entry, error) {
	if k.agent == nil || w.another {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, w.Limits.Token)
	defer cancel()
	all, err := k.agent.Entries(ctx)
	if err != nil {
		return nil, err
	}
	var out []entry
	for _, e := range all {
		if !k.remote() && (e.Instance != w.instance() || w.cfg.Issuer.Set() && e.Issuer != strings.TrimRight(w.cfg.Issuer.Value, "/") && e.Issuer != w.cfg.Issuer.Value) {
			continue
		}
		id, err := w.signer.Check(e.Certificate)
		if err != nil {
			continue // another trusted root's, or one that has ended
		}
		if c := w.cfg.ConnectorID; c.Set() && e.Issuer != id.Issuer && id.Issuer != c.Value {
			continue // somebody who came another way
		}
		out = append(out, entry{e, id.Name, id.Issuer})
	}
	return out, nil
}

// choose chooses whose signature this becomes. A token that was given decides.
// Else it is the one whose identity is the committer's, else the only one,
// else the one that somebody at the terminal says. nil is none of them.
func (w *work) choose(ctx context.Context, k *keys, from []entry, token *oidc.Token) (*entry, error) {
	if token != nil {
		for _, e := range from {
			if w.same(ctx, k, e, token) {
				return &e, nil
			}
		}
		return nil, nil
	}
	e, err := w.chooseOne(ctx, from)
	if e != nil {
		w.chosen = &chosen{e.name, e.issuer}
	}
	return e, err
}

// A chosen is who is to sign.
type chosen struct{ name, issuer string }

func (w *work) chooseOne(ctx context.Context, from []entry) (*entry, error) {
	if w.chosen != nil {
		for _, e := range from {
			if *w.chosen == (chosen{e.name, e.issuer}) {
				return &e, nil
			}
		}
		return nil, nil
	}
	var committers []entry
	for _, e := range from {
		if w.payload != nil && w.payload.Committer.Email == e.name {
			committers = append(committers, e)
		}
	}
	switch {
	case len(committers) == 1:
		return &committers[0], nil
	case len(committers) > 1:
		from = committers
	case w.cfg.MatchCommitter && w.payload != nil:
		return nil, nil // a login as the committer is what this takes
	}
	switch len(from) {
	case 0:
		return nil, nil
	case 1:
		if w.payload != nil {
			w.tell(fmt.Sprintf("paraph: signing as %s [%s]; the committer is %s", from[0].name, from[0].issuer, w.payload.Committer.Email))
		}
		return &from[0], nil
	}
	return w.ask(ctx, from)
}

// same reports whether a certificate is what the token would get. What a
// token without an e-mail address gets is known by all that it claims.
func (w *work) same(ctx context.Context, k *keys, e entry, token *oidc.Token) bool {
	if k.remote() || token.Matches(e.name, e.issuer) != nil {
		return false
	}
	if token.Email() != "" {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, w.Limits.Token)
	defer cancel()
	raw, err := k.agent.Token(ctx, e.Key)
	if err != nil {
		return false
	}
	kept, err := oidc.Parse(raw, w.Now())
	return err == nil && kept.SameClaims(token)
}

// ask asks which of several is to sign.
func (w *work) ask(ctx context.Context, from []entry) (*entry, error) {
	tty, err := w.terminal()
	if err != nil {
		var names []string
		for _, e := range from {
			names = append(names, e.name)
		}
		return nil, &config.Error{Message: fmt.Sprintf("the agent could sign as %s, and none is the committer: set user.email to one of them", strings.Join(names, " or "))}
	}
	defer tty.Close()
	lines := []string{"paraph: who signs this?"}
	for i, e := range from {
		lines = append(lines, fmt.Sprintf("    %d  %s [%s]", i+1, e.name, e.issuer))
	}
	terminal.Say(tty, append(lines, "    0  somebody else, who logs in")...)
	fmt.Fprint(tty, "paraph: the number (Ctrl-C gives up): ")
	ctx, cancel := context.WithTimeout(ctx, w.Limits.Login)
	defer cancel()
	line, err := terminal.ReadLine(ctx, tty)
	if err != nil {
		return nil, fmt.Errorf("reading from the terminal: %w", err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil || n < 0 || n > len(from) {
		return nil, errors.New("that is none of the numbers: nobody signs")
	}
	if n == 0 {
		w.another = true
		return nil, nil
	}
	return &from[n-1], nil
}

// tell says a line on the terminal, if there is one.
func (env Env) tell(line string) {
	if tty, err := env.terminal(); err == nil {
		defer tty.Close()
		terminal.Say(tty, line)
	}
}
