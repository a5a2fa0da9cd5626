//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package cli

import "os"

// columns knows no terminals here.
func columns(*os.File) (width int, is bool) { return 0, false }
