package daemon

import (
	"errors"
	"fmt"
	"time"

	"github.com/paraph/paraph/internal/agent/socket"
	"github.com/paraph/paraph/internal/oidc"
)

// newKey makes a key that is this connection's.
func (c *conn) newKey(socket.Head) (a socket.Answer, err error) {
	if len(c.keys) == maxKeys {
		return a, &socket.Error{Code: socket.CodeBusy, Message: fmt.Sprintf("this connection has %d keys without a certificate already", maxKeys)}
	}
	k, err := newKey(c.d.Rand)
	if err != nil {
		return a, err
	}
	c.d.note(k.scalar)
	c.keys[k.id] = k
	return socket.Answer{Key: k.id, Public: k.spki}, nil
}

// note remembers whether memory could be locked.
func (d *daemon) note(s *secret) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.unlocked = d.unlocked || !s.locked
}

// pending is a key of this connection that has no certificate.
func (c *conn) pending(id string) (*key, error) {
	if k := c.keys[id]; k != nil {
		return k, nil
	}
	if _, err := c.d.find(id, false); err == nil {
		return nil, &socket.Error{Code: socket.CodeRefused, Message: "that key has its certificate, and proves nothing any more"}
	}
	return nil, &socket.Error{Code: socket.CodeUnknown, Message: "that key was not made on this connection"}
}

// prove signs the proof of possession that a CA asks for, once.
func (c *conn) prove(r socket.ProveRequest) (a socket.Answer, err error) {
	k, err := c.pending(r.Key)
	if err != nil {
		return a, err
	}
	if err := checkWord("subject", r.Subject, maxSubject); err != nil {
		return a, err
	}
	if k.proven != "" {
		return a, &socket.Error{Code: socket.CodeRefused, Message: "possession of that key was proven already, which is done once"}
	}
	k.proven = r.Subject
	a.Proof, err = k.prove(c.d.Rand, r.Subject)
	return a, err
}

// store takes the certificate of a key, from when on all local clients have
// the key.
func (c *conn) store(r socket.StoreRequest) (a socket.Answer, err error) {
	k, err := c.pending(r.Key)
	if err != nil {
		return a, err
	}
	for _, w := range []struct{ what, word string }{{"instance", r.Instance}, {"issuer", r.Issuer}} {
		if err := checkWord(w.what, w.word, maxSubject); err != nil {
			return a, err
		}
	}
	now := c.d.Now()
	e, err := newEntry(k, r.Instance, r.Issuer, r.Certificate, now)
	if err != nil {
		return a, err
	}
	if r.Token != "" {
		if err := e.keepToken(r.Token, now); err != nil {
			return a, err
		}
		c.d.note(e.token)
	}
	if err := c.d.add(e); err != nil {
		e.token.wipe()
		return a, err
	}
	delete(c.keys, k.id)
	return a, nil
}

// keepToken keeps the token that the certificate was issued for, as long as
// it can be of use.
func (e *entry) keepToken(raw string, now time.Time) error {
	t, err := oidc.Parse(raw, now)
	if err == nil {
		err = t.Matches(e.name, e.identity.issuer)
	}
	if err == nil && t.ProofSubject() != e.key.proven {
		err = errors.New("possession was proven for somebody else")
	}
	if err != nil {
		return &socket.Error{Code: socket.CodeRefused, Message: "the identity token is not stored: " + shown(err.Error())}
	}
	e.tokenUntil = t.Expiry()
	if last := e.leaf.NotAfter.Add(afterlife); last.Before(e.tokenUntil) {
		e.tokenUntil = last
	}
	e.token, err = newSecret([]byte(raw))
	return err
}
