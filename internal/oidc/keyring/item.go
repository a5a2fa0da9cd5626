package keyring

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/paraph/paraph/internal/oidc/login"
	"github.com/paraph/paraph/internal/strictjson"
)

// Bounds on what is kept. Windows takes 2560 bytes an item and macOS about
// 3000, and says so itself.
const (
	maxItem     = 32 << 10 // bytes
	maxSessions = 64
	maxText     = 1 << 10 // bytes of a name
)

// version is that of both kinds of items.
const version = 1

// indexItem is the item that lists the sessions.
const indexItem = "logins"

// A Session is a login that is kept, without its secrets.
type Session struct {
	Instance string    `json:"instance"`
	Issuer   string    `json:"issuer"` // as it was configured
	Client   string    `json:"client"`
	Identity string    `json:"identity"`
	Since    time.Time `json:"since"` // the login, in whole seconds
	// Connector is where the issuer had the user log in, "" if it was there.
	Connector string `json:"connector,omitempty"`
}

// item is the name of the session's item.
func (s Session) item() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q", s.Instance, s.Issuer, s.Client, s.Identity))
	return fmt.Sprintf("login %x", sum[:16])
}

func (s Session) same(t Session) bool { return s.item() == t.item() }

// belongs refuses to have a refresh token go anywhere but where it is from.
func (s Session) belongs(c login.Config) error {
	if s.Issuer != c.Issuer || s.Client != c.ClientID {
		return fmt.Errorf("the keyring's login is for %q at %s, not for %q at %s", s.Client, s.Issuer, c.ClientID, c.Issuer)
	}
	return nil
}

// check refuses what cannot have been kept by this program.
func (s Session) check() error {
	for _, text := range []string{s.Instance, s.Issuer, s.Client, s.Identity} {
		if text == "" || len(text) > maxText {
			return fmt.Errorf("a name in it has no bytes, or more than %d", maxText)
		}
	}
	if len(s.Connector) > maxText {
		return fmt.Errorf("its connector has more than %d bytes", maxText)
	}
	if s.Since.IsZero() {
		return errors.New("it has no time")
	}
	return nil
}

// An item is the secret of a session.
type item struct {
	Version  int       `json:"v"`
	Since    time.Time `json:"since"`
	Refresh  string    `json:"refresh"`
	Issuer   string    `json:"iss"`
	Subject  string    `json:"sub"`
	Audience []string  `json:"aud"`
	Nonce    string    `json:"nonce,omitempty"`
	Identity string    `json:"identity"`
}

type index struct {
	Version  int       `json:"v"`
	Sessions []Session `json:"logins"`
}

func encodeItem(s Session, k login.Kept) (string, error) {
	if k.Refresh == "" {
		return "", errors.New("the issuer gave no refresh token: there is nothing to keep")
	}
	if err := s.check(); err != nil {
		return "", fmt.Errorf("the login cannot be kept: %w", err)
	}
	return encode(item{version, s.Since, k.Refresh, k.Issuer, k.Subject, k.Audience, k.Nonce, k.Identity})
}

// encode writes JSON without the escapes that are for HTML: space is scarce.
func encode(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", err
	}
	if b.Len() > maxItem {
		return "", fmt.Errorf("%w: it has %d bytes, at most %d are kept", ErrTooBig, b.Len(), maxItem)
	}
	return string(bytes.TrimSpace(b.Bytes())), nil
}

// kept reads the secret of a session. One that is not there, or cannot be
// read, has ended.
func (k *Keyring) kept(ctx context.Context, s Session) (since time.Time, kept login.Kept, err error) {
	value, err := k.get(ctx, s.item())
	if errors.Is(err, ErrAbsent) {
		return since, kept, fmt.Errorf("%w (the keyring has it no more)", login.ErrEnded)
	}
	if err != nil {
		return since, kept, err
	}
	var i item
	err = strictjson.Unmarshal([]byte(value), maxItem, &i)
	if err != nil || i.Version != version || i.Refresh == "" || i.Issuer == "" || i.Identity != s.Identity {
		// The parser's words could quote the secret.
		return since, kept, fmt.Errorf("%w (what the keyring has of it is not of this version of paraph)", login.ErrEnded)
	}
	return i.Since, login.Kept{
		Refresh: i.Refresh, Issuer: i.Issuer, Subject: i.Subject, Audience: i.Audience, Nonce: i.Nonce, Identity: i.Identity,
	}, nil
}

// index reads the list of sessions. What cannot be read is as absent.
func (k *Keyring) index(ctx context.Context) ([]Session, error) {
	value, err := k.get(ctx, indexItem)
	if errors.Is(err, ErrAbsent) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var i index
	err = strictjson.Unmarshal([]byte(value), maxItem, &i)
	if err == nil && (i.Version != version || len(i.Sessions) > maxSessions) {
		err = fmt.Errorf("it has version %d and %d logins, read are version %d and %d", i.Version, len(i.Sessions), version, maxSessions)
	}
	for _, s := range i.Sessions {
		if err == nil {
			err = s.check()
		}
	}
	if err != nil {
		k.tell("paraph: the keyring's list of logins is ignored: " + err.Error())
		return nil, nil
	}
	return i.Sessions, nil
}

func (k *Keyring) setIndex(ctx context.Context, all []Session) error {
	if len(all) > maxSessions {
		return fmt.Errorf("%w: there are %d logins, at most %d are kept: log out somewhere", ErrTooBig, len(all), maxSessions)
	}
	if len(all) == 0 {
		return k.delete(ctx, indexItem)
	}
	value, err := encode(index{version, all})
	if err != nil {
		return err
	}
	return k.set(ctx, indexItem, value)
}

// forget deletes a session, under the lock.
func (k *Keyring) forget(ctx context.Context, s Session) error {
	if err := k.delete(ctx, s.item()); err != nil {
		return err
	}
	all, err := k.index(ctx)
	if err != nil {
		return err
	}
	return k.remove(ctx, all, s.same)
}

// remove deletes those of all sessions that which says, the secrets first.
func (k *Keyring) remove(ctx context.Context, all []Session, which func(Session) bool) error {
	rest := slices.DeleteFunc(slices.Clone(all), which)
	if len(rest) == len(all) {
		return nil
	}
	for _, s := range all {
		if which(s) {
			if err := k.delete(ctx, s.item()); err != nil {
				return err
			}
		}
	}
	return k.setIndex(ctx, rest)
}
