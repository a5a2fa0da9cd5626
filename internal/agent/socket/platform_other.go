//go:build !linux && !darwin && !freebsd

package socket

import (
	"context"
	"errors"
	"fmt"
	"net"
)

// Nothing is known of the length of paths here.
const maxPath = 100

// errSystem says that there is no agent on this system: a client could not
// tell who is at the other end.
var errSystem = fmt.Errorf("there is no agent on this system: %w", errors.ErrUnsupported)

func uid() int { return -1 }

// CheckFolder fails: see errSystem.
func CheckFolder(string) error { return errSystem }

// CheckPeer fails: see errSystem.
func CheckPeer(*net.UnixConn) error { return errSystem }

func checkSocket(string) error { return errSystem }

func notThere(err error) error { return err }

func hungUp(error) bool { return false }

// Start fails: there is no agent on this system.
func Start(context.Context, string, string, []string, bool) error { return errSystem }
