package push

import (
	"regexp"
	"testing"
)

func TestOnRemote(t *testing.T) {
	for _, tt := range []struct {
		says, refspec, name, want string
	}{
		{"what git clone writes", "+refs/heads/*:refs/remotes/o/*", "refs/remotes/o/a/b", "refs/heads/a/b"},
		{"one branch", "refs/heads/main:refs/remotes/o/main", "refs/remotes/o/main", "refs/heads/main"},
		{"no other one", "refs/heads/main:refs/remotes/o/main", "refs/remotes/o/main2", ""},
		{"a star in the middle", "refs/pull/*/head:refs/remotes/o/pr-*-x", "refs/remotes/o/pr-7-x", "refs/pull/7/head"},
		{"that stands for something", "refs/heads/*:refs/remotes/o/*", "refs/remotes/o/", ""},
		{"the end and the beginning are not one", "refs/heads/*:refs/remotes/o/ab*bc", "refs/remotes/o/abc", ""},
		{"another remote's", "+refs/heads/*:refs/remotes/o/*", "refs/remotes/other/a", ""},
		{"tags may be from here", "+refs/tags/*:refs/tags/*", "refs/tags/v1", ""},
		{"so may branches of a mirror", "+refs/*:refs/*", "refs/heads/main", ""},
		{"brought, and kept nowhere", "refs/heads/main", "refs/remotes/o/main", ""},
		{"not brought", "^refs/heads/main", "refs/remotes/o/main", ""},
		{"a name that only the remote can complete", "main:refs/remotes/o/main", "refs/remotes/o/main", ""},
		{"one star", "refs/heads/*:refs/remotes/o/main", "refs/remotes/o/main", ""},
		{"nothing", "", "", ""},
	} {
		var specs []refspec
		if s, ok := parseRefspec(tt.refspec); ok {
			specs = []refspec{s}
		}
		if got := onRemote(specs, tt.name); got != tt.want {
			t.Errorf("%s: %q", tt.says, got)
		}
	}
}

// errMatches reports whether an error is the expected one, none for "".
func errMatches(err error, pattern string) bool {
	if err == nil || pattern == "" {
		return err == nil && pattern == ""
	}
	return regexp.MustCompile(pattern).MatchString(err.Error())
}
