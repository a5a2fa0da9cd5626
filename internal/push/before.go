package push

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/history"
	"github.com/paraph/paraph/internal/policy"
	"github.com/paraph/paraph/internal/proof"
)

// A Before is where refs stood before a push.
type Before struct {
	Tips map[string]string // object ids, by full name
	// Symbolic are refs that are other names of one: a push that moves them
	// moves that.
	Symbolic map[string]string
	Head     string // what HEAD stands for, "" for nothing of a name
}

// Standing is where the refs of a repository stand now.
func Standing(ctx context.Context, repo *gitcmd.Repo) (*Before, error) {
	refs, err := repo.StandingRefs(ctx)
	if err != nil {
		return nil, err
	}
	b := &Before{Tips: make(map[string]string, len(refs)), Symbolic: map[string]string{}}
	for _, ref := range refs {
		b.Tips[ref.Name] = ref.ID
		if ref.Symbolic != "" {
			b.Symbolic[ref.Name] = ref.Symbolic
		}
	}
	b.Head, err = repo.Head(ctx)
	return b, err
}

// dangling finds which of the refs that are not there are names of others that are
// not there either: git lists none of these, and makes the other one when
// such a name is pushed to.
func (b *Before) dangling(ctx context.Context, repo *gitcmd.Repo, updates []Update) error {
	var refs []string
	for _, u := range updates {
		if b.Tips[u.Ref] == "" {
			refs = append(refs, u.Ref)
		}
	}
	if b.Tips[proof.Ref] == "" {
		refs = append(refs, proof.Ref) // may be another name of a ref that passes unjudged
	}
	for range maxSymbolic + 1 {
		found, err := repo.SymbolicRefs(ctx, refs)
		if err != nil {
			return err
		}
		refs = nil
		for name, target := range found {
			b.Symbolic[name] = target
			if b.Tips[target] == "" {
				refs = append(refs, target)
			}
		}
		if len(refs) == 0 {
			return nil
		}
	}
	return fmt.Errorf("%s stands for one ref after the other", refs[0])
}

// maxSymbolic bounds how many names may stand for one another, as git does
// (refs.c, SYMREF_MAXDEPTH).
const maxSymbolic = 5

// target is the ref that a push to a name moves.
func (b *Before) target(name string) (string, error) {
	ref := name
	for range maxSymbolic + 1 {
		next := b.Symbolic[ref]
		if next == "" {
			return ref, nil
		}
		ref = next
	}
	return "", fmt.Errorf("%s stands for one ref after the other", name)
}

// names are all names under which a ref is known, whichever a push is to.
func (b *Before) names(ref string) ([]string, error) {
	target, err := b.target(ref)
	if err != nil {
		return nil, err
	}
	names := []string{target}
	for name := range b.Symbolic {
		if t, err := b.target(name); err == nil && t == target {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// A knower finds what refs know that a push creates.
type knower struct {
	before *Before
	policy *policy.Policy
	known  map[string]*history.Known // by sections
}

// newRef is what a new ref knows: what stands on refs of which at least the same
// sections speak. Only branches and tags count, which were judged when they
// came, and not what others write beside them.
func (k *knower) newRef(ref string) *history.Known {
	sections := ""
	if strings.HasPrefix(ref, heads) {
		sections = k.policy.SectionsOf(ref)
	}
	// The commits that a tag leads to are judged as on a ref without a section,
	// as are those of every ref that is no branch.
	if known := k.known[sections]; known != nil {
		return known
	}
	known := &history.Known{}
	for name, id := range k.before.Tips {
		if (strings.HasPrefix(name, heads) || strings.HasPrefix(name, tags)) && contains(k.policy.SectionsOf(name), sections) {
			known.Tips = append(known.Tips, id)
		}
	}
	slices.Sort(known.Tips)
	known.Tips = slices.Compact(known.Tips)
	k.known[sections] = known
	return known
}

// contains reports whether all words of one list are in another.
func contains(list, words string) bool {
	all := strings.Fields(list)
	for word := range strings.FieldsSeq(words) {
		if !slices.Contains(all, word) {
			return false
		}
	}
	return true
}

const heads, tags = "refs/heads/", "refs/tags/"

// Undo puts the refs of a push that was made back to where they stood.
func (b *Before) Undo(updates []Update) {
	for _, u := range updates {
		names, err := b.names(u.Ref)
		if err != nil {
			names = []string{u.Ref}
		}
		for _, name := range names {
			if delete(b.Tips, name); u.Old != "" {
				b.Tips[name] = u.Old
			}
		}
	}
}
