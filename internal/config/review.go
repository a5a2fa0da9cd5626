package config

import (
	"fmt"
	"slices"
	"strings"
)

// A Finding is something about the settings that their user may not know.
type Finding struct {
	Detail, Next string
	// Fatal says that signing or verification stops at it.
	Fatal bool
}

// Review looks at all settings that are given, not only at those that a
// command needs: values that cannot be used, names that nothing has, and
// settings that something else takes the effect from.
func Review(src Source) []Finding {
	out := unknown(src)
	for _, k := range keys {
		s := lookup(src, k, k.use)
		if k.envOnly {
			if g := lookupGit(src.Git, "paraph."+k.name); g.Set() {
				out = append(out, Finding{g.Source + " does not count, and is no place for a secret", "remove it, and set " + EnvName(k.name), false})
			}
		} else if g := lookupGit(src.Git, "paraph."+k.name); s.Level == FromEnvironment && g.Set() && g.Value != s.Value {
			out = append(out, Finding{fmt.Sprintf("%s does not count: %s is set", g.Source, s.Source), "unset one of them", false})
		}
		if !s.Set() {
			continue
		}
		if err := k.check(&s, src.Env); err != nil {
			out = append(out, Finding{err.Error(), "", k.use&forBoth != 0})
		}
	}
	if !slices.ContainsFunc(out, func(f Finding) bool { return f.Fatal }) {
		out = append(out, contradictions(src)...)
	}
	return out
}

// contradictions are settings that can each be used, but not with each other.
func contradictions(src Source) (out []Finding) {
	if _, err := ForVerification(src); err != nil {
		out = append(out, Finding{err.Error(), "", true})
	}
	s, err := resolve(src, forSign)
	if err != nil {
		return append(out, Finding{err.Error(), "", true})
	}
	root, source := s["trustedRoot"], s["tokenSource"]
	if i := s["instance"]; root.Set() && i.Set() {
		out = append(out, Finding{fmt.Sprintf("%s does not count: %s stands in for every instance", i.Source, root.Source), "unset one of them", false})
	}
	if source.Value == "file" && !s["tokenFile"].Set() {
		out = append(out, Finding{source.Source + " is file, and no file is named", "set paraph.tokenFile", true})
	}
	for _, other := range []struct{ key, value string }{{"tokenFile", "file"}, {"idToken", "env"}} {
		if t := s[other.key]; t.Set() && source.Set() && source.Value != "auto" && source.Value != other.value {
			out = append(out, Finding{fmt.Sprintf("%s does not count: %s is %s", t.Source, source.Source, source.Value), "unset one of them", false})
		}
	}
	return out
}

// unknown finds names that no key has, in git's configuration and in the
// environment, and the key that each may be meant for.
func unknown(src Source) (out []Finding) {
	told := map[string]bool{}
	say := func(name, where string, nameOf func(key string) string) {
		if told[name+where] {
			return
		}
		told[name+where] = true
		next := "remove it; docs/configuration.md lists those that there are"
		if meant := nearest(name, nameOf); meant != "" {
			next = "did you mean " + meant + "?"
		}
		out = append(out, Finding{name + where + " is unknown, and has no effect", next, false})
	}
	gitName := func(key string) string { return "paraph." + key }
	for _, e := range src.Git {
		if strings.HasPrefix(e.Key, "paraph.") && !known(e.Key, gitName) {
			say(e.Key, " in "+strings.TrimPrefix(e.Origin, "file:"), gitName)
		}
	}
	for _, e := range src.Env {
		name, value, _ := strings.Cut(e, "=")
		if strings.HasPrefix(name, "PARAPH_") && value != "" && !known(name, EnvName) {
			say(name, "", EnvName)
		}
	}
	return out
}

func known(name string, nameOf func(key string) string) bool {
	return slices.ContainsFunc(keys, func(k key) bool { return strings.EqualFold(nameOf(k.name), name) })
}

// maxSlips is how many letters may be wrong in a name that is still recognised,
// maxName how many bytes of it are looked at.
const (
	maxSlips = 3
	maxName  = 64
)

// nearest is the name of the key that the fewest slips lead to, "" if it takes
// too many.
func nearest(name string, nameOf func(key string) string) (best string) {
	if len(name) > maxName {
		return ""
	}
	fewest := maxSlips + 1
	for _, k := range keys {
		candidate := nameOf(k.name)
		if n := slips(strings.ToLower(name), strings.ToLower(candidate)); n < fewest {
			best, fewest = candidate, n
		}
	}
	return best
}

// slips is Levenshtein's distance: how many bytes are to be put in, taken away
// or replaced to get from a to b.
func slips(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
