package fetch

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/paraph/paraph/internal/gitcmd"
)

// tags takes tags into the chunk, and the tags that they lead to, each once.
// One that a tag leads to and that is not here is no failure.
func (r *run) tags(ctx context.Context, ids []string) error {
	seen := map[string]bool{}
	for first := true; len(ids) > 0; first = false {
		var inner []string
		ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
			again := seen[id]
			seen[id] = true
			return again
		})
		err := r.Repo.Stream(ctx, ids, func(o gitcmd.RawObject) error {
			if o.Type == "" && !first {
				return nil
			}
			if id := innerTag(o); id != "" {
				inner = append(inner, id)
			}
			return r.visit(ctx, o)
		})
		if err != nil {
			return err
		}
		ids = inner
	}
	return nil
}

// innerTag is the tag that a tag says it leads to, "" if it is something else.
func innerTag(o gitcmd.RawObject) string {
	object, _, ok := bytes.Cut(o.Raw, []byte("\ntype tag\n"))
	id, isObject := strings.CutPrefix(string(object), "object ")
	if o.Type != "tag" || !ok || !isObject || len(id) != len(o.ID) || strings.Trim(id, "0123456789abcdef") != "" {
		return ""
	}
	return id
}
