//go:build !unix

package cache

import (
	"io/fs"
	"os"
)

// Access lists of the user's profile keep others out.
const openFlags = 0

func ours(fs.FileInfo) bool     { return true }
func foreign(fs.FileInfo) bool  { return false }
func open077(fs.FileInfo) bool  { return false }
func writable(fs.FileInfo) bool { return false }
func names(fs.FileInfo) int     { return 1 }

func place(from, to string) error { return os.Rename(from, to) }

func fileID(fs.FileInfo) string { return "" }

func onDisk(info fs.FileInfo) int64 { return info.Size() }
