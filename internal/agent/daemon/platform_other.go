//go:build !linux && !darwin && !freebsd

package daemon

import (
	"errors"
	"fmt"
	"net"
)

// errSystem says that there is no agent on this system.
var errSystem = fmt.Errorf("there is no agent on this system: %w", errors.ErrUnsupported)

// ErrTaken says that another agent is at the place.
var ErrTaken = errors.New("another agent is running")

// A Place is where an agent listens, which there is none of here.
type Place struct{ local, remote *net.UnixListener }

// Open fails: there is no agent on this system.
func Open(string) (*Place, error) { return nil, errSystem }

// Close has nothing to give up.
func (p *Place) Close() error { return errSystem }

func (p *Place) intact() bool { return false }

func (p *Place) remove() error { return errSystem }

// Harden fails: there is no agent on this system.
func Harden() error { return errSystem }

// Detach fails: there is no agent on this system.
func Detach() error { return errSystem }

func newPage(int) ([]byte, bool, error) { return nil, false, errSystem }

func freePage([]byte) {}
