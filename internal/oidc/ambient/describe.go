package ambient

import (
	"context"
	"os/exec"
)

// A Place is a platform as it is seen from here, without asking it anything.
type Place struct {
	Name string
	// Here says that the program runs there, Seen what that is known by.
	Here bool
	Seen string
	// Missing is what the platform would have to give and does not, "" if
	// nothing is seen to be missing. Needs is what to grant then.
	Missing, Needs string
}

// Places are all platforms, in the order in which they are asked. Nothing is
// sent, and no program runs.
func (e *Env) Places() []Place {
	var out []Place
	for _, r := range rows() {
		p := Place{Name: r.name, Here: r.here(e), Seen: r.seen, Needs: r.needs}
		if p.Here {
			p.Missing = e.missing(r.name)
		}
		out = append(out, p)
	}
	return out
}

// missing looks for what a row needs before it asks anybody.
func (e *Env) missing(name string) string {
	var err error
	switch name {
	case "github":
		_, err = e.require(actionsURL, actionsToken)
	case "codefresh":
		_, err = e.require("CF_OIDC_REQUEST_URL", "CF_OIDC_REQUEST_TOKEN")
	case "gitlab":
		_, err = fromGitLab(context.Background(), e)
	case "buildkite":
		_, err = exec.LookPath("buildkite-agent")
	case "circleci":
		_, err = exec.LookPath("circleci")
	case "kubernetes":
		_, err = e.readFile(projected, 0)
	case "spiffe":
		_, err = socketPath(e.getenv(endpointSocket))
	}
	if err != nil {
		return err.Error()
	}
	return ""
}
