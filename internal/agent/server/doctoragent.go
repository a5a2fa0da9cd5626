package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paraph/paraph/internal/agent"
	"github.com/paraph/paraph/internal/agent/socket"
)

// holder looks at the agent that holds keys, and starts none.
func (d *diagnosis) holder(ctx context.Context) []agent.Check {
	c := agent.Check{Name: "agent"}
	if !d.cfg.Agent {
		c.Status, c.Detail = agent.Skip, "paraph.agent is false: every signature gets a certificate of its own"
		return []agent.Check{c}
	}
	path, err := socket.Path(d.Environ, d.cfg.AgentSocket.Value)
	var client *socket.Client
	if err == nil {
		client, err = socket.Dial(ctx, path)
	}
	switch {
	case errors.Is(err, socket.ErrNone):
		c.Status, c.Detail = agent.OK, "none runs at "+path+": the next signature starts one"
	case errors.Is(err, errors.ErrUnsupported):
		c.Status, c.Detail = agent.Skip, err.Error()
	case err != nil:
		c.Status, c.Detail, c.Next = agent.Warn, err.Error(), "until then every signature gets a certificate, and a login, of its own"
	default:
		defer client.Close()
		s := client.Status()
		c.Status, c.Detail = agent.OK, fmt.Sprintf("process %d at %s holds %d certificates", s.PID, path, s.Entries)
		if s.Entries > 0 {
			c.Detail += ", the last until " + s.Until.UTC().Format(time.RFC3339)
		}
		if s.Remote {
			c.Detail = "another machine's, at " + path
		} else if !s.MemoryLocked {
			c.Status, c.Next = agent.Warn, "the system does not let it lock its memory, and keys may be swapped out: raise the limit (ulimit -l)"
		}
	}
	return []agent.Check{c}
}

// logins looks at the keyring, if logins are to be kept there.
func (d *diagnosis) logins(ctx context.Context) []agent.Check {
	c := agent.Check{Name: "keyring", Status: agent.OK}
	if !d.cfg.Keyring {
		c.Status, c.Detail = agent.Skip, "paraph.keyring is false: a login is not kept"
		return []agent.Check{c}
	}
	all, err := d.keyring(d.cfg).All(ctx)
	if err != nil {
		c.Status, c.Detail, c.Next = agent.Warn, err.Error(), "until then a login lasts as long as its token"
		return []agent.Check{c}
	}
	c.Detail = fmt.Sprintf("it keeps %d logins", len(all))
	return []agent.Check{c}
}
