package push

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/history"
	"github.com/paraph/paraph/internal/policy"
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

// maxSymbolic bounds how many names may stand for one another, as git does
// (refs.c, SYMREF_MAXDEPTH).
const maxSymbolic = 5

// names are the names under which a ref is known, itself the first and the one
// that a push moves the last.
func (b *Before) names(ref string) ([]string, error) {
	names := []string{ref}
	for b.Symbolic[ref] != "" {
		if ref = b.Symbolic[ref]; len(names) > maxSymbolic || slices.Contains(names, ref) {
			return nil, fmt.Errorf("%s stands for one ref after the other", names[0])
		}
		names = append(names, ref)
	}
	return names, nil
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
