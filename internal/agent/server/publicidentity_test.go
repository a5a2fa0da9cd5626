package server

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/config"
	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/trust/builtin"
	"github.com/paraph/paraph/internal/trust/store"
)

// A typist is a terminal at which this is typed.
type typist struct {
	*screen
	io.Reader
}

func (y typist) Read(p []byte) (int, error) { return y.Reader.Read(p) }

// newPublic is a call without a token, with an instance that has a public one's
// name, at a terminal where this is typed.
func newPublic(t *testing.T, instance, typed string, environ ...string) (*call, *screen, *testpki.Servers) {
	t.Helper()
	c, y, s := newLogin(t, environ...)
	c.namePublic(t, instance)
	c.env.Terminal = func() (io.ReadWriteCloser, error) { return typist{y, strings.NewReader(typed)}, nil }
	return c, y, s
}

// namePublic gives the call's own instance the name of one that is known by
// name, as if TUF had just brought it.
func (c *call) namePublic(t *testing.T, instance string) {
	t.Helper()
	home := homeOf(c)
	root, err := os.ReadFile(filepath.Join(home, "root.json"))
	if err != nil {
		t.Fatal(err)
	}
	known := store.New([]string{"HOME=" + home})
	i, err := known.Instance(instance)
	if err != nil {
		t.Fatal(err)
	}
	now := c.env.Now()
	err = known.Save(i, &store.Copy{
		State:     store.State{Versions: store.Versions{Root: builtin.PublicVersion + 1}, Checked: now, Expires: now.Add(time.Hour)},
		Documents: store.Documents{TrustedRoot: root},
	})
	if err != nil {
		t.Fatal(err)
	}
	c.env.Environ = append(c.env.Environ, "PARAPH_TRUSTED_ROOT=", "PARAPH_INSTANCE="+instance)
}

func homeOf(c *call) string {
	for _, entry := range c.env.Environ {
		if home, ok := strings.CutPrefix(entry, "HOME="); ok {
			return home
		}
	}
	return ""
}

// The first login for a public instance asks, and the answer is remembered:
// the second one does not ask.
func TestPublicIdentityAccepted(t *testing.T) {
	for _, instance := range []string{"public", "staging"} {
		c, y, _ := newPublic(t, instance, "yes\n")
		c.reply(t, 0)
		for _, want := range []string{"signs with the instance " + instance + " is in its public logs", "[y/N]", "git config --global paraph.publicIdentity accepted: it is not asked again"} {
			if !strings.Contains(y.String(), want) {
				t.Errorf("%s: the terminal has no %q: %s", instance, want, y)
			}
		}
		data, err := os.ReadFile(filepath.Join(homeOf(c), ".gitconfig"))
		if err != nil || string(data) != "[paraph]\n\tpublicIdentity = accepted\n" {
			t.Errorf("%s: %q, %v", instance, data, err)
		}
		before := y.String()
		c.stdout.Reset()
		git, err := config.AskGit(t.Context(), gitcmd.New("", c.env.Environ))
		if err != nil {
			t.Fatal(err)
		}
		c.env.Stdin = strings.NewReader(fmt.Sprintf("%d\n%s%s", len(git), git, commit))
		c.reply(t, 0)
		if then := strings.TrimPrefix(y.String(), before); strings.Contains(then, "[y/N]") || !strings.Contains(then, "logged in as alice") {
			t.Errorf("%s: asked again: %s", instance, then)
		}
	}
}

// Nobody is asked where nobody's identity would become public, or it was said
// before that it may.
func TestPublicIdentityNotAsked(t *testing.T) {
	c, y, _ := newPublic(t, "public", "", "PARAPH_PUBLIC_IDENTITY=accepted")
	c.reply(t, 0)
	mine, z, _ := newLogin(t) // paraph.trustedRoot stands in for the public instance
	mine.reply(t, 0)
	if strings.Contains(y.String()+z.String(), "[y/N]") {
		t.Errorf("asked: %s%s", y, z)
	}
	added := &config.Signing{Instances: []string{"mine", "public"}}
	if err := mine.env.askPublic(t.Context(), added, typist{z, strings.NewReader("")}); err != nil {
		t.Errorf("an instance that was added: %v", err)
	}
}

