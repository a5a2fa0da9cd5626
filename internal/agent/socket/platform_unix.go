//go:build linux || darwin || freebsd

package socket

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// maxPath is how many bytes the path of a socket may have (sun_path, with the
// NUL at its end).
const maxPath = len(unix.RawSockaddrUnix{}.Path) - 1

func uid() int { return os.Geteuid() }

// CheckFolder sees to it that nobody but this user can put something into the
// folder, or something else in its place. Where it is missing, the error is
// fs.ErrNotExist too.
func CheckFolder(dir string) error {
	parent, err := os.Lstat(filepath.Dir(dir))
	if err == nil && parent.Mode()&fs.ModeSymlink != 0 {
		parent, err = os.Stat(filepath.Dir(dir))
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFolder, err)
	}
	// Whoever owns the folder above could move this one away.
	if owner := ownerOf(parent); owner != uid() && owner != 0 || parent.Mode().Perm()&0o002 != 0 && parent.Mode()&fs.ModeSticky == 0 {
		return fmt.Errorf("%w: other users can rename %s: set paraph.agentSocket to a place of yours", ErrFolder, dir)
	}
	info, err := os.Lstat(dir)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrFolder, err)
	case info.Mode()&fs.ModeSymlink != 0:
		return fmt.Errorf("%w: %s is a symbolic link: remove it, or set paraph.agentSocket", ErrFolder, dir)
	case !info.IsDir():
		return fmt.Errorf("%w: %s is no folder: remove it, or set paraph.agentSocket", ErrFolder, dir)
	case ownerOf(info) != uid():
		return fmt.Errorf("%w: %s belongs to user %d, not to you: set paraph.agentSocket to a place of yours", ErrFolder, dir, ownerOf(info))
	case info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("%w: %s is open to others: `chmod 700` it", ErrFolder, dir)
	}
	return nil
}

// checkSocket sees to it that path is a socket of this user's, in a safe
// folder.
func checkSocket(path string) error {
	if err := CheckFolder(filepath.Dir(path)); err != nil {
		return missing(err)
	}
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return missing(err)
	case info.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("%w: %s is no socket: remove it", ErrFolder, path)
	case ownerOf(info) != uid():
		return fmt.Errorf("%w: %s belongs to user %d, not to you", ErrFolder, path, ownerOf(info))
	}
	return nil
}

// missing makes of a file that is missing an agent that is missing.
func missing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNone
	}
	return err
}

func ownerOf(info fs.FileInfo) int {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid)
	}
	return -1
}

// notThere makes of a socket that nobody listens at an agent that is missing.
func notThere(err error) error {
	if errors.Is(err, unix.ECONNREFUSED) || errors.Is(err, fs.ErrNotExist) {
		return ErrNone
	}
	return fmt.Errorf("calling the agent: %w", err)
}

func hungUp(err error) bool { return errors.Is(err, unix.EPIPE) || errors.Is(err, unix.ECONNRESET) }

// CheckPeer sees to it that the process at the other end is this user's. For
// root, too, another user is another one.
func CheckPeer(conn *net.UnixConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	peer, failed := -1, error(nil)
	if err := raw.Control(func(fd uintptr) { peer, failed = peerOf(int(fd)) }); err != nil {
		return err
	}
	if failed != nil {
		return fmt.Errorf("asking who is at the other end of the socket: %w", failed)
	}
	if peer != uid() {
		return fmt.Errorf("at the other end of the socket is user %d, not you", peer)
	}
	return nil
}
