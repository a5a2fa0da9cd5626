package policy

import (
	"errors"
	"slices"
	"strings"

	"github.com/paraph/paraph/internal/verdict"
)

// Parse reads a policy. files returns the key files that it names, by the path
// that stands there. The error is an [*Error] for what is wrong with the
// policy, all of it; a failure of files of class Infrastructure comes back as
// it is: nobody knows what is in the policy then.
func Parse(data []byte, source Source, files func(path string) ([]byte, error)) (*Policy, error) {
	r := &reader{p: &Policy{Source: source, endings: endings{}}, files: files, folded: map[string]*signer{}}
	r.scan(data)
	r.read()
	if r.failed != nil {
		return nil, r.failed
	}
	if len(r.problems) > 0 {
		slices.SortStableFunc(r.problems[:min(len(r.problems), maxProblems)], func(a, b Problem) int { return a.Line - b.Line })
		return nil, &Error{Source: source, Problems: r.problems}
	}
	r.p.index = newIndex(r.p.signers)
	return r.p, nil
}

// A reader makes a policy of the sections of a file.
type reader struct {
	scanner
	p        *Policy
	files    func(string) ([]byte, error)
	keyFiles int
	failed   *verdict.Error
	folded   map[string]*signer // by names in small letters
	version  bool
}

// read reads all sections: those first that others name.
func (r *reader) read() {
	clean := len(r.problems) == 0 // else what is missing may be what could not be read
	r.each("instance", r.instance)
	r.each("signer", r.signer)
	for i := range r.sections {
		switch s := &r.sections[i]; s.word {
		case "", "instance", "signer":
		case "policy":
			r.policy(s)
		case "history":
			r.history(s)
		case "revoked":
			r.revoked(s)
		case "branch", "tag", "path":
			r.rule(s)
		case "include", "includeif":
			r.add(s.line, ProblemSection, "a policy includes nothing; move what %s would bring in here", s)
		default:
			r.add(s.line, ProblemSection, "%s is unknown; the sections are policy, instance, signer, revoked, branch, tag, path, history", s)
		}
	}
	if clean && !r.version {
		r.add(0, ProblemMissing, "the version is missing; begin with [policy] and `version = 1`")
	}
	if clean && !slices.ContainsFunc(r.p.paths, func(t *rule) bool { return t.pattern.covers(".paraph/") }) {
		r.add(0, ProblemOpen, "nothing protects the policy itself; add [path \".paraph/**\"] with `allow =` and who may change it")
	}
}

func (r *reader) each(word string, read func(*section)) {
	for i := range r.sections {
		if s := &r.sections[i]; s.word == word {
			read(s)
		}
	}
}

// maxKeys is how many different keys a section has at most.
const maxKeys = 13

// keysOf returns the keys that a section may have; a `+` marks those that may
// stand several times.
func keysOf(word string) []string {
	switch word {
	case "policy":
		return []string{"version", "mode"}
	case "instance":
		return []string{"ca+"}
	case "signer":
		return []string{
			"identity+", "identityPattern+", "issuer", "instance", "claim+", "email+", "notBefore", "notAfter",
			"mergesOnly", "openpgp+", "ssh+", "smime+", "smimeCA+",
		}
	case "revoked":
		return []string{"since"}
	case "branch":
		return []string{"allow+", "contribute+", "push+", "rewind+", "threshold"}
	case "tag":
		return []string{"allow+", "push+", "rewind+", "threshold"}
	case "path":
		return []string{"allow+", "contribute+", "threshold"}
	}
	return []string{"trustUpTo+", "trustTag+"}
}

