package config

import (
	"slices"
	"strings"
)

// Hooks is what judging a push needs to know.
type Hooks struct {
	// Verification has what a signature is held against, and no policy.
	Verification
	// StandIn is the file of the policy that judges for as long as PolicyRef has
	// none. PolicyRef is the full name of a ref, "" for the one HEAD names.
	StandIn   Setting
	PolicyRef string
	// Mode is enforce or audit, "" for what the policy says.
	Mode string
	// RequireCertificate asks for a push certificate for every push.
	RequireCertificate bool
}

// ForHooks resolves the settings of a hook.
func ForHooks(src Source) (*Hooks, error) {
	v, err := resolve(src, forHooks)
	if err != nil {
		return nil, err
	}
	c := &Hooks{
		Verification: Verification{
			TrustedRoot: v["trustedRoot"],
			Instances:   instances(v),
			Cache:       v["cache"].Value != "false",
			SMIMERoots:  v["smimeRoots"],
		},
		StandIn:            v["hook.policy"],
		PolicyRef:          v["hook.policyRef"].Value,
		Mode:               v["hook.mode"].Value,
		RequireCertificate: v["hook.requirePushCertificate"].Value == "true",
	}
	if ref := v["hook.policyRef"]; ref.Set() && !strings.HasPrefix(ref.Value, "refs/") {
		return nil, errorf("%s: %q is not the full name of a ref, such as refs/heads/main", ref.Source, ref.Value)
	}
	return c, nil
}

// Server is the source without what whoever pushes could say: variables of the
// environment, which a server of ssh may pass on, and settings of one command.
func (src Source) Server() Source {
	src.Env = slices.DeleteFunc(slices.Clone(src.Env), func(e string) bool { return strings.HasPrefix(e, "PARAPH_") })
	// "command line:" is what git-config(1) says of --show-origin for
	// git -c, GIT_CONFIG_PARAMETERS and GIT_CONFIG_COUNT.
	src.Git = slices.DeleteFunc(slices.Clone(src.Git), func(e Entry) bool { return strings.HasPrefix(e.Origin, "command line:") })
	return src
}
