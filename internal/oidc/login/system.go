package login

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
)

// A System is the machine, as far as opening a page goes.
type System struct {
	OS      string // as runtime.GOOS has it
	Environ []string
	Files   fs.FS // the root folder
	// Find looks a program up in PATH.
	Find func(name string) (path string, err error)
	// Start starts a program, and does not wait for it.
	Start func(words []string) error
}

// ThisSystem is the machine that the program runs on.
func ThisSystem(environ []string) System {
	return System{
		OS: runtime.GOOS, Environ: environ, Files: os.DirFS("/"), Find: exec.LookPath,
		Start: func(words []string) error {
			// A browser outlives its starter: it holds neither its streams, which
			// git reads, nor its folder, and Ctrl-C is not for it.
			cmd := exec.Command(words[0], words[1:]...)
			cmd.Env = environ
			detach(cmd)
			if err := cmd.Start(); err != nil {
				return err
			}
			go func() { _ = cmd.Wait() }()
			return nil
		},
	}
}

// noBrowser says why no browser can be opened here, or none that its user
// would see; "" where one can.
func (y System) noBrowser(configured string) string {
	set := func(names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return y.getenv(name) != "" })
	}
	display := set("DISPLAY", "WAYLAND_DISPLAY")
	unix := y.OS != "windows" && y.OS != "darwin"
	switch {
	case configured != "":
		return ""
	case set("CODESPACES"):
		return "this is a codespace"
	case unix && (y.exists(".dockerenv") || y.exists("run/.containerenv")):
		return "this is a container"
	case set("SSH_CONNECTION", "SSH_TTY") && !display:
		return "you are here by SSH, without a display"
	case unix && !display && !y.wsl():
		return "there is no display"
	case len(y.openers("")) == 0:
		return "there is no program to open a page with"
	}
	return ""
}

func (y System) exists(path string) bool {
	_, err := fs.Stat(y.Files, path)
	return err == nil
}

// wsl reports whether this is Linux inside of Windows.
func (y System) wsl() bool {
	return y.OS == "linux" && (y.getenv("WSL_DISTRO_NAME") != "" || y.getenv("WSL_INTEROP") != "")
}

// openers are the commands that can open a page, the best first.
func (y System) openers(page string) (all [][]string) {
	for browser := range strings.SplitSeq(y.getenv("BROWSER"), ":") {
		all = append(all, fillIn(browser, "%s", page))
	}
	switch {
	case y.OS == "darwin":
		all = append(all, []string{"open", page})
	case y.OS == "windows":
		all = append(all, []string{"rundll32", "url.dll,FileProtocolHandler", page})
	case y.wsl():
		all = append(all, []string{"wslview", page}, []string{"xdg-open", page})
	default:
		all = append(all, []string{"xdg-open", page})
	}
	return slices.DeleteFunc(all, func(words []string) bool {
		if len(words) == 0 {
			return true
		}
		_, err := y.Find(words[0])
		return err != nil
	})
}

// open opens a page with the program that is configured, else with the first
// opener that starts, and returns its name.
func (y System) open(configured, page string) (string, error) {
	all := [][]string{fillIn(configured, "{url}", page)}
	if len(all[0]) == 0 {
		all = y.openers(page)
	}
	err := errors.New("no program to open a page with was found")
	for _, words := range all {
		if err = y.Start(words); err == nil {
			return words[0], nil
		}
		err = fmt.Errorf("%s: %w", words[0], err)
	}
	return "", err
}

// fillIn splits a command at spaces and puts the page where place stands, else
// at the end. No shell has a part in it.
func fillIn(command, place, page string) []string {
	words := strings.Fields(command)
	if len(words) > 0 && !strings.Contains(command, place) {
		return append(words, page)
	}
	for i := range words {
		words[i] = strings.ReplaceAll(words[i], place, page)
	}
	return words
}

func (y System) getenv(name string) string {
	for i := len(y.Environ) - 1; i >= 0; i-- {
		if k, v, ok := strings.Cut(y.Environ[i], "="); ok && k == name {
			return v
		}
	}
	return ""
}
