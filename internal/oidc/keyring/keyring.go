// Package keyring keeps logins in the keyring of the operating system, so that
// the next certificate comes without a browser. There is no other place for
// them: where no keyring can be used nothing is kept, and no secret ever goes
// to a file.
//
// A login is kept for each [Session] as one item of the service "paraph", and
// one more item, which holds no secret, lists them. A session ends MaxAge
// after its login, whatever its issuer allows; it is deleted by whoever sees
// it then.
//
// Renewing ([Keyring.Token]) uses a refresh token up, at most issuers, and
// whoever uses one twice looks like a thief to them and ends the login for
// all. So all processes renew under one lock, read the token under it, and
// keep the next one before anything else. Between the issuer's answer and the
// keyring's there remains a moment in which a crash loses the session: the
// token that is kept then is used up, the issuer says so at the next renewal,
// the session is forgotten, and somebody logs in anew.
package keyring

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/paraph/paraph/internal/filelock"
	"github.com/paraph/paraph/internal/oidc/login"
	"github.com/paraph/paraph/internal/report"
)

// DefaultMaxAge is how long a login counts where nothing else is set.
const DefaultMaxAge = 12 * time.Hour

// Options say what a keyring works with.
type Options struct {
	Store  Store
	State  string        // the folder of the lock, see [xdg.State]
	MaxAge time.Duration // 0 is DefaultMaxAge
	Now    func() time.Time
	// Say shows a line to the user, from any goroutine; nil where there is no
	// terminal.
	Say func(line string)
}

// A Keyring holds sessions. It is safe for concurrent use.
type Keyring struct {
	Options
	limit, patience time.Duration
	leaving         time.Duration // see Token
	busy            chan struct{} // who is in it may call the store
}

// New returns a keyring over a store.
func New(o Options) *Keyring {
	k := &Keyring{Options: o, limit: storeTime, patience: storePatience, leaving: leaveTime, busy: make(chan struct{}, 1)}
	if k.MaxAge <= 0 {
		k.MaxAge = DefaultMaxAge
	}
	if k.Say != nil {
		k.limit = promptTime
	}
	return k
}

// Sessions lists the sessions of a client at an issuer.
func (k *Keyring) Sessions(ctx context.Context, instance, issuer, client string) ([]Session, error) {
	all, err := k.All(ctx)
	return slices.DeleteFunc(all, func(s Session) bool {
		return s.Instance != instance || s.Issuer != issuer || s.Client != client
	}), err
}

// All lists all sessions, and deletes those that are too old.
func (k *Keyring) All(ctx context.Context) ([]Session, error) {
	all, err := k.index(ctx)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(all, k.old) {
		if err := k.clean(ctx); err != nil {
			k.tell("paraph: a login that is too old is still in the keyring: " + err.Error())
		}
	}
	return slices.DeleteFunc(all, k.old), nil
}

// clean deletes the sessions that are too old.
func (k *Keyring) clean(ctx context.Context) error {
	all, unlock, err := k.open(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return k.remove(ctx, all, k.old)
}

// Keep keeps a login as a session of s's instance, issuer and client; identity,
// connector and time are the login's. A session that is there already is replaced, or
// stays where that fails.
func (k *Keyring) Keep(ctx context.Context, s Session, l *login.Login) error {
	s.Identity, s.Since = l.Identity, k.Now().UTC().Truncate(time.Second)
	s.Connector = l.Token.Connector()
	value, err := encodeItem(s, l.Kept)
	if err != nil {
		return err
	}
	all, unlock, err := k.open(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	// What is listed and not there does no harm; a secret that nothing lists
	// would stay for ever. So the list comes first.
	before := slices.Clone(all)
	if err := k.setIndex(ctx, append(slices.DeleteFunc(all, s.same), s)); err != nil {
		return err
	}
	if err := k.set(ctx, s.item(), value); err != nil {
		return errors.Join(err, k.setIndex(context.WithoutCancel(ctx), before))
	}
	return nil
}

// Forget deletes a session. What is not there is no error.
func (k *Keyring) Forget(ctx context.Context, s Session) error {
	unlock, err := k.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return k.forget(ctx, s)
}

// Logout forgets a session and has the issuer end it, if it can.
func (k *Keyring) Logout(ctx context.Context, s Session, c login.Config, w login.World) (revoked bool, err error) {
	if err := s.belongs(c); err != nil {
		return false, err
	}
	unlock, err := k.lock(ctx)
	if err != nil {
		return false, err
	}
	defer unlock()
	_, kept, err := k.kept(ctx, s)
	if err != nil && !errors.Is(err, login.ErrEnded) {
		return false, err
	}
	if err := k.forget(ctx, s); err != nil || kept.Refresh == "" {
		return false, err
	}
	supported, err := login.Revoke(ctx, c, w, kept.Refresh)
	return supported && err == nil, err
}

// open takes the lock and reads the list.
func (k *Keyring) open(ctx context.Context) (all []Session, unlock func(), err error) {
	if unlock, err = k.lock(ctx); err != nil {
		return nil, nil, err
	}
	if all, err = k.index(ctx); err != nil {
		unlock()
		return nil, nil, err
	}
	return all, unlock, nil
}

// lock has one process at a time work on the sessions. A call to the store
// that was given up may yet do its work, so the lock lasts until it has ended.
func (k *Keyring) lock(ctx context.Context) (unlock func(), err error) {
	if k.State == "" {
		return nil, fmt.Errorf("%w: there is no home for its lock (HOME, XDG_STATE_HOME)", ErrNone)
	}
	if err := os.MkdirAll(k.State, 0o700); err != nil {
		return nil, fmt.Errorf("the keyring's lock: %w", err)
	}
	free, err := filelock.Lock(ctx, filepath.Join(k.State, "keyring.lock"))
	if err != nil {
		return nil, fmt.Errorf("the keyring's lock: %w", err)
	}
	release := func() {
		k.busy <- struct{}{}
		<-k.busy
		free()
	}
	return func() {
		if len(k.busy) > 0 {
			go release()
			return
		}
		free()
	}, nil
}

func (k *Keyring) old(s Session) bool { return k.tooOld(s.Since) }

// skew is how far a clock may go back and a login still not be of the future.
const skew = time.Minute

func (k *Keyring) tooOld(since time.Time) bool {
	age := k.Now().Sub(since)
	return age > k.MaxAge || age < -skew
}

// tell shows a line, where somebody is there to see it.
func (k *Keyring) tell(line string) {
	if k.Say != nil {
		k.Say(report.Escape(line))
	}
}
