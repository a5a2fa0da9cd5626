package login

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/paraph/paraph/internal/testpki"
)

func TestNoBrowser(t *testing.T) {
	for name, tt := range map[string]struct {
		os, environ, file, configured string

		want string // "" opens one
	}{
		"Linux with a display":         {os: "linux", environ: "DISPLAY=:0"},
		"Linux with Wayland":           {os: "linux", environ: "WAYLAND_DISPLAY=wayland-0"},
		"Linux without":                {os: "linux", want: "no display"},
		"display that is empty":        {os: "linux", environ: "DISPLAY=", want: "no display"},
		"SSH":                          {os: "linux", environ: "SSH_CONNECTION=x", want: "SSH"},
		"SSH, a terminal":              {os: "freebsd", environ: "SSH_TTY=/dev/pts/1", want: "SSH"},
		"SSH with a display":           {os: "linux", environ: "SSH_CONNECTION=x DISPLAY=localhost:10"},
		"SSH to a Mac":                 {os: "darwin", environ: "SSH_CONNECTION=x", want: "SSH"},
		"SSH to Windows":               {os: "windows", environ: "SSH_CONNECTION=x", want: "SSH"},
		"Mac":                          {os: "darwin"},
		"Windows":                      {os: "windows"},
		"WSL":                          {os: "linux", environ: "WSL_DISTRO_NAME=Debian"},
		"WSL by SSH":                   {os: "linux", environ: "WSL_DISTRO_NAME=Debian SSH_TTY=x", want: "SSH"},
		"codespace":                    {os: "linux", environ: "CODESPACES=true DISPLAY=:0", want: "codespace"},
		"Docker":                       {os: "linux", environ: "DISPLAY=:0", file: ".dockerenv", want: "container"},
		"Podman":                       {os: "linux", file: "run/.containerenv", want: "container"},
		"container, but a browser set": {os: "linux", file: ".dockerenv", configured: "open-there {url}"},
		"no program":                   {os: "linux", environ: "DISPLAY=:0 NOTHING=1", want: "no program"},
	} {
		t.Run(name, func(t *testing.T) {
			files := fstest.MapFS{}
			if tt.file != "" {
				files[tt.file] = &fstest.MapFile{}
			}
			y := System{OS: tt.os, Environ: strings.Fields(tt.environ), Files: files, Find: func(name string) (string, error) {
				if strings.Contains(tt.environ, "NOTHING=1") {
					return "", errors.New("not found")
				}
				return name, nil
			}}
			if got := y.noBrowser(tt.configured); (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("%q, want ...%s...", got, tt.want)
			}
		})
	}
}

func TestOpen(t *testing.T) {
	const page = "https://issuer.example/authorize?a=b&c=$(id)"
	for name, tt := range map[string]struct {
		os, configured, environ string
		has                     string // the programs that are there
		want                    []string
	}{
		"configured":                  {"linux", "firefox --new-tab {url} -x", "BROWSER=links", "", []string{"firefox", "--new-tab", page, "-x"}},
		"configured, inside a word":   {"linux", "xdg --url={url}", "", "", []string{"xdg", "--url=" + page}},
		"configured, no place":        {"linux", "firefox", "", "", []string{"firefox", page}},
		"no shell":                    {"linux", "sh -c; $HOME {url}", "", "", []string{"sh", "-c;", "$HOME", page}},
		"$BROWSER":                    {"linux", "", "BROWSER=absent:links", "links xdg-open", []string{"links", page}},
		"$BROWSER with its own place": {"darwin", "", "BROWSER=links -x %s -y", "links open", []string{"links", "-x", page, "-y"}},
		"$BROWSER is not there":       {"linux", "", "BROWSER=absent", "xdg-open", []string{"xdg-open", page}},
		"Linux":                       {"linux", "", "", "xdg-open wslview", []string{"xdg-open", page}},
		"WSL":                         {"linux", "", "WSL_INTEROP=/run/x", "xdg-open wslview", []string{"wslview", page}},
		"WSL without wslu":            {"linux", "", "WSL_INTEROP=/run/x", "xdg-open", []string{"xdg-open", page}},
		"Mac":                         {"darwin", "", "", "open", []string{"open", page}},
		"Windows":                     {"windows", "", "", "rundll32", []string{"rundll32", "url.dll,FileProtocolHandler", page}},
		"nothing":                     {"linux", "", "", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			var started []string
			y := System{
				OS: tt.os, Environ: []string{tt.environ},
				Find: func(name string) (string, error) {
					if !slices.Contains(strings.Fields(tt.has), name) {
						return "", errors.New("not found")
					}
					return name, nil
				},
				Start: func(words []string) error {
					started = words
					return nil
				},
			}
			opener, err := y.open(tt.configured, page)
			if !slices.Equal(started, tt.want) || (err == nil) != (tt.want != nil) || tt.want != nil && opener != tt.want[0] {
				t.Errorf("%s started %q, %v, want %q", opener, started, err, tt.want)
			}
		})
	}
}

// This machine: what is not there is not started, and its root folder is read.
func TestThisSystem(t *testing.T) {
	y := ThisSystem(nil)
	if err := y.Start([]string{"/nowhere/browser", "x"}); err == nil {
		t.Error("what is not there was started")
	}
	if y.exists("nowhere/browser") || !y.exists(".") {
		t.Error("it does not know what exists")
	}
}

// Left to itself, the login takes the best way that there is.
func TestAuto(t *testing.T) {
	for name, tt := range map[string]struct {
		environ, browser string
		metadata         map[string]any
		want             string // on the terminal
	}{
		"browser":         {"DISPLAY=:0", "", nil, "log in in the browser (xdg-open)"},
		"set browser":     {"", "firefox", nil, "log in in the browser (firefox)"},
		"device":          {"", "", nil, "there is no display\nparaph: to sign, open this page on any device"},
		"no device grant": {"", "", map[string]any{"device_authorization_endpoint": nil}, "and paste here the code that it shows"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.config.Way, f.config.Browser, f.world.System.Environ = Auto, tt.browser, []string{tt.environ}
			f.servers.Issuer.Set(testpki.LogIn(testpki.Login{Metadata: tt.metadata}))
			f.terminal.Reader = typed(func() string { return f.get(f.shown()) + "\n" })
			f.succeed()
			if !strings.Contains(f.terminal.String(), tt.want) {
				t.Errorf("the terminal has no %q: %s", tt.want, f.terminal)
			}
		})
	}
	f := newFixture(t)
	f.config.Way = ""
	f.fail(`"" is no way to log in`)
}
