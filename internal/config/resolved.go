package config

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paraph/paraph/internal/trust/builtin"
	"github.com/paraph/paraph/internal/xdg"
)

// Verification is what verifying needs to know.
type Verification struct {
	// TrustedRoot is a file that stands in for the public instance; no other
	// root counts then.
	TrustedRoot Setting
	// Instances are the Sigstore instances that count, in order.
	Instances []string
	// MaxRootAge is how old a trusted root may be, 0 for any age.
	MaxRootAge time.Duration
	// Cache says whether verdicts are remembered.
	Cache bool
	// SMIMERoots is a file of CA certificates that stand in for the system's,
	// for classic S/MIME.
	SMIMERoots Setting
	// Identity and Issuer name the one signer who is trusted; regular
	// expressions come from flags only.
	Identity, Issuer             Setting
	IdentityRegexp, IssuerRegexp Setting
	// Policy is a file or a path in a commit, Anchor a revision from which on
	// the repository's policy counts. Of these and the one signer at most one is
	// set.
	Policy, Anchor Setting
}

// ForVerification resolves the settings of a verification.
func ForVerification(src Source) (*Verification, error) {
	v, err := resolve(src, forVerify)
	if err != nil {
		return nil, err
	}
	c := &Verification{
		TrustedRoot: v["trustedRoot"],
		Instances:   instances(v),
		Cache:       v["cache"].Value != "false",
		SMIMERoots:  v["smimeRoots"],
		Identity:    v["certificateIdentity"],
		Issuer:      v["certificateOIDCIssuer"],
		Policy:      v["policy"],
		Anchor:      v["policyAnchor"],
	}
	if value, ok := src.Flags[MaxRootAge]; ok {
		if c.MaxRootAge, err = ParseDuration(value); err != nil || c.MaxRootAge <= 0 {
			return nil, errorf("--%s: %q is not a duration such as 720h or 30d", flagName(MaxRootAge), value)
		}
	}
	for name, s := range map[string]*Setting{"certificateIdentityRegexp": &c.IdentityRegexp, "certificateOIDCIssuerRegexp": &c.IssuerRegexp} {
		if value, ok := src.Flags[name]; ok {
			*s = Setting{value, FromFlag, "--" + flagName(name)}
		}
	}
	if err := c.chooseJudge(); err != nil {
		return nil, err
	}
	return c, c.pairSigner()
}

// chooseJudge takes who decides, policy, anchor or the one signer, from the
// strongest level that names any of them. Two at one level would leave open
// which one counts.
func (c *Verification) chooseJudge() error {
	judges := [][]*Setting{{&c.Policy}, {&c.Anchor}, {&c.Identity, &c.IdentityRegexp, &c.Issuer, &c.IssuerRegexp}}
	strongest := Level(0)
	for _, s := range slices.Concat(judges...) {
		if s.Set() && (strongest == 0 || s.Level < strongest) {
			strongest = s.Level
		}
	}
	var first *Setting
	for _, judge := range judges {
		i := slices.IndexFunc(judge, func(s *Setting) bool { return s.Level == strongest })
		if i >= 0 && strongest != 0 {
			if first != nil {
				return errorf("%s and %s: only one of policy, policyAnchor and certificateIdentity may say who is trusted; remove one", first.Source, judge[i].Source)
			}
			first = judge[i]
			continue
		}
		for _, s := range judge {
			*s = Setting{}
		}
	}
	return nil
}

// MaxRootAge is the key under which Source.Flags has the flag --max-root-age.
const MaxRootAge = "maxRootAge"

