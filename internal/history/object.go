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
	"github.com/paraph/paraph/internal/report"
	"github.com/paraph/paraph/internal/trust"
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
func Verify(ctx context.Context, repo *gitcmd.Repo, rev string, root *trust.Root) ([]report.Object, error) {
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
		result, p := Object(raw, root)
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
func Object(raw gitcmd.RawObject, root *trust.Root) (*verify.Result, *payload.Payload) {
	format, kind := git.SHA1, git.Type(raw.Type)
	if len(raw.ID) == 64 {
		format = git.SHA256
	}
	o, err := git.Open(format, kind, raw.Raw, raw.ID)
	if errors.Is(err, git.ErrUnsigned) {
		p, _ := payload.Parse(raw.Raw)
		return &verify.Result{Kind: payload.Kind(kind), Verdict: verdict.Unsigned}, p
	}
	if err != nil {
		return verify.Failed(payload.Kind(kind), err), nil
	}
	p, _ := payload.Parse(o.Payload) // the result says what is wrong with it
	return verify.Signature(o.Payload, o.Signature, root), p
}

// checkTagName refuses a tag that stands under another name than it signed,
// where a tag's ref led to it.
func checkTagName(r *verify.Result, p *payload.Payload, ref string) {
	name, isTag := strings.CutPrefix(ref, "refs/tags/")
	if isTag && name != p.TagName {
		r.Reject(verdict.Errorf(verdict.Binding, "tag-name", "%s leads to a tag that was made as %q", ref, p.TagName))
	}
}
