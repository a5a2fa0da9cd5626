package daemon

import (
	"crypto/x509"
	"fmt"
	"time"

	"github.com/paraph/paraph/internal/agent/socket"
	"github.com/paraph/paraph/internal/fulcio"
)

const (
	maxLife        = 24 * time.Hour // of a certificate from now on
	skew           = 30 * time.Second
	maxCertificate = 16 << 10 // bytes, DER

	// afterlife is how long a token stays when its certificate has ended, so
	// that whoever signs one commit after the other, each of which takes a
	// while, does not log in again in between. The key does not stay.
	afterlife = 15 * time.Second
)

// An identity is what there is one entry for: whom a certificate names.
type identity struct{ instance, issuer, name string }

// An entry is a certificate and its key.
type entry struct {
	identity
	key   *key
	leaf  *x509.Certificate
	login string // the issuer that the user logged in at

	token      *secret // nil for none
	tokenUntil time.Time
}

// An offer is what the socket for other machines signs with.
type offer struct {
	identity identity // the zero identity is none
	confirm  bool
}

func (e *entry) wipe() {
	e.key.scalar.wipe()
	e.token.wipe()
}

// expire wipes what is past its time, key and token.
func (e *entry) expire(now time.Time) {
	if !e.valid(now) {
		e.key.scalar.wipe()
	}
	if e.token != nil && !now.Before(e.tokenUntil) {
		e.token.wipe()
		e.token, e.tokenUntil = nil, time.Time{}
	}
}

// valid holds the certificate against the clock.
func valid(leaf *x509.Certificate, now time.Time) error {
	switch {
	case now.After(leaf.NotAfter):
		return &socket.Error{Code: socket.CodeEnded, Message: "the certificate ended at " + leaf.NotAfter.UTC().Format(time.RFC3339)}
	case now.Add(skew).Before(leaf.NotBefore):
		return &socket.Error{Code: socket.CodeEnded, Message: "the certificate begins at " + leaf.NotBefore.UTC().Format(time.RFC3339) + ": is the clock right?"}
	}
	return nil
}

// newEntry holds a certificate against the key that it is for.
func newEntry(k *key, instance, login string, der []byte, now time.Time) (*entry, error) {
	refused := func(format string, args ...any) error {
		return &socket.Error{Code: socket.CodeRefused, Message: "the certificate is not stored: " + fmt.Sprintf(format, args...)}
	}
	if len(der) > maxCertificate {
		return nil, refused("it has more than %d bytes", maxCertificate)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, refused("%v", err)
	}
	if !k.public.Equal(leaf.PublicKey) {
		return nil, refused("it is for another key")
	}
	id, err := fulcio.ParseIdentity(leaf)
	if err != nil {
		return nil, refused("%v", err)
	}
	switch {
	case k.proven == "":
		return nil, refused("possession of its key was not proven")
	case len(leaf.EmailAddresses) > 0 && id.Name != k.proven:
		return nil, refused("it is for %q, and possession was proven for %q", id.Name, k.proven)
	case leaf.NotAfter.Sub(now) > maxLife:
		return nil, refused("it ends in more than %s", maxLife)
	}
	if err := valid(leaf, now); err != nil {
		return nil, err
	}
	return &entry{identity: identity{instance, id.Issuer, id.Name}, key: k, leaf: leaf, login: login}, nil
}

// add stores an entry. What was there for the same identity is wiped.
func (d *daemon) add(e *entry) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, old := range d.entries {
		if old.identity == e.identity {
			old.wipe()
			d.entries[i] = e
			return nil
		}
	}
	if len(d.entries) == maxEntries {
		return &socket.Error{Code: socket.CodeBusy, Message: fmt.Sprintf("the agent holds %d certificates already", maxEntries)}
	}
	d.entries = append(d.entries, e)
	d.stored, d.ended = true, false
	return nil
}

// find is the entry of a key, for those who see it.
func (d *daemon) find(key string, remote bool) (*entry, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range d.visible(remote) {
		if e.key.id == key {
			return e, nil
		}
	}
	return nil, &socket.Error{Code: socket.CodeUnknown, Message: "there is no certificate for that key"}
}

// visible lists the entries that local clients see, or remote ones. Of one
// that has ended only the token is left, which is for local clients. The caller
// holds the lock.
func (d *daemon) visible(remote bool) (seen []*entry) {
	now := d.Now()
	for _, e := range d.entries {
		e.expire(now)
		if remote && e.valid(now) && e.identity == d.offer.identity || !remote && e.alive(now) {
			seen = append(seen, e)
		}
	}
	return seen
}

func (e *entry) valid(now time.Time) bool { return !now.After(e.leaf.NotAfter) }

// alive reports whether there is anything left of the entry.
func (e *entry) alive(now time.Time) bool { return e.valid(now) || e.token != nil }

// forget wipes the entry of a key, or all, and the offer with it.
func (d *daemon) forget(key string) (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	kept := d.entries[:0]
	for _, e := range d.entries {
		if key != "" && e.key.id != key {
			kept = append(kept, e)
			continue
		}
		e.wipe()
		n++
		if e.identity == d.offer.identity {
			d.offer = offer{}
		}
	}
	clear(d.entries[len(kept):])
	d.entries = kept
	if key == "" {
		d.offer = offer{} // also of a certificate that has ended
	}
	return n
}