// Anything but yes, and nobody hears of the signer.
func TestPublicIdentityRefused(t *testing.T) {
	for name, tt := range map[string]struct{ typed, want string }{
		"no":             {"n\n", "the identity is not to be public, and was not sent to anybody; paraph.publicIdentity = accepted allows it"},
		"nothing":        {"\n", "the identity is not to be public"},
		"end of file":    {"", "the identity is not to be public"},
		"something else": {"what?\n", "the identity is not to be public"},
	} {
		c, y, s := newPublic(t, "public", tt.typed)
		if r := c.reply(t, 1); !strings.Contains(r.Error, tt.want) {
			t.Errorf("%s: %+v, want ...%s...", name, r, tt.want)
		}
		if n := s.Issuer.Requests() + s.Fulcio.Requests(); n != 0 {
			t.Errorf("%s: %d requests: %s", name, n, y)
		}
		if _, err := os.Stat(filepath.Join(homeOf(c), ".gitconfig")); err == nil {
			t.Errorf("%s: the answer was remembered", name)
		}
	}
}

// Ctrl-C and the end of patience end the question, and nobody hears of it.
func TestPublicIdentityInterrupted(t *testing.T) {
	for want, limit := range map[string]time.Duration{"nobody answered in time": 50 * time.Millisecond, "context canceled": time.Minute} {
		c, y, s := newPublic(t, "public", "")
		silent, hold := io.Pipe()
		defer hold.Close()
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		if limit > time.Second {
			cancel()
		}
		err := c.env.askPublic(ctx, &config.Signing{Instances: []string{"public"}}, typist{y, silent})
		cancel()
		if err == nil || !strings.Contains(err.Error(), want) || s.Issuer.Requests() != 0 {
			t.Errorf("%v, want ...%s...", err, want)
		}
	}
}

// A yes that cannot be remembered is a yes. What is not a file stays what it
// is: git would put a file in its place.
func TestPublicIdentityNotRemembered(t *testing.T) {
	for global, want := range map[string]string{
		"/dev/null":          "could not be set, and it is asked again: GIT_CONFIG_GLOBAL is /dev/null, which is not a file",
		"/nowhere/gitconfig": "could not be set, and it is asked again: git config: ",
	} {
		c, y, _ := newPublic(t, "public", "y\n", "GIT_CONFIG_GLOBAL="+global)
		c.reply(t, 0)
		if !strings.Contains(y.String(), want) || !strings.Contains(y.String(), "logged in as alice") {
			t.Errorf("%s: %s", global, y)
		}
	}
}

// A job of a repository that is not public needs the setting before the CA
// hears of it; one that says nothing of it, or that it is public, does not.
func TestJobOfPrivateRepository(t *testing.T) {
	for name, tt := range map[string]struct {
		claims  map[string]any
		environ []string
		want    string // "": it signs
	}{
		"public":            {map[string]any{"repository_visibility": "public"}, nil, ""},
		"unknown":           {map[string]any{"repository_visibility": "odd"}, nil, ""},
		"says nothing":      {map[string]any{"repository_visibility": nil}, nil, ""},
		"private":           {map[string]any{"repository_visibility": "private"}, nil, "(repository_visibility: private)"},
		"internal":          {map[string]any{"repository_visibility": "internal"}, nil, "(repository_visibility: internal)"},
		"GitLab's name":     {map[string]any{"repository_visibility": nil, "project_visibility": "private"}, nil, "(project_visibility: private)"},
		"private, accepted": {map[string]any{"repository_visibility": "private"}, []string{"PARAPH_PUBLIC_IDENTITY=accepted"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c, p, s := newCall(t)
			c.namePublic(t, "public")
			c.env.Environ = append(append(c.env.Environ, "PARAPH_ID_TOKEN="+p.WorkflowToken(tt.claims)), tt.environ...)
			if tt.want == "" {
				c.reply(t, 0)
				return
			}
			r := c.reply(t, 1)
			if !strings.Contains(r.Error, tt.want) || !strings.Contains(r.Error, "set paraph.publicIdentity = accepted") || !r.Usage || s.Fulcio.Requests() != 0 {
				t.Errorf("%+v; Fulcio had %d requests", r, s.Fulcio.Requests())
			}
		})
	}
	// An instance of one's own may be as private as the repository.
	c, s := ci(t, func(p *testpki.PKI) string {
		return p.WorkflowToken(map[string]any{"repository_visibility": "private"})
	})
	if c.reply(t, 0); s.Fulcio.Requests() != 1 {
		t.Error("it did not sign")
	}
}
