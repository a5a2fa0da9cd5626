package push

import (
	"context"
	"strings"

	"github.com/paraph/paraph/internal/gitcmd"
)

// remotes is where git keeps what the last fetch found.
const remotes = "refs/remotes/"

// remoteBefore is where the refs of a remote stand, as far as git fetch found
// out: what its refspecs bring to refs/remotes, under the remote's own names. What
// they bring to elsewhere may as well be from here. HEAD is what git clone and
// git remote set-head wrote down.
func remoteBefore(ctx context.Context, repo *gitcmd.Repo, remote string) (*Before, error) {
	there := &Before{Tips: map[string]string{}, Symbolic: map[string]string{}}
	if remote == "" {
		return there, nil
	}
	texts, err := repo.FetchRefspecs(ctx, remote)
	if err != nil {
		return nil, err
	}
	var specs []refspec
	for _, text := range texts {
		if s, ok := parseRefspec(text); ok {
			specs = append(specs, s)
		}
	}
	here, err := Standing(ctx, repo)
	if err != nil {
		return nil, err
	}
	for name, id := range here.Tips {
		if here.Symbolic[name] != "" {
			continue
		}
		if theirs := onRemote(specs, name); theirs != "" {
			there.Tips[theirs] = id
		}
	}
	there.Head = onRemote(specs, here.Symbolic[remotes+remote+"/HEAD"])
	return there, nil
}

// A refspec says which of a remote's refs git fetch brings, and to where. Before
// and after the star, if it has one, names are as they are.
type refspec struct {
	from, to [2]string
	star     bool
}

// parseRefspec reads "[+]FROM:TO" (git-fetch(1), REFSPEC). Those that bring
// nothing to refs/remotes, or whose FROM is no full name, tell nothing.
func parseRefspec(text string) (s refspec, ok bool) {
	from, to, _ := strings.Cut(strings.TrimPrefix(text, "+"), ":")
	if !strings.HasPrefix(from, "refs/") || !strings.HasPrefix(to, remotes) {
		return s, false
	}
	var starTo bool
	s.from[0], s.from[1], s.star = strings.Cut(from, "*")
	s.to[0], s.to[1], starTo = strings.Cut(to, "*")
	return s, s.star == starTo
}

// onRemote is the name that a ref of this repository has on the remote, "" if it
// is none of the remote's.
func onRemote(specs []refspec, name string) string {
	for _, s := range specs {
		rest, ok := strings.CutPrefix(name, s.to[0])
		if !ok {
			continue
		}
		part, ok := strings.CutSuffix(rest, s.to[1])
		if ok && (part != "") == s.star {
			return s.from[0] + part + s.from[1]
		}
	}
	return ""
}
