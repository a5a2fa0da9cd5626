package login

import (
	"errors"
	"testing"
	"testing/fstest"
)

// The program that would open a page, or why none would: nothing is started.
func TestDescribe(t *testing.T) {
	for name, tt := range map[string]struct {
		environ             []string
		configured, has     string
		wantProgram, wantNo string
	}{
		"a display":        {[]string{"DISPLAY=:0"}, "", "xdg-open", "xdg-open", ""},
		"no display":       {nil, "", "xdg-open", "", "there is no display"},
		"no program":       {[]string{"DISPLAY=:0"}, "", "", "", "there is no program to open a page with"},
		"$BROWSER":         {[]string{"DISPLAY=:0", "BROWSER=lynx %s"}, "", "lynx", "lynx", ""},
		"configured":       {nil, "firefox --private-window {url}", "firefox", "firefox", ""},
		"configured, none": {nil, "firefox", "", "", "no firefox"},
	} {
		y := System{OS: "linux", Environ: tt.environ, Files: fstest.MapFS{}, Find: func(program string) (string, error) {
			if program != tt.has {
				return "", errors.New("no " + program)
			}
			return "/bin/" + program, nil
		}}
		if program, why := y.Describe(tt.configured); program != tt.wantProgram || why != tt.wantNo {
			t.Errorf("%s: %q, %q", name, program, why)
		}
	}
}
