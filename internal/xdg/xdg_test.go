package xdg

import "testing"

func TestDirs(t *testing.T) {
	for _, tt := range []struct {
		env                  []string
		config, cache, state string
	}{
		{[]string{"HOME=/h"}, "/h/.config/paraph", "/h/.cache/paraph", "/h/.local/state/paraph"},
		{[]string{"HOME=/h", "XDG_CACHE_HOME=/c"}, "/h/.config/paraph", "/c/paraph", "/h/.local/state/paraph"},
		{[]string{"HOME=/h", "XDG_CONFIG_HOME=here", "XDG_STATE_HOME="}, "/h/.config/paraph", "/h/.cache/paraph", "/h/.local/state/paraph"},
		{[]string{"XDG_STATE_HOME=/1", "XDG_STATE_HOME=/2"}, "", "", "/2/paraph"},
		{[]string{"HOME=.", "XHOME=/x"}, "", "", ""},
		{nil, "", "", ""},
	} {
		if c, h, s := Config(tt.env), Cache(tt.env), State(tt.env); c != tt.config || h != tt.cache || s != tt.state {
			t.Errorf("%q: %q, %q, %q", tt.env, c, h, s)
		}
	}
}
