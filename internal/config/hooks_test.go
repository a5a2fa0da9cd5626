package config

import (
	"slices"
	"strings"
	"testing"
)

func TestForHooks(t *testing.T) {
	c, err := ForHooks(Source{Git: git("paraph.hook.policy", "/etc/policy", "paraph.hook.policyRef", "refs/heads/main", "paraph.hook.mode", "audit", "paraph.hook.requirePushCertificate", "yes", "paraph.policy", "no path")})
	if err != nil || c.StandIn.Value != "/etc/policy" || c.PolicyRef != "refs/heads/main" || c.Mode != "audit" || !c.RequireCertificate || !c.Cache {
		t.Errorf("%+v, %v", c, err)
	}
	for name, tt := range map[string]struct{ key, value, want string }{
		"a short name":     {"paraph.hook.policyRef", "main", "is not the full name of a branch"},
		"no branch":        {"paraph.hook.policyRef", "refs/notes/policy", "is not the full name of a branch"},
		"a relative file":  {"paraph.hook.policy", "policy", "is not an absolute path"},
		"a mode":           {"paraph.hook.mode", "off", "is not one of enforce, audit"},
		"neither yes, nor": {"paraph.hook.requirePushCertificate", "maybe", "is not true or false"},
	} {
		if c, err := ForHooks(Source{Git: git(tt.key, tt.value)}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
}

// What whoever pushes may say does not reach a server's settings; where the
// server's own files are, does.
func TestServerEnviron(t *testing.T) {
	keep := []string{"HOME=/srv/git", "GIT_DIR=.", "GIT_CONFIG_GLOBAL=/etc/g", "GIT_CONFIG_SYSTEM=/etc/s", "GIT_CONFIG_NOSYSTEM=1", "GIT_QUARANTINE_PATH=q", "XDG_CACHE_HOME=/c"}
	drop := []string{"PARAPH_HOOK_MODE=audit", "PARAPH_TRUSTED_ROOT=/x", "GIT_CONFIG_PARAMETERS='a.b'='c'", "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=include.path", "GIT_CONFIG_VALUE_0=/x"}
	if got := ServerEnviron(slices.Concat(drop, keep)); !slices.Equal(got, keep) {
		t.Errorf("%q", got)
	}
}
