package config

import (
	"strings"
	"testing"
	"time"
)

func TestEnvName(t *testing.T) {
	for key, want := range map[string]string{
		"certificateOIDCIssuer":       "PARAPH_CERTIFICATE_OIDC_ISSUER",
		"hook.mode":                   "PARAPH_HOOK_MODE",
		"hook.requirePushCertificate": "PARAPH_HOOK_REQUIRE_PUSH_CERTIFICATE",
		"trustedRoot":                 "PARAPH_TRUSTED_ROOT",
		"redirectURL":                 "PARAPH_REDIRECT_URL",
		"clientID":                    "PARAPH_CLIENT_ID",
		"idToken":                     "PARAPH_ID_TOKEN",
		"agent":                       "PARAPH_AGENT",
	} {
		if got := EnvName(key); got != want {
			t.Errorf("EnvName(%s) = %s, want %s", key, got, want)
		}
	}
	if got := flagName("certificateOIDCIssuerRegexp"); got != "certificate-oidc-issuer-regexp" {
		t.Errorf("flagName = %s", got)
	}
}

func git(pairs ...string) (out []Entry) {
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, Entry{strings.ToLower(pairs[i]), pairs[i+1], "file:/etc/gitconfig"})
	}
	return out
}

func TestPrecedence(t *testing.T) {
	src := Source{
		Env: []string{"PARAPH_FULCIO=https://env.example", "SIGSTORE_FULCIO_URL=https://sigstore.example", "GITSIGN_REKOR_URL=https://gitsign.example", "SIGSTORE_ID_TOKEN=other"},
		Git: git("paraph.fulcio", "https://git.example", "gitsign.rekor", "https://old.example", "paraph.timestamp", "https://git.example/ts/", "gitsign.timestampServerURL", "https://old.example/ts", "paraph.idToken", "leaked"),
	}
	c, err := ForSigning(src)
	if err != nil {
		t.Fatal(err)
	}
	if c.Fulcio.Value != "https://env.example" || c.Rekor.Value != "https://gitsign.example" || c.Timestamp.Value != "https://git.example/ts" || c.IDToken.Value != "other" {
		t.Errorf("got %+v", c)
	}
}

func TestVerificationTakesNothingFromGitsign(t *testing.T) {
	c, err := ForVerification(Source{
		Env: []string{"SIGSTORE_TRUSTED_ROOT=/a", "GITSIGN_TRUSTED_ROOT=/b"},
		Git: git("gitsign.trustedRoot", "/c", "gitsign.certificateIdentity", "a@b"),
	})
	if err != nil || c.TrustedRoot.Set() || c.Identity.Set() {
		t.Errorf("got %+v, %v", c, err)
	}
}

func TestWrongValues(t *testing.T) {
	for name, tt := range map[string]struct {
		src  Source
		want string
	}{
		"relative path":     {Source{Git: git("paraph.trustedRoot", "root.json")}, `paraph.trustedRoot in /etc/gitconfig: "root.json" is not an absolute path`},
		"plain http":        {Source{Env: []string{"PARAPH_FULCIO=http://fulcio.example"}}, `PARAPH_FULCIO: "http://fulcio.example" is not an https URL`},
		"userinfo":          {Source{Env: []string{"PARAPH_FULCIO=https://a:b@fulcio.example"}}, "is not a URL of the form"},
		"rekor version":     {Source{Env: []string{"PARAPH_REKOR_VERSION=3"}}, `"3" is not one of 1, 2`},
		"boolean":           {Source{Env: []string{"PARAPH_AGENT=maybe"}}, `"maybe" is not true or false`},
		"quiet is to come":  {Source{Env: []string{"PARAPH_QUIET=yes"}}, "quiet is not in this version of paraph yet; what works is false"},
		"relative policy":   {Source{Env: []string{"PARAPH_POLICY=.paraph/policy"}}, "is not an absolute path or COMMITID:PATH"},
		"policy that moves": {Source{Git: git("paraph.policy", "main:.paraph/policy")}, "is not an absolute path or COMMITID:PATH"},
		"half a commit id":  {Source{Git: git("paraph.policy", "0123abc:.paraph/policy")}, "is not an absolute path or COMMITID:PATH"},
		"policy and anchor": {Source{Git: git("paraph.policy", "/p", "paraph.policyAnchor", "v1")}, "paraph.policy in /etc/gitconfig and paraph.policyAnchor in /etc/gitconfig: only one of"},
		"policy and signer": {
			Source{Env: []string{"PARAPH_POLICY=/p", "PARAPH_CERTIFICATE_IDENTITY=a@b", "PARAPH_CERTIFICATE_OIDC_ISSUER=https://i"}},
			"PARAPH_POLICY and PARAPH_CERTIFICATE_IDENTITY: only one of",
		},
		"no age":              {Source{Env: []string{"PARAPH_KEYRING_MAX_AGE=0"}}, `"0" is not a duration such as 12h`},
		"no such source":      {Source{Env: []string{"PARAPH_TOKEN_SOURCE=telepathy"}}, `"telepathy" is not one of auto, env, file, `},
		"name without issuer": {Source{Git: git("paraph.certificateIdentity", "a@b")}, "set paraph.certificateOIDCIssuer too"},
		"issuer of another level": {
			Source{Flags: map[string]string{"certificateIdentity": "a@b"}, Git: git("paraph.certificateOIDCIssuer", "https://i")},
			"set --certificate-oidc-issuer too",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ForSigning(tt.src)
			if err == nil {
				_, err = ForVerification(tt.src)
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want ...%s...", err, tt.want)
			}
		})
	}
}

