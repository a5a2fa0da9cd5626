package keyring

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	system "github.com/zalando/go-keyring"

	"github.com/paraph/paraph/internal/report"
)

// How long a call to the store may take: nothing that git waits for depends on
// more. A keyring may ask for its password, which only somebody at a terminal
// is told of, after a moment of patience.
const (
	storeTime     = 10 * time.Second
	promptTime    = time.Minute
	storePatience = 2 * time.Second
)

// Reasons for which nothing can be kept, or nothing is.
var (
	ErrNone   = errors.New("no keyring can be used here")
	ErrTooBig = errors.New("the keyring does not take it")
	ErrAbsent = errors.New("the keyring does not have it")
)

// A Store keeps secret texts by name. Get and Delete say [ErrAbsent] of what
// is not there, and Set [ErrTooBig] of what it has no room for; the old text
// stays then. Any other error is one of the store itself.
type Store interface {
	Get(name string) (string, error)
	Set(name, value string) error
	Delete(name string) error
}

// service is what the keyring's items belong to.
const service = "paraph"

// System is the keyring of the system that this process runs on: the Secret
// Service, macOS's keychain, Windows' credential manager.
func System(env []string) Store { return systemStore{env} }

type systemStore struct{ env []string }

func (s systemStore) Get(name string) (value string, err error) {
	if err = noBus(s.env); err == nil {
		value, err = system.Get(service, name)
	}
	return value, translate(err)
}

func (s systemStore) Set(name, value string) error {
	if err := noBus(s.env); err != nil {
		return err
	}
	return translate(system.Set(service, name, value))
}

func (s systemStore) Delete(name string) error {
	if err := noBus(s.env); err != nil {
		return err
	}
	return translate(system.Delete(service, name))
}

func translate(err error) error {
	switch {
	case errors.Is(err, system.ErrNotFound):
		return ErrAbsent
	case errors.Is(err, system.ErrSetDataTooBig):
		return fmt.Errorf("%w: it is larger than this system's allows", ErrTooBig)
	}
	return err
}

// noBus says that there is no bus for the Secret Service to be on. The library
// would start one, which nobody would ever end.
func noBus(env []string) error {
	if runtime.GOOS == "darwin" || runtime.GOOS == "windows" {
		return nil
	}
	address := ""
	for _, e := range env { // of two, the last counts
		if v, ok := strings.CutPrefix(e, "DBUS_SESSION_BUS_ADDRESS="); ok {
			address = v
		}
	}
	if address != "" && address != "autolaunch:" {
		return nil
	}
	if _, err := os.Stat(fmt.Sprintf("/run/user/%d/bus", os.Getuid())); err == nil {
		return nil
	}
	return errors.New("there is no session bus (DBUS_SESSION_BUS_ADDRESS)")
}

func (k *Keyring) get(ctx context.Context, name string) (string, error) {
	return k.call(ctx, func() (string, error) { return k.Store.Get(name) })
}

func (k *Keyring) set(ctx context.Context, name, value string) error {
	_, err := k.call(ctx, func() (string, error) { return "", k.Store.Set(name, value) })
	return err
}

// delete deletes what may be there.
func (k *Keyring) delete(ctx context.Context, name string) error {
	_, err := k.call(ctx, func() (string, error) { return "", k.Store.Delete(name) })
	if errors.Is(err, ErrAbsent) {
		return nil
	}
	return err
}

type result struct {
	value string
	err   error
}

// call waits for the store no longer than it may take. A call that was given
// up cannot be ended; until it ends by itself there is no other, which it
// could overwrite.
func (k *Keyring) call(ctx context.Context, f func() (string, error)) (string, error) {
	limited, cancel := context.WithTimeout(ctx, k.limit)
	defer cancel()
	done := make(chan result, 1)
	select {
	case k.busy <- struct{}{}:
		go func() {
			defer func() { <-k.busy }()
			done <- recovered(f)
		}()
	case <-limited.Done():
		return "", k.gaveUp(ctx)
	}
	wait := time.AfterFunc(k.patience, func() {
		k.tell("paraph: waiting for the keyring, which may be asking for its password")
	})
	defer wait.Stop()
	select {
	case <-limited.Done():
		return "", k.gaveUp(ctx)
	case r := <-done:
		if r.err == nil || errors.Is(r.err, ErrAbsent) || errors.Is(r.err, ErrTooBig) {
			return r.value, r.err
		}
		return "", fmt.Errorf("%w: %s", ErrNone, report.Escape(r.err.Error()))
	}
}

func (k *Keyring) gaveUp(ctx context.Context) error {
	if ctx.Err() != nil {
		return fmt.Errorf("waiting for the keyring: %w", ctx.Err())
	}
	return fmt.Errorf("%w: it does not answer within %s", ErrNone, k.limit)
}

// recovered calls f. The library is not prepared for all that a keyring's
// program may answer.
func recovered(f func() (string, error)) (r result) {
	defer func() {
		if p := recover(); p != nil {
			r = result{err: errors.New("its program answers in a form that is not its own")}
		}
	}()
	value, err := f()
	return result{value, err}
}
