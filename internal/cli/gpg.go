package cli

import (
	"strconv"
	"strings"
)

// maxDescriptor is a bound for file descriptors that no system goes beyond.
const maxDescriptor = 1 << 20

// A gpgCall is an invocation by git, in gpgsm's language
// (git's gpg-interface.c:sign_buffer_gpg, verify_gpg_signed_buffer).
type gpgCall struct {
	verify    bool
	sign      bool
	statusFD  int    // 0: no status lines were asked for
	signature string // file to verify, or "-"
	data      string // "-": the signed bytes are on stdin
	key       string // names a key for others; paraph ignores it
}

// parseGPG recognises an invocation in gpgsm's language. isGit is false for
// paraph's own commands; err is a flag that cannot be read.
func parseGPG(args []string) (c gpgCall, isGit bool, err error) {
	if !speaksGPG(args) {
		return c, false, nil
	}
	var files []string
	p := gpgArgs{args}
	for len(p.rest) > 0 {
		arg := p.next()
		switch {
		case arg == "-" || !strings.HasPrefix(arg, "-"):
			files = append(files, arg)
		case arg == "--":
			files = append(files, p.rest...)
			p.rest = nil
		case strings.HasPrefix(arg, "--"):
			err = first(err, c.long(arg, &p))
		default:
			err = first(err, c.cluster(arg[1:], &p))
		}
	}
	return c, true, first(err, c.operands(files))
}

// speaksGPG looks for one of the flags that only gpgsm's language has. git
// puts --status-fd first; people may leave it out.
func speaksGPG(args []string) bool {
	if len(args) == 0 || !strings.HasPrefix(args[0], "-") {
		return false
	}
	for _, a := range args {
		name, _, _ := strings.Cut(a, "=")
		switch {
		case name == "--status-fd", name == "--verify", name == "--sign", name == "--detach-sign", name == "--local-user", name == "--armor", name == "--keyid-format":
			return true
		case len(a) > 1 && a[0] == '-' && a[1] != '-' && strings.Trim(a[1:], "bsau") == "":
			return true
		}
	}
	return false
}

type gpgArgs struct{ rest []string }

func (p *gpgArgs) next() string {
	arg := p.rest[0]
	p.rest = p.rest[1:]
	return arg
}

// value returns a flag's value: what follows =, else the next argument.
func (p *gpgArgs) value(flag, inline string, hasInline bool) (string, error) {
	if hasInline {
		return inline, nil
	}
	if len(p.rest) == 0 {
		return "", usagef("%s: a value is missing", flag)
	}
	return p.next(), nil
}

func (c *gpgCall) long(arg string, p *gpgArgs) (err error) {
	flag, inline, hasInline := strings.Cut(arg, "=")
	var v string
	switch flag {
	case "--status-fd":
		if v, err = p.value(flag, inline, hasInline); err != nil {
			return err
		}
		fd, err := strconv.Atoi(v)
		if err != nil || fd < 1 || fd > maxDescriptor {
			return usagef("--status-fd: %q is not a file descriptor", v)
		}
		c.statusFD = fd
	case "--keyid-format":
		_, err = p.value(flag, inline, hasInline)
	case "--local-user":
		c.key, err = p.value(flag, inline, hasInline)
	case "--verify":
		c.verify = true
	case "--sign", "--detach-sign":
		c.sign = true
	case "--armor":
	default:
		return usagef("unknown flag %s", flag)
	}
	return err
}

// cluster reads short flags that share one dash; what follows u is its value.
func (c *gpgCall) cluster(flags string, p *gpgArgs) (err error) {
	for i, f := range flags {
		switch f {
		case 's', 'b':
			c.sign = true
		case 'a':
		case 'u':
			rest := flags[i+1:]
			c.key, err = p.value("-u", rest, rest != "")
			return err
		default:
			return usagef("unknown flag -%c", f)
		}
	}
	return nil
}

// operands checks what is left: a signature and "-" to verify, nothing or "-"
// to sign.
func (c *gpgCall) operands(files []string) error {
	switch {
	case c.verify && c.sign:
		return usagef("--verify and signing do not go together")
	case c.verify:
		if len(files) != 2 || files[1] != "-" {
			return usagef("--verify takes a signature file and - (the signed bytes on standard input)")
		}
		c.signature, c.data = files[0], files[1]
	case c.sign:
		if len(files) > 1 || len(files) == 1 && files[0] != "-" {
			return usagef("signing takes the bytes from standard input")
		}
	default:
		return usagef("neither --verify nor --sign was given")
	}
	return nil
}

func first(a, b error) error {
	if a != nil {
		return a
	}
	return b
}