func TestReadyValues(t *testing.T) {
	for _, env := range []string{"PARAPH_AGENT=false", "PARAPH_AGENT=0", "PARAPH_KEYRING=off", "PARAPH_TOKEN_SOURCE=file", "PARAPH_TOKEN_SOURCE=device", "PARAPH_CONNECTOR_ID=https://github.com/login/oauth", "PARAPH_FULCIO=http://127.0.0.1:1/x", "PARAPH_FULCIO=http://[::1]:1", "PARAPH_CONNECTOR_ID="} {
		if _, err := ForSigning(Source{Env: []string{env}}); err != nil {
			t.Errorf("%s: %v", env, err)
		}
	}
	if _, err := ForVerification(Source{Env: []string{"PARAPH_CACHE=false", "PARAPH_CLIENT_ID=x"}}); err != nil {
		t.Errorf("a key of signing stops a verification: %v", err)
	}
}

// Who is trusted is said by the strongest level that says anything of it.
func TestJudges(t *testing.T) {
	id := strings.Repeat("0a", 20)
	signer := []string{"paraph.certificateIdentity", "a@b", "paraph.certificateOIDCIssuer", "https://i"}
	for name, tt := range map[string]struct {
		src  Source
		want [3]string // policy, anchor, identity
	}{
		"nothing":                 {Source{}, [3]string{}},
		"pinned":                  {Source{Git: git("paraph.policy", id+":.paraph/policy")}, [3]string{id + ":.paraph/policy"}},
		"file":                    {Source{Git: git("paraph.policy", "~/policy"), Env: []string{"HOME=/home/a"}}, [3]string{"/home/a/policy"}},
		"flag over all":           {Source{Flags: map[string]string{"policy": "main:p"}, Env: []string{"PARAPH_POLICY_ANCHOR=v1"}, Git: git(signer...)}, [3]string{"main:p"}},
		"environment over config": {Source{Env: []string{"PARAPH_POLICY_ANCHOR=v1"}, Git: git(signer...)}, [3]string{"", "v1"}},
		"signer over config":      {Source{Flags: map[string]string{"certificateIdentity": "a@b", "certificateOIDCIssuer": "https://i"}, Git: git("paraph.policy", "/p")}, [3]string{"", "", "a@b"}},
	} {
		c, err := ForVerification(tt.src)
		if err != nil || [3]string{c.Policy.Value, c.Anchor.Value, c.Identity.Value} != tt.want {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
}

func TestKeyring(t *testing.T) {
	for name, tt := range map[string]struct {
		src    Source
		use    bool
		maxAge time.Duration
	}{
		"nothing":     {Source{}, false, 12 * time.Hour},
		"git":         {Source{Git: git("paraph.keyring", "true", "paraph.keyringMaxAge", "1d")}, true, 24 * time.Hour},
		"environment": {Source{Env: []string{"PARAPH_KEYRING=no", "PARAPH_KEYRING_MAX_AGE=90m"}, Git: git("paraph.keyring", "true")}, false, 90 * time.Minute},
	} {
		if c, err := ForSigning(tt.src); err != nil || c.Keyring != tt.use || c.KeyringMaxAge != tt.maxAge {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
}

func TestParseGit(t *testing.T) {
	got, err := ParseGit([]byte("file:/a\x00paraph.quiet\x00file:/b\x00paraph.log\n/x\ny\x00"))
	if err != nil || len(got) != 2 || got[0].Value != "true" || got[1].Value != "/x\ny" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := ParseGit([]byte("file:/a\x00paraph.quiet")); err == nil {
		t.Error("output without its end was accepted")
	}
}
