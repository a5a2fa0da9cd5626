package policy

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/paraph/paraph/internal/verify"
)

// A Seen is somebody who signed in a history. It is one of three: a Signer, an
// SSH key, a file of OpenPGP keys.
type Seen struct {
	Signer  *verify.Signer
	SSH     []byte // a public key in the encoding of RFC 4253, 6.6
	OpenPGP string // the path of a key file as a policy names it
	// How often, and when last.
	Commits, Tags int
	Last          time.Time
}

// maxProposed bounds the signers of a proposal; those who signed most count.
const maxProposed = 200

// Propose writes a first policy for a history: everybody who signed in it may
// sign as before, and who signed most may change the policy. Branches are
// those to protect, main if there are none. Parse accepts it, given the key
// files; people are to read it first, and it says so.
func Propose(seen []Seen, branches ...string) []byte {
	var w writer
	w.comment("Proposed from the history's signatures. Read every line: whoever")
	w.comment("signed is proposed, whether they were meant to or not.")
	w.section("policy", "")
	w.set("version", "1")
	seen = slices.Clone(seen)
	slices.SortStableFunc(seen, func(a, b Seen) int { return cmp.Compare(b.Commits+b.Tags, a.Commits+a.Tags) })
	if len(seen) > maxProposed {
		w.comment("%d others signed, less often", len(seen)-maxProposed)
		seen = seen[:maxProposed]
	}
	instances := w.instances(seen)
	var committers, taggers []string
	for i := range seen {
		name, ok := w.seen(&seen[i], instances)
		if !ok {
			continue
		}
		if seen[i].Commits > 0 || seen[i].Tags == 0 {
			committers = append(committers, name)
		}
		if seen[i].Tags > 0 {
			taggers = append(taggers, name)
		}
	}
	if len(branches) == 0 {
		branches = []string{"main"}
	}
	for _, b := range branches {
		if writable(b) && !strings.ContainsAny(b, "*?") && checkName("branch", b) == "" {
			w.allow("branch", b, committers)
			w.set("contribute", "*")
		}
	}
	if len(taggers) > 0 {
		w.allow("tag", "**", taggers)
	}
	w.allow("path", ".paraph/**", committers[:min(1, len(committers))])
	return []byte(w.String())
}

// allow writes a section that lists names. Without any it is for whoever will
// be a signer of the file.
func (w *writer) allow(word, name string, who []string) {
	w.section(word, name)
	if len(who) == 0 {
		who = []string{"*"}
	}
	for _, name := range who {
		w.set("allow", name)
	}
}

// instances writes the private ones by their root certificates, and returns
// their names by these.
func (w *writer) instances(seen []Seen) map[string]string {
	names := map[string]string{}
	for _, s := range seen {
		if s.private() && len(s.Signer.CAs) > 0 && names[s.root()] == "" {
			name := s.Signer.Instance
			for n := 2; !isName(name) || name == publicInstance || slices.Contains(mapValues(names), name); n++ {
				name = fmt.Sprintf("private-%d", n)
			}
			names[s.root()] = name
			w.section("instance", name)
			w.set("ca", s.root())
		}
	}
	return names
}

func mapValues(m map[string]string) (values []string) {
	for _, v := range m {
		values = append(values, v)
	}
	return values
}

func (s *Seen) private() bool {
	return s.Signer != nil && s.Signer.Instance != publicInstance && s.Signer.Instance != verify.InstanceSMIME
}

func (s *Seen) root() string {
	return fmt.Sprintf("sha256:%x", s.Signer.CAs[len(s.Signer.CAs)-1])
}

// seen writes one signer. One that cannot be written is said to be left out.
func (w *writer) seen(s *Seen, instances map[string]string) (name string, ok bool) {
	often := fmt.Sprintf("%d commits, %d tags", s.Commits, s.Tags)
	if !s.Last.IsZero() {
		often += ", last on " + s.Last.UTC().Format(time.DateOnly)
	}
	by := s.Signer
	switch key := base64.StdEncoding.EncodeToString(s.SSH); {
	case by == nil && len(s.SSH) > 0:
		line := sshType(s.SSH) + " " + key
		if _, wrong := parseSSH(line); wrong != "" {
			break
		}
		return w.one("ssh", often, "ssh", line), true
	case by == nil && writable(s.OpenPGP):
		base, _, _ := strings.Cut(path.Base(s.OpenPGP), ".")
		return w.one(base, often, "openpgp", s.OpenPGP), true
	case by == nil || !writable(by.Name) || s.private() && len(by.CAs) == 0:
	case by.Instance == verify.InstanceSMIME:
		ca := by.Claims[verify.ClaimSMIMECA]
		if _, valid := parseDigest(ca); valid {
			return w.one(shortName(by.Name), often, "smime", by.Name, "smimeCA", ca), true
		}
	case writable(by.Issuer):
		set := []string{"identity", by.Name, "issuer", by.Issuer}
		if s.private() {
			set = append(set, "instance", instances[s.root()])
		}
		if id := by.Claims["sourceRepositoryID"]; writable(id) {
			set = append(set, "claim", "sourceRepositoryID="+id)
		}
		return w.one(shortName(by.Name), often, set...), true
	}
	w.comment("somebody is left out whose name or key cannot stand in a policy: %s", often)
	if by != nil {
		w.comment("%+q by %+q", cut(by.Name), cut(by.Issuer))
	}
	return "", false
}

// one writes a signer with keys and values in turn, and returns its name.
func (w *writer) one(from, comment string, set ...string) string {
	name := w.name(from)
	w.section("signer", name)
	w.comment("%s", comment)
	for i := 0; i+1 < len(set); i += 2 {
		w.set(set[i], set[i+1])
	}
	return name
}

// shortName is what people would call an identity: the part of an address
// before the @, or of a workflow's its repository and file.
func shortName(identity string) string {
	before, _, _ := strings.Cut(identity, "@")
	if rest, ok := strings.CutPrefix(before, "https://"); ok {
		parts := strings.Split(rest, "/")
		file := strings.TrimSuffix(strings.TrimSuffix(parts[len(parts)-1], ".yml"), ".yaml")
		if len(parts) > 2 {
			return parts[2] + "-" + file
		}
		return file
	}
	return before
}

// sshType is the first field of a public key, "" if there is none.
func sshType(key []byte) string {
	w := wire{key, true}
	return string(w.string())
}