// check holds a section against its form, and gives its keys the spelling that
// keysOf has. Entries that have no place there are taken out.
func (r *reader) check(s *section, named bool) {
	switch {
	case named && s.name == "":
		r.add(s.line, ProblemName, "%s needs a name: [%s \"name\"]", s, s.word)
	case !named && s.named:
		r.add(s.line, ProblemName, "%s has a name and needs none: [%s]", s, s.word)
	}
	known := keysOf(s.word)
	var first [maxKeys]int // lines
	kept, all := s.entries[:0], len(s.entries)
	for _, e := range s.entries {
		k := slices.IndexFunc(known, func(k string) bool { return strings.EqualFold(strings.TrimSuffix(k, "+"), e.key) })
		if k < 0 {
			r.add(e.line, ProblemKey, "%s has no key %s; its keys are %s", s, cut(e.key), strings.ReplaceAll(strings.Join(known, ", "), "+", ""))
			continue
		}
		var several bool
		e.key, several = strings.CutSuffix(known[k], "+")
		if first[k] != 0 && !several {
			r.add(e.line, ProblemTwice, "%s stands in line %d already; remove one of them", e.key, first[k])
			continue
		}
		first[k] = e.line
		kept = append(kept, e)
	}
	s.entries = kept
	s.damaged = s.damaged || len(kept) < all
}

func (r *reader) policy(s *section) {
	r.check(s, false)
	for _, e := range s.entries {
		switch {
		case e.key == "version":
			r.version = true
			if e.value != "1" {
				r.add(e.line, ProblemValue, "version %q is not known to this paraph; it reads 1", cut(e.value))
			}
		case e.value == "audit":
			r.p.Mode = Audit
		case e.value != "enforce":
			r.wrong(e, "enforce or audit")
		}
	}
}

func (r *reader) history(s *section) {
	r.check(s, false)
	for _, e := range s.entries {
		if len(e.value) != 40 && len(e.value) != 64 || strings.Trim(e.value, "0123456789abcdef") != "" {
			r.wrong(e, "the full id of an object, 40 or 64 digits in small letters")
		} else if e.key == "trustUpTo" {
			r.p.TrustUpTo = append(r.p.TrustUpTo, e.value)
		} else {
			r.p.TrustTags = append(r.p.TrustTags, e.value)
		}
	}
}

func (r *reader) instance(s *section) {
	r.check(s, true)
	if s.name == publicInstance || s.name == "smime" {
		r.add(s.line, ProblemName, "%s: this name has its meaning already; call a private instance by another one", s)
	}
	i := &instance{name: s.name, line: s.line}
	for _, e := range s.entries {
		if d, ok := parseDigest(e.value); ok {
			i.cas = append(i.cas, d)
		} else {
			r.wrong(e, "sha256: and 64 hexadecimal digits, the digest of the CA's certificate")
		}
	}
	r.p.instances = append(r.p.instances, i)
}

// revoked reads who ended, and when.
func (r *reader) revoked(s *section) {
	r.check(s, true)
	if _, ok := r.named(s.name); !ok {
		r.add(s.line, ProblemNobody, "%s: there is no [signer %q]; it needs to stay, so that its name keeps its meaning", s, cut(s.name))
	}
	for _, e := range s.entries {
		was := r.p.endings[s.name]
		was.since = end{r.time(e), r.p.Source, e.line}
		r.p.endings[s.name] = was
	}
}

func (r *reader) wrong(e entry, want string) {
	r.add(e.line, ProblemValue, "%s: %q is not %s", e.key, cut(e.value), want)
}

// file reads a key file, nil if it cannot.
func (r *reader) file(e entry) []byte {
	if wrong := checkKeyFile(e.value, r.p.Blob != ""); wrong != "" {
		r.add(e.line, ProblemKeyFile, "%s: %q %s", e.key, cut(e.value), wrong)
		return nil
	}
	if r.keyFiles++; r.keyFiles > maxKeyFiles {
		r.add(e.line, ProblemKeyFile, "%s: there are more than %d key files; put several keys into one", e.key, maxKeyFiles)
		return nil
	}
	data, err := []byte(nil), errors.New("files are not read here")
	if r.files != nil {
		data, err = r.files(e.value)
	}
	var broken *verdict.Error
	switch {
	case errors.As(err, &broken) && broken.Class == verdict.Infrastructure:
		r.failed = broken
	case err != nil:
		r.add(e.line, ProblemKeyFile, "%s: the key file %q cannot be read: %v", e.key, cut(e.value), err)
	case len(data) == 0 || len(data) > MaxKeyFile:
		r.add(e.line, ProblemKeyFile, "%s: the key file %q has %d bytes; 1 to %d are read", e.key, cut(e.value), len(data), MaxKeyFile)
	default:
		return data
	}
	return nil
}
