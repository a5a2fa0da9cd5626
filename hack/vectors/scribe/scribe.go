// Package scribe writes histories: repositories whose commits and tags are
// made object by object, so that a test says who signs what, when, on which
// parents and over which tree. Git is asked for nothing but an empty
// repository. All keys, times and signatures are always the same, and so are
// the ids.
//
//	h := scribe.New()
//	h.Commit("start", scribe.Unsigned, scribe.Put("README", "hello\n"))
//	h.Commit("anchor", alice, scribe.Put(".paraph/policy", text))
//	h.Branch("main", "anchor")
//	err := h.Write(dir)
//
// What goes wrong on the way is kept, and Write returns it.
package scribe

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/paraph/paraph/internal/testpki"
)

// step is the time between one commit and the next.
const step = time.Hour

// A History is a repository in the making. Objects are named by labels.
type History struct {
	// Public is the Sigstore instance whose trusted root the repository is
	// configured with.
	Public *testpki.PKI
	// Instances, where given, are the names of the instances that count, in the
	// place of Public.
	Instances string
	// Pinned is the commit whose policy git's own calls judge by, "" for none.
	Pinned string

	acme    *testpki.PKI
	ids     map[string]string  // of labels
	commits map[string]*commit // by label
	objects map[string]object  // by id
	known   map[object]string  // ids
	refs    map[string]string  // ids by full name
	dropped map[string]bool    // ids that the repository lacks
	config  map[string]string  // beyond the usual
	beside  map[string]string  // files in the repository's folder
	tip     string             // label of the last commit
	clock   time.Time          // of the next commit
	err     error
}

// New starts an empty history.
func New() *History {
	return &History{
		Public: newPKI(), Pinned: "anchor",
		ids: map[string]string{}, commits: map[string]*commit{}, objects: map[string]object{}, known: map[object]string{},
		refs: map[string]string{}, dropped: map[string]bool{}, config: map[string]string{}, beside: map[string]string{},
		clock: testpki.DefaultTime,
	}
}

// newPKI is an instance whose signatures cost little to verify.
func newPKI(options ...testpki.Option) *testpki.PKI {
	return testpki.New(append(options, testpki.CAKeyP256(), testpki.TSAKeyP256())...)
}

// Acme is a private instance.
func (h *History) Acme() *testpki.PKI {
	if h.acme == nil {
		h.acme = newPKI(testpki.Seed("acme"))
	}
	return h.acme
}

// ID is the id of a label.
func (h *History) ID(label string) string {
	if h.ids[label] == "" {
		h.fail(fmt.Errorf("%q is no label of the history", label))
	}
	return h.ids[label]
}

// Labels are all labels and their ids.
func (h *History) Labels() map[string]string { return maps.Clone(h.ids) }

func (h *History) fail(err error) {
	if h.err == nil {
		h.err = err
	}
}

// name gives an object its label.
func (h *History) name(label, id string) {
	if h.ids[label] != "" {
		h.fail(fmt.Errorf("%s: the label is there already", label))
	}
	h.ids[label] = id
}

// Branch makes a branch.
func (h *History) Branch(name, label string) { h.refs["refs/heads/"+name] = h.ID(label) }

// TagRef makes a ref of a tag, which need not be the name that it was made as.
func (h *History) TagRef(name, label string) { h.refs["refs/tags/"+name] = h.ID(label) }

// Replace has git show one object in the place of another.
func (h *History) Replace(label, by string) { h.refs["refs/replace/"+h.ID(label)] = h.ID(by) }

// Graft has git take others for the parents of a commit.
func (h *History) Graft(label string, parents ...string) {
	line := h.ID(label)
	for _, p := range parents {
		line += " " + h.ID(p)
	}
	h.File("info/grafts", line+"\n")
}

// File writes a file into the repository's folder, beside git's own.
func (h *History) File(path, data string) { h.beside[path] = data }

// Config sets a key of the repository's configuration.
func (h *History) Config(key, value string) { h.config[key] = value }

// Drop takes an object out of the repository, though others lead to it.
func (h *History) Drop(id string) { h.dropped[id] = true }

// Shallow cuts the history off below a commit, as a shallow clone does.
func (h *History) Shallow(label string) {
	h.File("shallow", h.ID(label)+"\n")
	for _, p := range h.commits[label].parents {
		h.Drop(h.ID(p))
	}
}

// Tree is the id of a commit's tree.
func (h *History) Tree(label string) string { return h.commits[label].tree }

// Now is the time of the last commit.
func (h *History) Now() time.Time { return h.clock.Add(-step) }

// A Signer signs objects as committer or tagger.
type Signer interface {
	// Person is who commits: a name and an address.
	Person() string
	// Sign returns the armored signature over a payload, nil for none.
	Sign(h *History, payload []byte, at time.Time) ([]byte, error)
}

// A commit is one in the making, and what is known of it later.
type commit struct {
	label     string
	parents   []string
	root      bool
	files     Files
	tree      string
	committer string
	author    string
	at        time.Time
	touched   bool // its files are said
	tampered  bool // its message is not the one that was signed
}

