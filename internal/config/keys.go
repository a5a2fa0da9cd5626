package config

// A use says which commands a key matters for.
type use int

const (
	forVerify use = 1 << iota
	forSign
	forHooks
	forBoth = forVerify | forSign
)

// A kind says which values a key takes.
type kind int

const (
	text kind = iota
	boolean
	path     // absolute, or beginning with ~/
	url      // https, or http to a loopback host
	one      // one of the listed words
	duration // as time.ParseDuration reads it, or days: 30d
	names    // names of Sigstore instances, joined by commas
	spec     // an absolute path or COMMITID:PATH; as a flag FILE or REV:PATH
)

// A key is one setting: paraph.NAME in git's configuration, PARAPH_NAME in
// the environment. docs/configuration.md is this table for people.
type key struct {
	name  string
	kind  kind
	use   use
	words []string // for kind one

	// pending says that the work behind the key is still to come: it parses,
	// and a value other than the ready ones is an error that says so.
	pending bool
	ready   []string

	// For signing, what a user of gitsign may have set.
	environ []string // SIGSTORE_* before GITSIGN_*
	gitsign string   // key of section gitsign
	envOnly bool
}

var keys = []key{
	{name: "instance", kind: names, use: forBoth | forHooks},
	{name: "trustedRoot", kind: path, use: forBoth | forHooks},
	{name: "signingConfig", kind: path, use: forSign},
	{name: "fulcio", kind: url, use: forSign, environ: []string{"SIGSTORE_FULCIO_URL", "GITSIGN_FULCIO_URL"}, gitsign: "fulcio"},
	{name: "rekor", kind: url, use: forSign, environ: []string{"SIGSTORE_REKOR_URL", "GITSIGN_REKOR_URL"}, gitsign: "rekor"},
	{name: "rekorVersion", kind: one, words: []string{"1", "2"}, use: forSign},
	{name: "timestamp", kind: url, use: forSign, environ: []string{"SIGSTORE_TIMESTAMP_SERVER_URL", "GITSIGN_TIMESTAMP_SERVER_URL"}, gitsign: "timestampServerURL"},
	{name: "issuer", kind: url, use: forSign, environ: []string{"SIGSTORE_OIDC_ISSUER", "GITSIGN_OIDC_ISSUER"}, gitsign: "issuer"},
	{name: "clientID", use: forSign, environ: []string{"SIGSTORE_OIDC_CLIENT_ID", "GITSIGN_OIDC_CLIENT_ID"}, gitsign: "clientID"},
	{name: "clientSecretFile", kind: path, use: forSign, environ: []string{"SIGSTORE_OIDC_CLIENT_SECRET_FILE", "GITSIGN_OIDC_CLIENT_SECRET_FILE"}, gitsign: "clientSecretFile"},
	{name: "connectorID", use: forSign, environ: []string{"SIGSTORE_CONNECTOR_ID", "GITSIGN_CONNECTOR_ID"}, gitsign: "connectorID"},
	{name: "redirectURL", use: forSign, environ: []string{"SIGSTORE_OIDC_REDIRECT_URL", "GITSIGN_OIDC_REDIRECT_URL"}, gitsign: "redirectURL"},
	{
		name: "tokenSource", kind: one, use: forSign,
		words: []string{"auto", "env", "file", "github", "gitlab", "buildkite", "circleci", "codefresh", "kubernetes", "spiffe", "google", "browser", "device", "paste"},
	},
	{name: "tokenFile", kind: path, use: forSign},
	{name: "idToken", use: forSign, envOnly: true, environ: []string{"SIGSTORE_ID_TOKEN"}},
	{name: "browser", use: forSign},
	{name: "certificateIdentity", use: forVerify},
	{name: "certificateOIDCIssuer", use: forVerify},
	{name: "policy", kind: spec, use: forVerify},
	{name: "policyAnchor", use: forVerify},
	{name: "agent", kind: boolean, use: forSign},
	{name: "agentSocket", kind: path, use: forSign},
	{name: "agentConfirm", kind: boolean, use: forSign},
	{name: "keyring", kind: boolean, use: forSign},
	{name: "keyringMaxAge", kind: duration, use: forSign},
	{name: "cache", kind: boolean, use: forVerify | forHooks},
	{name: "matchCommitter", kind: boolean, use: forSign},
	{name: "publicIdentity", kind: one, words: []string{"accepted"}, use: forSign},
	{name: "smimeRoots", kind: path, use: forVerify | forHooks},
	{name: "quiet", kind: boolean, use: forBoth, pending: true, ready: []string{"false"}},
	{name: "log", kind: path, use: forSign, environ: []string{"GITSIGN_LOG"}, gitsign: "logPath"},
	{name: "hook.policy", kind: path, use: forHooks},
	{name: "hook.policyRef", use: forHooks},
	{name: "hook.mode", kind: one, words: []string{"enforce", "audit"}, use: forHooks},
	{name: "hook.requirePushCertificate", kind: boolean, use: forHooks},
}
