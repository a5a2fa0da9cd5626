// Package history reads signed objects out of a repository and verifies them.
package history

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/payload"
	"github.com/paraph/paraph/internal/proof"
	"github.com/paraph/paraph/internal/report"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// maxTags bounds how many tags may lead from one to the next.
const maxTags = 16

// Verify verifies the object that a revision names, and if it is a tag, what
// it leads to as well: tags of tags one by one, and the commit at the end. A
// target that is not in the repository ends the way; it is no failure.
//
// An error says that the object itself could not be read.
func Verify(ctx context.Context, repo *gitcmd.Repo, rev string, t verify.Trust) ([]report.Object, error) {
	found, err := repo.Resolve(ctx, rev)
	if err != nil {
		return nil, err
	}
	var out []report.Object
	id, ref, said := found.ID, found.Ref, ""
	for len(out) <= maxTags {
		raws, err := repo.Objects(ctx, id)
		if len(out) > 0 && errors.Is(err, gitcmd.ErrMissing) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		raw := raws[0]
		if len(out) > 0 && raw.Type != said {
			last := out[len(out)-1].Result
			last.Reject(verdict.Errorf(verdict.Binding, "tag-target-type", "the tag says that it leads to a %s, and %s is a %s", said, id, raw.Type))
		}
		if raw.Type != "commit" && raw.Type != "tag" {
			if len(out) > 0 {
				return out, nil
			}
			return nil, fmt.Errorf("%s is a %s: only commits and tags are signed", rev, raw.Type)
		}
		result, p := Object(raw, t, func() ([]byte, error) { return Note(ctx, repo, raw.ID) })
		o := report.Object{ID: id, Type: raw.Type, Result: result}
		if len(out) == 0 {
			o.Ref = ref
		}
		if raw.Type == "commit" || p == nil {
			return append(out, o), nil
		}
		checkTagName(result, p, o.Ref)
		out = append(out, o)
		id, said = p.Object, p.ObjectType
	}
	return nil, fmt.Errorf("%s: more than %d tags lead from one to the next", rev, maxTags)
}

// Object verifies one object as git read it. The payload is returned for its
// headers, nil if it cannot be parsed; whether it was signed, the result says.
// note reads the object's note, where the signature carries no log entry.
func Object(raw gitcmd.RawObject, t verify.Trust, note func() ([]byte, error)) (*verify.Result, *payload.Payload) {
	o, err := Open(raw)
	kind := payload.Kind(raw.Type)
	if errors.Is(err, git.ErrUnsigned) {
		p, _ := payload.Parse(raw.Raw)
		return &verify.Result{Kind: kind, Verdict: verdict.Unsigned}, p
	}
	if err != nil {
		return verify.Failed(kind, err), nil
	}
	p, _ := payload.Parse(o.Payload) // the result says what is wrong with it
	beside := verify.Note{ObjectID: raw.ID, Read: note}
	return verify.Open(o.Payload, o.Signature).Beside(beside).Against(t), p
}

// Open takes an object as git read it apart, and holds its bytes against its id.
func Open(raw gitcmd.RawObject) (*git.Object, error) {
	format := git.SHA1
	if len(raw.ID) == 64 {
		format = git.SHA256
	}
	return git.Open(format, git.Type(raw.Type), raw.Raw, raw.ID)
}

// Note reads the proof note of an object, empty if there is none.
func Note(ctx context.Context, repo *gitcmd.Repo, ids ...string) ([]byte, error) {
	notes, err := repo.Notes(ctx, proof.Ref, proof.MaxNote, ids...)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if len(notes[id]) > 0 {
			return notes[id], nil
		}
	}
	return nil, nil
}

// checkTagName refuses a tag that stands under another name than it signed,
// where a tag's ref led to it.
func checkTagName(r *verify.Result, p *payload.Payload, ref string) {
	name, isTag := strings.CutPrefix(ref, "refs/tags/")
	if isTag && name != p.TagName {
		r.Reject(verdict.Errorf(verdict.Binding, "tag-name", "%s leads to a tag that was made as %q", ref, p.TagName))
	}
}
