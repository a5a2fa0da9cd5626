package cli

import (
	"strings"
	"testing"
)

func TestParseGPG(t *testing.T) {
	sign, verify := gpgCall{sign: true}, gpgCall{verify: true, signature: "f", data: "-"}
	with := func(c gpgCall, fd int, key string) gpgCall { c.statusFD, c.key = fd, key; return c }
	for line, want := range map[string]gpgCall{
		"--status-fd=2 -bsau KEY":      with(sign, 2, "KEY"),
		"--status-fd 2 -bsau KEY":      with(sign, 2, "KEY"),
		"--status-fd=2 -bsauKEY":       with(sign, 2, "KEY"),
		"--status-fd=2 -bsau -":        with(sign, 2, "-"),
		"--status-fd=2 -bsau --verify": with(sign, 2, "--verify"),
		"--status-fd=2 -bsau  ":        with(sign, 2, ""), // an empty argument
		"-bsau KEY":                    with(sign, 0, "KEY"),
		"-b -s -a -u KEY -":            with(sign, 0, "KEY"),
		"-s":                           sign,
		"--detach-sign --armor --local-user=KEY --status-fd=1": with(sign, 1, "KEY"),
		"--sign --armor --local-user KEY":                      with(sign, 0, "KEY"),
		"--local-user= --sign":                                 sign,
		"--keyid-format=long --status-fd=1 --verify f -":       with(verify, 1, ""),
		"--keyid-format long --status-fd 1 --verify f -":       with(verify, 1, ""),
		"--verify f - --status-fd=3":                           with(verify, 3, ""),
		"--verify -- f -":                                      verify,
		"--status-fd=1 --status-fd=2 --verify f -":             with(verify, 2, ""),
	} {
		got, isGit, err := parseGPG(strings.Split(strings.TrimSuffix(line, " "), " "))
		if !isGit || err != nil || got != want {
			t.Errorf("%s: %+v, %t, %v, want %+v", line, got, isGit, err, want)
		}
	}
}

func TestParseGPGRefuses(t *testing.T) {
	for line, want := range map[string]string{
		"--status-fd=1":                        "neither --verify nor --sign",
		"--status-fd":                          "a value is missing",
		"--status-fd=0 --sign":                 "not a file descriptor",
		"--status-fd=-1 --sign":                "not a file descriptor",
		"--status-fd= --sign":                  "not a file descriptor",
		"--status-fd=99999999999999999 --sign": "not a file descriptor",
		"--bogus --verify f -":                 "unknown flag --bogus",
		"--verify f - -x":                      "unknown flag -x",
		"--bogus=value --sign":                 "unknown flag --bogus",
		"-bsx --status-fd=1":                   "unknown flag -x",
		"-bsau":                                "-u: a value is missing",
		"--local-user":                         "--local-user: a value is missing",
		"--keyid-format":                       "--keyid-format: a value is missing",
		"--verify":                             "--verify takes",
		"--verify f":                           "--verify takes",
		"--verify f g":                         "--verify takes",
		"--verify f - -":                       "--verify takes",
		"--verify -s f -":                      "do not go together",
		"-s file":                              "signing takes",
		"-s - -":                               "signing takes",
	} {
		_, isGit, err := parseGPG(strings.Split(line, " "))
		if !isGit || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %t, %v, want ...%s...", line, isGit, err, want)
		}
	}
}

// What people call is not taken for git's language.
func TestParseGPGLeavesCommands(t *testing.T) {
	for _, line := range []string{"", "verify", "verify --format json", "version", "--help", "-h", "--version", "help -s", "verify -s", "verify --verify", "-x", "-"} {
		args := strings.Fields(line)
		if _, isGit, err := parseGPG(args); isGit || err != nil {
			t.Errorf("%q: taken for git's, %v", line, err)
		}
	}
}

func FuzzParseGPG(f *testing.F) {
	f.Add("--status-fd=2\x00-bsau\x00KEY")
	f.Add("--status-fd=1\x00--verify\x00f\x00-")
	f.Fuzz(func(t *testing.T, line string) {
		c, isGit, err := parseGPG(strings.Split(line, "\x00"))
		switch {
		case !isGit && err != nil:
			t.Error("an error about what is not git's")
		case isGit && err == nil && c.sign == c.verify:
			t.Errorf("%+v is neither or both", c)
		case isGit && err == nil && c.verify && c.data != "-":
			t.Errorf("%+v verifies what was not sent", c)
		}
	})
}