// An Option says something about a commit. Those about files are obeyed in
// the order in which they stand, after those about parents.
type Option struct {
	before func(*commit)
	files  func(Files)
}

// On gives the parents; the last commit is the parent otherwise. The tree of
// a merge is that of the first parent with all that the others changed.
func On(parents ...string) Option {
	return Option{before: func(c *commit) { c.parents, c.root = parents, len(parents) == 0 }}
}

// Committer makes the committer somebody else than the signer, as "Name
// <address>".
func Committer(person string) Option { return Option{before: func(c *commit) { c.committer = person }} }

// Author makes the author somebody else than the committer.
func Author(person string) Option { return Option{before: func(c *commit) { c.author = person }} }

// At sets the time of a commit, and of what follows.
func At(t time.Time) Option { return Option{before: func(c *commit) { c.at = t }} }

// Tampered changes the message after it was signed.
func Tampered() Option { return Option{before: func(c *commit) { c.tampered = true }} }

// RawTree takes a tree that is there already, as it is.
func RawTree(id string) Option { return Option{before: func(c *commit) { c.tree = id }} }

func change(f func(Files)) Option { return Option{files: f} }

// Put sets the contents of a file.
func Put(path, data string) Option { return change(func(f Files) { f[path] = Entry{ModeFile, data} }) }

// Executable sets the contents of a file that may be run.
func Executable(path, data string) Option {
	return change(func(f Files) { f[path] = Entry{ModeExecutable, data} })
}

// Link makes a symbolic link.
func Link(path, target string) Option {
	return change(func(f Files) { f[path] = Entry{ModeLink, target} })
}

// Submodule makes a path the commit with this id of another repository.
func Submodule(path, id string) Option {
	return change(func(f Files) { f[path] = Entry{ModeSubmodule, id} })
}

// Delete takes a file away, or all of a folder.
func Delete(path string) Option { return change(func(f Files) { f.remove(path) }) }

// Move gives a file another place.
func Move(from, to string) Option {
	return change(func(f Files) { f[to] = f[from]; f.remove(from) })
}

// Exactly makes the files those of another commit.
func (h *History) Exactly(label string) Option {
	return change(func(f Files) { clear(f); maps.Copy(f, h.commits[label].files) })
}

// Commit makes a commit on top of the last one. Without a word about files it
// adds one of its own, and a merge none.
func (h *History) Commit(label string, by Signer, options ...Option) {
	c := &commit{label: label, at: h.clock, committer: by.Person(), root: h.tip == ""}
	if !c.root {
		c.parents = []string{h.tip}
	}
	for _, o := range options {
		if o.before != nil {
			o.before(c)
		}
	}
	c.files = h.merged(c.parents)
	for _, o := range options {
		if o.files != nil {
			o.files(c.files)
			c.touched = true
		}
	}
	if !c.touched && len(c.parents) < 2 {
		c.files["work/"+label] = Entry{ModeFile, label + "\n"}
	}
	if c.tree == "" {
		c.tree = h.write(c.files)
	}
	h.finish(c, by)
}

// finish signs a commit and stores it.
func (h *History) finish(c *commit, by Signer) {
	if c.author == "" {
		c.author = c.committer
	}
	var b strings.Builder
	fmt.Fprintf(&b, "tree %s\n", c.tree)
	for _, p := range c.parents {
		fmt.Fprintf(&b, "parent %s\n", h.ID(p))
	}
	when := fmt.Sprintf("%d +0000", c.at.Unix())
	fmt.Fprintf(&b, "author %s %s\ncommitter %s %s\n\n%s\n", c.author, when, c.committer, when, c.label)
	raw := b.String()
	signature, err := by.Sign(h, []byte(raw), c.at)
	if err != nil {
		h.fail(fmt.Errorf("%s: %w", c.label, err))
	}
	if c.tampered {
		raw += "\nand more\n"
	}
	if signature != nil {
		head, message, _ := strings.Cut(raw, "\n\n")
		lines := strings.ReplaceAll(strings.TrimSuffix(string(signature), "\n"), "\n", "\n ")
		raw = head + "\ngpgsig " + lines + "\n\n" + message
	}
	h.commits[c.label], h.tip, h.clock = c, c.label, c.at.Add(step)
	h.name(c.label, h.add("commit", raw))
}

// Tag makes a tag object under refs/tags, of a commit or of another tag. Its
// label is "tag" and its name.
func (h *History) Tag(name, target string, by Signer) {
	h.TagObject("tag "+name, name, target, by)
	h.TagRef(name, "tag "+name)
}

// TagObject makes a tag object without a ref.
func (h *History) TagObject(label, name, target string, by Signer) {
	id := h.ID(target)
	raw := fmt.Sprintf("object %s\ntype %s\ntag %s\ntagger %s %d +0000\n\n%s\n", id, h.objects[id].kind, name, by.Person(), h.clock.Unix(), name)
	signature, err := by.Sign(h, []byte(raw), h.clock)
	if err != nil {
		h.fail(fmt.Errorf("%s: %w", name, err))
	}
	h.clock = h.clock.Add(step)
	h.name(label, h.add("tag", raw+string(signature)))
}
