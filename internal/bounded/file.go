package bounded

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// ReadFile returns the first limit bytes of a file, and one more if there are
// more, so that the caller can tell.
//
// A pipe in the file system is refused: opening one waits for a writer, for
// ever and deaf to signals. One that a shell made, under /dev/fd, has its
// writer already.
func ReadFile(name string, limit int64) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Mode()&(os.ModeNamedPipe|os.ModeSocket) != 0 && !strings.HasPrefix(name, "/dev/fd/") && !strings.HasPrefix(name, "/proc/") {
		return nil, fmt.Errorf("%s is a pipe or socket, not a file", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit+1))
}
