package policy

import "strings"

// rule reads who may sign on a ref, or change a path.
func (r *reader) rule(s *section) {
	r.check(s, true)
	t := &rule{word: s.word, name: s.name, line: s.line, pattern: namePattern(s.name)}
	if wrong := checkName(s.word, s.name); s.name != "" && wrong != "" {
		t.pattern = pattern{}
		r.add(s.line, ProblemPattern, "%s: %s", s, wrong)
	}
	for _, e := range s.entries {
		switch e.key {
		case "allow":
			r.list(&t.allow, e)
		case "contribute":
			r.list(&t.contribute, e)
		case "push":
			r.list(&t.push, e)
		case "rewind":
			r.list(&t.rewind, e)
		default:
			if e.value != "1" {
				r.wrong(e, "1; that several must sign is not in this version of paraph")
			}
		}
	}
	if t.allow == nil && !s.damaged {
		r.add(s.line, ProblemMissing, "%s allows nobody; add `allow =` and who may sign there, or `*` for all signers", s)
	}
	if s.word == "path" {
		r.p.paths = append(r.p.paths, t)
	} else {
		r.p.refs = append(r.p.refs, t)
	}
}

// checkName says what is wrong with the name of a section of refs or paths.
func checkName(word, name string) string {
	wrong := checkPattern(name)
	switch {
	case wrong != "":
		return wrong
	case word != "path" && strings.HasPrefix(name, "refs/"):
		return "the name of a " + word + " stands without refs/heads/ and refs/tags/"
	case word != "path" && (strings.ContainsAny(name, " ~^:[") || strings.Contains(name, "..")):
		return "no " + word + " can be called so, see git-check-ref-format(1)"
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." || part == ".." {
			return "it could match nothing: names have no empty parts, no `.` and no `..`; a folder's content is `folder/**`"
		}
	}
	return ""
}

// list adds who an entry names.
func (r *reader) list(l **list, e entry) {
	if *l == nil {
		*l = &list{line: e.line, lines: map[string]int{}}
	}
	if e.value == "*" {
		(*l).all = e.line
		return
	}
	g, ok := r.named(e.value)
	switch {
	case ok:
		if (*l).lines[g.name] == 0 {
			(*l).names = append((*l).names, g.name)
			(*l).lines[g.name] = e.line
		}
	case g != nil:
		r.add(e.line, ProblemNobody, "%s: there is no signer %q; its name is written %q", e.key, cut(e.value), cut(g.name))
	case strings.ContainsAny(e.value, " ,"):
		r.add(e.line, ProblemNobody, "%s: %q is no signer's name; write a line for each name", e.key, cut(e.value))
	default:
		r.add(e.line, ProblemNobody, "%s: there is no signer %q; add [signer %q], or mend the name", e.key, cut(e.value), cut(e.value))
	}
}

// named returns the signer of a name, or of one that differs in case only.
func (r *reader) named(name string) (g *signer, ok bool) {
	g = r.folded[strings.ToLower(name)]
	return g, g != nil && g.name == name
}
