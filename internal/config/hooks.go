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
	// none. PolicyRef is the full name of a branch, "" for the one HEAD names.
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
	if ref := v["hook.policyRef"]; ref.Set() && !strings.HasPrefix(ref.Value, "refs/heads/") {
		return nil, errorf("%s: %q is not the full name of a branch, such as refs/heads/main", ref.Source, ref.Value)
	}
	return c, nil
}

// ServerEnviron is an environment without what whoever pushes could say in it: our
// own variables, which a server of ssh may pass on, and settings for one command,
// with the files that these include (git -c; git-config(1), "ENVIRONMENT").
func ServerEnviron(env []string) []string {
	said := []string{"PARAPH_", "GIT_CONFIG_PARAMETERS=", "GIT_CONFIG_COUNT=", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_"}
	return slices.DeleteFunc(slices.Clone(env), func(e string) bool {
		return slices.ContainsFunc(said, func(begin string) bool { return strings.HasPrefix(e, begin) })
	})
}
