//go:build unix

package cache

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// openFlags keep the way to a file from leading elsewhere, or to a pipe that
// waits for somebody.
const openFlags = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

func stat(info fs.FileInfo) *syscall.Stat_t {
	st, _ := info.Sys().(*syscall.Stat_t)
	return st
}

func ours(info fs.FileInfo) bool {
	st := stat(info)
	return st != nil && int(st.Uid) == os.Geteuid()
}

// foreign reports whether root looks at what is somebody else's.
func foreign(info fs.FileInfo) bool { return os.Geteuid() == 0 && !ours(info) }

func open077(info fs.FileInfo) bool { return info.Mode().Perm()&0o077 != 0 }

func writable(info fs.FileInfo) bool { return info.Mode().Perm()&0o022 != 0 }

// names is how many names a file has.
func names(info fs.FileInfo) uint64 { return uint64(stat(info).Nlink) }

// place gives a file its second name, unless another one has it already. Where
// files cannot have two names the later one counts.
func place(from, to string) error {
	err := os.Link(from, to)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	return os.Rename(from, to)
}

// fileID tells a folder from another one that had its name before.
func fileID(info fs.FileInfo) string {
	st := stat(info)
	return fmt.Sprintf("%d %d", st.Dev, st.Ino)
}

// onDisk is what a file takes, holes not counted (stat(2), st_blocks).
func onDisk(info fs.FileInfo) int64 { return stat(info).Blocks * 512 }