// instances are those that the setting lists, each once, else the public one.
func instances(v values) []string {
	s := v["instance"]
	if !s.Set() {
		return []string{builtin.Instance}
	}
	var out []string
	for name := range strings.SplitSeq(s.Value, ",") {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// pairSigner takes the signer from one level only, and whole: a name without
// its issuer, or with the issuer of another level, would trust someone whom
// nobody named.
func (c *Verification) pairSigner() error {
	all := []*Setting{&c.Identity, &c.IdentityRegexp, &c.Issuer, &c.IssuerRegexp}
	strongest := Level(0)
	for _, s := range all {
		if s.Set() && (strongest == 0 || s.Level < strongest) {
			strongest = s.Level
		}
	}
	for _, s := range all {
		if s.Level != strongest {
			*s = Setting{}
		}
	}
	name, issuer := c.Identity.Set() || c.IdentityRegexp.Set(), c.Issuer.Set() || c.IssuerRegexp.Set()
	if name == issuer {
		return nil
	}
	how := map[Level][2]string{
		FromFlag:        {"--certificate-identity", "--certificate-oidc-issuer"},
		FromEnvironment: {EnvName("certificateIdentity"), EnvName("certificateOIDCIssuer")},
		FromGit:         {"paraph.certificateIdentity", "paraph.certificateOIDCIssuer"},
	}[strongest]
	if name {
		return errorf("%s names a signer without an issuer: set %s too", how[0], how[1])
	}
	return errorf("%s names an issuer without a signer: set %s too", how[1], how[0])
}

// Signing is what signing needs to know.
type Signing struct {
	// Instances are the Sigstore instances that are named; the first one signs.
	Instances                  []string
	TrustedRoot, SigningConfig Setting
	Fulcio, Rekor, Timestamp   Setting
	RekorVersion               int // 0: as the signing config says
	TokenSource                string
	ClientID                   Setting // whom tokens are for
	TokenFile, IDToken         Setting
	// How to log in.
	Issuer, ClientSecretFile, ConnectorID, RedirectURL, Browser Setting

	// Agent says whether one may hold keys, at AgentSocket if that is set;
	// AgentConfirm whether it asks before it signs for another machine.
	Agent, AgentConfirm bool
	AgentSocket         Setting

	// Keyring keeps logins in the system's keyring, for KeyringMaxAge at most.
	Keyring       bool
	KeyringMaxAge time.Duration

	MatchCommitter bool
	// PublicIdentity says that the signer's identity may be in public logs.
	PublicIdentity bool
	Log            string // file that failures are appended to
}

// defaultKeyringMaxAge is a working day.
const defaultKeyringMaxAge = 12 * time.Hour

// ForSigning resolves the settings of a signature.
func ForSigning(src Source) (*Signing, error) {
	v, err := resolve(src, forSign)
	if err != nil {
		return nil, err
	}
	c := &Signing{
		Instances:   instances(v),
		TrustedRoot: v["trustedRoot"], SigningConfig: v["signingConfig"],
		Fulcio: v["fulcio"], Rekor: v["rekor"], Timestamp: v["timestamp"],
		TokenSource: "auto", TokenFile: v["tokenFile"], IDToken: v["idToken"], ClientID: v["clientID"],
		Issuer: v["issuer"], ClientSecretFile: v["clientSecretFile"], ConnectorID: v["connectorID"], RedirectURL: v["redirectURL"], Browser: v["browser"],
		Agent: v["agent"].Value != "false", AgentSocket: v["agentSocket"], AgentConfirm: v["agentConfirm"].Value != "false",
		Keyring: v["keyring"].Value == "true", KeyringMaxAge: defaultKeyringMaxAge,
		MatchCommitter: v["matchCommitter"].Value == "true",
		PublicIdentity: v["publicIdentity"].Set(),
		Log:            v["log"].Value,
	}
	if s := v["rekorVersion"]; s.Set() {
		c.RekorVersion, _ = strconv.Atoi(s.Value) // one of the key's words
	}
	if s := v["tokenSource"]; s.Set() {
		c.TokenSource = s.Value
	}
	if s := v["keyringMaxAge"]; s.Set() {
		c.KeyringMaxAge, _ = ParseDuration(s.Value) // one of the key's
	}
	if c.Log == "" {
		c.Log = DefaultLog(src.Env)
	}
	return c, nil
}

// DefaultLog returns the log file where none is set, or the configuration
// cannot be read: $XDG_STATE_HOME/paraph/log, "" if there is no home.
func DefaultLog(env []string) string {
	if state := xdg.State(env); state != "" {
		return filepath.Join(state, "log")
	}
	return ""
}
