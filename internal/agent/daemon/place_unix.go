//go:build linux || darwin || freebsd

package daemon

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/paraph/paraph/internal/agent/socket"
)

// backlog is how many clients wait to be accepted.
const backlog = 128

// ErrTaken says that another agent is at the place.
var ErrTaken = errors.New("another agent is running")

// A Place is where an agent listens: a folder that is locked, with two
// sockets in it.
type Place struct {
	lock          int // descriptor
	local, remote *net.UnixListener
	ours          map[string]os.FileInfo // the sockets, as they were made
	closed        bool
}

// Open takes the place of the socket at path. What an agent left there that
// was killed is replaced; anything else is an error.
func Open(path string) (*Place, error) {
	dir := filepath.Dir(path)
	if filepath.Base(path) == socket.RemoteName {
		return nil, fmt.Errorf("%w: %s is for the socket that other machines sign through: take another name", socket.ErrFolder, socket.RemoteName)
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%w: %w", socket.ErrFolder, err)
	}
	if err := socket.CheckFolder(dir); err != nil {
		return nil, err
	}
	lock, err := takeLock(filepath.Join(dir, socket.LockName))
	if err != nil {
		return nil, err
	}
	p := &Place{lock: lock, ours: make(map[string]os.FileInfo)}
	if p.local, err = p.listen(path); err == nil {
		p.remote, err = p.listen(filepath.Join(dir, socket.RemoteName))
	}
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// takeLock locks a file. The kernel holds the lock for this process, however
// that ends; the empty file stays.
func takeLock(path string) (int, error) {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CREAT|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return -1, fmt.Errorf("%w: %s: %w", socket.ErrFolder, path, err)
	}
	var st unix.Stat_t
	if err = unix.Fstat(fd, &st); err == nil && st.Mode&unix.S_IFMT != unix.S_IFREG {
		err = fmt.Errorf("%w: %s is no file: remove it", socket.ErrFolder, path)
	}
	if err == nil {
		err = unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB)
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = ErrTaken
		}
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// listen makes a socket. Between bind and listen nobody can connect: that is
// when its mode is set.
func (p *Place) listen(path string) (*net.UnixListener, error) {
	if err := removeStale(path); err != nil {
		return nil, err
	}
	syscall.ForkLock.RLock()
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err == nil {
		unix.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), path)
	defer f.Close()
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		return nil, fmt.Errorf("making the socket %s: %w", path, err)
	}
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	p.ours[path] = info
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, err
	}
	if err := unix.Listen(fd, backlog); err != nil {
		return nil, fmt.Errorf("listening at %s: %w", path, err)
	}
	l, err := net.FileListener(f)
	if err != nil {
		return nil, err
	}
	return l.(*net.UnixListener), nil
}

// removeStale removes the socket that an agent left. The lock tells that it
// is not there any more.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if st, ok := info.Sys().(*syscall.Stat_t); info.Mode().Type() != fs.ModeSocket || !ok || int(st.Uid) != os.Geteuid() {
		return fmt.Errorf("%w: in the place of the agent's socket %s is something else: remove it", socket.ErrFolder, path)
	}
	return os.Remove(path)
}

// intact reports whether the sockets are still where clients look for them.
func (p *Place) intact() bool {
	for path, info := range p.ours {
		if now, err := os.Lstat(path); err != nil || !os.SameFile(now, info) {
			return false
		}
	}
	return true
}

// remove removes the sockets, unless they are somebody else's by now, and has
// nobody connect any more.
func (p *Place) remove() error {
	var errs []error
	for path, info := range p.ours {
		if now, err := os.Lstat(path); err == nil && os.SameFile(now, info) {
			errs = append(errs, os.Remove(path))
		}
	}
	clear(p.ours)
	for _, l := range []*net.UnixListener{p.local, p.remote} {
		if l != nil {
			_ = l.Close()
		}
	}
	return errors.Join(errs...)
}

// Close gives the place up.
func (p *Place) Close() error {
	if p.closed {
		return nil
	}
	p.closed = true
	return errors.Join(p.remove(), unix.Close(p.lock))
}
