package cache

import (
	"bytes"
	"crypto/hmac"
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/paraph/paraph/internal/bounded"
)

// A git that shows a history starts one process for each signature, and each
// of them would start git again to be told the same settings, which takes as
// long as all the rest. git itself reads its configuration once, when it
// starts. So what one of its processes was told counts for those that it
// starts after that, in the same folder and with the same environment, for a
// short time.

// maxAge is how long that is: a history is shown in less, or it does not
// matter to be told again.
const maxAge = 10 * time.Second

// A Caller is a git that started this process. The zero Caller is none that
// is known: nothing is remembered for it.
type Caller struct {
	sum   sum
	known bool
}

// CalledBy finds out who started this process. It is known where /proc says
// so, and only if it is git: anybody else may live for long.
func CalledBy(environ []string) Caller {
	parent := os.Getppid()
	stat, err := bounded.ReadFile(fmt.Sprintf("/proc/%d/stat", parent), maxStat)
	if err != nil {
		return Caller{}
	}
	started, ok := parseStat(stat, parent)
	if !ok {
		return Caller{}
	}
	dir, err := os.Getwd()
	if err != nil {
		return Caller{}
	}
	info, err := os.Stat(".")
	if err != nil {
		return Caller{}
	}
	return Caller{sumOf("settings", append([]string{strconv.Itoa(parent), started, dir, fileID(info)}, environ...)), true}
}

// maxStat bounds a line of the kernel's, in bytes.
const maxStat = 4096

// parseStat reads when a process started, in the kernel's own clock, if it is
// git: proc_pid_stat(5), field 22 of "pid (git) state ppid ...". A name may hold
// anything, and what follows it holds no parenthesis.
func parseStat(stat []byte, pid int) (started string, ok bool) {
	rest, ok := bytes.CutPrefix(stat, fmt.Appendf(nil, "%d (git) ", pid))
	fields := strings.Fields(string(rest))
	const startTime = 22 - 3 // the first two are cut off, and they count from one
	if !ok || bytes.ContainsRune(rest, ')') || len(fields) <= startTime {
		return "", false
	}
	return fields[startTime], true
}

// Settings returns what git told a process of this caller's, now.
func (c *Cache) Settings(by Caller, now time.Time) (answer []byte, ok bool) {
	if !by.known {
		return nil, false
	}
	tries := 0
	c.look(by.sum, func(rec record) bool {
		if rec.tag != by.sum.tag() || rec.kind != settings || len(rec.body) < timeSize {
			return true
		}
		tries++
		mac, made := c.mac(rec, false, by.sum)
		at := time.Unix(0, int64(binary.BigEndian.Uint64(rec.body)))
		if made && hmac.Equal(mac[:], rec.mac[:]) && !now.Before(at) && now.Sub(at) < maxAge {
			answer, ok = bytes.Clone(rec.body[timeSize:]), true
		}
		return !ok && tries < maxTries
	})
	return answer, ok
}

const timeSize = 8

// PutSettings remembers what git told this process, now.
func (c *Cache) PutSettings(by Caller, answer []byte, now time.Time) {
	if !by.known || timeSize+len(answer) > maxBody {
		return
	}
	rec := record{tag: by.sum.tag(), kind: settings}
	rec.body = append(binary.BigEndian.AppendUint64(nil, uint64(now.UnixNano())), answer...)
	var ok bool
	if rec.mac, ok = c.mac(rec, true, by.sum); ok {
		c.put(by.sum, rec)
	}
}
