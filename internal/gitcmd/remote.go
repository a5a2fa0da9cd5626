package gitcmd

import "context"

// FetchRefspecs returns what git fetch brings of a remote, and to where, as
// git's configuration has it. There is nothing for a remote that is only a URL.
func (r *Repo) FetchRefspecs(ctx context.Context, remote string) ([]string, error) {
	return r.values(ctx, "remote."+remote+".fetch")
}
