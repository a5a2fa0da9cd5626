package server

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/agent"
	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/testpki/tufrepo"
	"github.com/paraph/paraph/internal/trust/store"
	"github.com/paraph/paraph/internal/version"
)

// An instance is a testpki with a TUF repository, and a home that nothing is
// in but a token.
type instance struct {
	*call
	pki      *testpki.PKI
	servers  *testpki.Servers
	repo     *tufrepo.Repo
	url      string
	down     atomic.Bool
	requests atomic.Int64
	home     string
}

func newInstance(t *testing.T) *instance {
	t.Helper()
	i := &instance{home: t.TempDir()}
	i.call, i.pki, i.servers = newCall(t)
	i.repo = tufrepo.New(i.pki.Clock.Now())
	i.repo.Target("trusted_root.json", i.pki.TrustedRoot())
	i.repo.Target("signing_config.v0.2.json", i.pki.SigningConfig(i.servers.URLs, 1))
	i.repo.Target("signing_config_rekor_v2.v0.2.json", i.pki.SigningConfig(i.servers.URLs, 2))
	i.repo.Publish()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.requests.Add(1)
		if i.down.Load() {
			http.Error(w, "down", http.StatusBadGateway)
			return
		}
		i.repo.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	i.url = s.URL
	i.env.Environ = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + i.home, "GIT_CONFIG_NOSYSTEM=1", "PARAPH_AGENT=false", "PARAPH_INSTANCE=mine,public"}
	return i
}

// ask makes a request, which must be answered for one instance.
func (i *instance) ask(t *testing.T, r agent.TrustRequest) agent.TrustResult {
	t.Helper()
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	i.env.Args, i.env.Stdin = []string{"trust", "--client-version", version.String()}, bytes.NewReader(data)
	i.stdout.Reset()
	var reply agent.TrustReply
	if status := Run(t.Context(), i.env); status != 0 {
		t.Fatalf("status %d: %s", status, i.stdout.String())
	}
	if err := json.Unmarshal(i.stdout.Bytes(), &reply); err != nil || reply.Version != version.String() || len(reply.Results) != 1 {
		t.Fatalf("%+v, %v", reply, err)
	}
	return reply.Results[0]
}

// add adds the instance under a name.
func (i *instance) add(t *testing.T, name string) {
	t.Helper()
	r := i.ask(t, agent.TrustRequest{Do: agent.TrustAdd, Instances: []string{name}, Repository: i.url, Root: i.repo.RootFile()})
	if r.Error != "" || r.After.Versions.Root != 1 || r.Before.Versions.Root != 0 {
		t.Fatalf("%+v", r)
	}
}

// sign signs with a token of now, and returns the error.
func (i *instance) sign(t *testing.T, environ ...string) string {
	t.Helper()
	i.env.Args, i.env.Stdin = []string{"sign", "--client-version", version.String()}, request(commit)
	before := i.env.Environ
	defer func() { i.env.Environ = before }()
	i.env.Environ = append(slices.Clone(before), append(environ, "PARAPH_ID_TOKEN="+i.pki.IDToken(nil))...)
	i.stdout.Reset()
	var r agent.Reply
	Run(t.Context(), i.env)
	if err := json.Unmarshal(i.stdout.Bytes(), &r); err != nil || (r.Error == "") == (r.Armored == "") {
		t.Fatalf("%+v, %v", r, err)
	}
	return r.Error
}

// asked is how many requests came to the repository since it was asked last.
func (i *instance) asked() int64 { return i.requests.Swap(0) }

// Signing takes root and services of the first instance from the store.
func TestSignWithInstance(t *testing.T) {
	i := newInstance(t)
	i.add(t, "mine")
	i.asked()
	if err := i.sign(t); err != "" || i.servers.Rekor1.Requests() != 1 {
		t.Errorf("%s, %d requests to Rekor v1", err, i.servers.Rekor1.Requests())
	}
	if err := i.sign(t, "PARAPH_REKOR_VERSION=2"); err != "" || i.servers.Rekor2.Requests() == 0 {
		t.Errorf("%s, %d requests to Rekor v2", err, i.servers.Rekor2.Requests())
	}
	if i.asked() != 0 {
		t.Error("the repository was asked again")
	}
}

// An instance whose metadata is older than a day is updated before signing.
// Where that fails, signing goes on, and does not try again at once.
func TestSignRefreshes(t *testing.T) {
	i := newInstance(t)
	i.add(t, "mine")
	i.asked()
	i.pki.Clock.Advance(23 * time.Hour)
	if err := i.sign(t); err != "" || i.asked() != 0 {
		t.Errorf("after 23 hours: %s", err)
	}
	i.pki.Clock.Advance(2 * time.Hour)
	if err := i.sign(t); err != "" || i.asked() == 0 {
		t.Errorf("after 25 hours: %s", err)
	}
	if err := i.sign(t); err != "" || i.asked() != 0 {
		t.Errorf("and once more: %s", err)
	}
	i.down.Store(true)
	i.pki.Clock.Advance(25 * time.Hour)
	if err := i.sign(t); err != "" || i.asked() == 0 {
		t.Errorf("the repository is down: %s", err)
	}
	if err := i.sign(t); err != "" || i.asked() != 0 {
		t.Errorf("a moment later: %s", err)
	}
	i.pki.Clock.Advance(11 * time.Minute)
	if err := i.sign(t); err != "" || i.asked() == 0 {
		t.Errorf("11 minutes later: %s", err)
	}
	if err := i.sign(t, "PARAPH_TRUSTED_ROOT="+i.write(t, "root.json", i.pki.TrustedRoot()), "PARAPH_SIGNING_CONFIG="+i.write(t, "signing.json", i.pki.SigningConfig(i.servers.URLs, 1))); err != "" || i.asked() != 0 {
		t.Errorf("a trusted root is set: %s", err)
	}
}

// write puts a file into the home.
func (i *instance) write(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(i.home, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// On first use without the repository there is nothing to sign with: the
// error says what was tried. With services by key and a root in hand there is.
func TestSignOnFirstUse(t *testing.T) {
	i := newInstance(t)
	i.add(t, "mine")
	cache := filepath.Join(i.home, ".cache")
	if err := os.Rename(cache, cache+".away"); err != nil {
		t.Fatal(err)
	}
	i.down.Store(true)
	err := i.sign(t)
	for _, want := range []string{"run paraph trust update mine, where there is a network", "it was tried now", "status 502"} {
		if !strings.Contains(err, want) {
			t.Errorf("%s, want ...%s...", err, want)
		}
	}
	i.down.Store(false)
	if err := i.sign(t); err != "" {
		t.Errorf("the repository is back: %s", err)
	}
	i.env.Limits.TUF = 0 // the public instance's repository is not asked
	if err := i.sign(t, "PARAPH_INSTANCE=public"); !strings.Contains(err, "signing config of instance public: none is in hand: run paraph trust update public") {
		t.Errorf("public: %s", err)
	}
	keys := []string{"PARAPH_INSTANCE=public", "PARAPH_FULCIO=" + i.servers.URLs.Fulcio, "PARAPH_REKOR=" + i.servers.URLs.Rekor1}
	if err := i.sign(t, keys...); !strings.Contains(err, "which the trusted root does not know") {
		t.Errorf("public, with services by key: %s", err)
	}
}

func TestSignWithInstanceByFile(t *testing.T) {
	i := newInstance(t)
	if r := i.ask(t, agent.TrustRequest{Do: agent.TrustAdd, Instances: []string{"mine"}, TrustedRoot: i.pki.TrustedRoot(), SigningConfig: i.pki.SigningConfig(i.servers.URLs, 2)}); r.Error != "" {
		t.Fatal(r.Error)
	}
	if err := i.sign(t); err != "" {
		t.Error(err)
	}
	// A new root by file, of another CA: what this one certifies is unknown.
	if r := i.ask(t, agent.TrustRequest{Do: agent.TrustImport, Instances: []string{"mine"}, TrustedRoot: i.pki.Other().TrustedRoot()}); r.Error != "" {
		t.Fatal(r.Error)
	}
	if err := i.sign(t); !strings.Contains(err, "which the trusted root") && !strings.Contains(err, "does not chain") {
		t.Error(err)
	}
	if i.asked() != 0 {
		t.Error("the repository was asked")
	}
}

func TestUpdateAndImport(t *testing.T) {
	i := newInstance(t)
	i.add(t, "mine")
	i.repo.Target("trusted_root.json", i.pki.TrustedRoot(func(r *testpki.Root) { r.CTLogs = nil }))
	i.repo.Publish()
	if r := i.ask(t, agent.TrustRequest{Do: agent.TrustUpdate, Instances: []string{"mine"}}); r.Error != "" || !r.RootChanged || r.After.Versions.Targets != 2 {
		t.Errorf("%+v", r)
	}
	i.repo.PublishTimestamp()
	folder := t.TempDir()
	if err := i.repo.Write(folder); err != nil {
		t.Fatal(err)
	}
	i.asked()
	if r := i.ask(t, agent.TrustRequest{Do: agent.TrustImport, Instances: []string{"mine"}, Folder: folder}); r.Error != "" || r.RootChanged || r.After.Versions.Timestamp != 3 || i.asked() != 0 {
		t.Errorf("%+v", r)
	}
}

func TestTrustRefuses(t *testing.T) {
	i := newInstance(t)
	i.add(t, "mine")
	i.ask(t, agent.TrustRequest{Do: agent.TrustAdd, Instances: []string{"filed"}, TrustedRoot: i.pki.TrustedRoot(), SigningConfig: i.pki.SigningConfig(i.servers.URLs, 2)})
	names, err := store.New(i.env.Environ).Names()
	if err != nil || !slices.Equal(names, []string{"public", "staging", "filed", "mine"}) {
		t.Fatalf("%q, %v", names, err)
	}
	root := i.repo.RootFile()
	noChain := i.pki.TrustedRoot(func(r *testpki.Root) {
		r.CertificateAuthorities[0].CertChain.Certificates[1].RawBytes = i.pki.Other().CARoot.Raw
	})
	for name, tt := range map[string]struct {
		request agent.TrustRequest // for the name before the colon
		want    string
		usage   bool
	}{
		"public: known by name":         {agent.TrustRequest{Do: agent.TrustAdd, Repository: i.url, Root: root}, "instance public is known by name and cannot be another one", true},
		"smime: reserved":               {agent.TrustRequest{Do: agent.TrustAdd, Repository: i.url, Root: root}, "known by name", true},
		"A/b: no name":                  {agent.TrustRequest{Do: agent.TrustAdd, Repository: i.url, Root: root}, "is not the name of an instance", true},
		"mine: added already":           {agent.TrustRequest{Do: agent.TrustAdd, Repository: i.url, Root: root}, "known already: take another name, or remove " + i.home, true},
		"filed: added already, by file": {agent.TrustRequest{Do: agent.TrustAdd, TrustedRoot: i.pki.TrustedRoot()}, "known already", true},
		"new: plain http":               {agent.TrustRequest{Do: agent.TrustAdd, Repository: "http://tuf.example.com", Root: root}, `--tuf: "http://tuf.example.com" is not an https URL`, true},
		"new: root of garbage":          {agent.TrustRequest{Do: agent.TrustAdd, Repository: i.url, Root: []byte("{}")}, "the TUF root of instance new", false},
		"new: root of somebody else":    {agent.TrustRequest{Do: agent.TrustAdd, Repository: i.url, Root: tufrepo.New(now).RootFile()}, "TUF threshold", false},
		"new: nobody is there":          {agent.TrustRequest{Do: agent.TrustAdd, Repository: "http://127.0.0.1:1", Root: root}, "connection refused", false},
		"new: trusted root, no chain":   {agent.TrustRequest{Do: agent.TrustAdd, TrustedRoot: noChain}, "is not signed by the next", false},
		"new: signing config, garbage":  {agent.TrustRequest{Do: agent.TrustAdd, TrustedRoot: i.pki.TrustedRoot(), SigningConfig: []byte("{")}, "signing config", false},
		"new: nothing to update":        {agent.TrustRequest{Do: agent.TrustUpdate}, "instance new: the instance is not known here", true},
		"filed: no repository":          {agent.TrustRequest{Do: agent.TrustUpdate}, "paraph trust import --instance filed FILE", true},
		"filed: a folder":               {agent.TrustRequest{Do: agent.TrustImport, Folder: i.home}, "import a trusted_root.json", true},
		"mine: a file":                  {agent.TrustRequest{Do: agent.TrustImport, TrustedRoot: i.pki.TrustedRoot()}, "import a folder with a copy", true},
		"mine: an empty folder":         {agent.TrustRequest{Do: agent.TrustImport, Folder: t.TempDir()}, "must be a whole copy of the TUF repository", false},
		"mine: no folder":               {agent.TrustRequest{Do: agent.TrustImport, Folder: "/nowhere"}, "must be a whole copy of the TUF repository", false},
		"filed: a file of garbage":      {agent.TrustRequest{Do: agent.TrustImport, TrustedRoot: []byte("{}")}, "media type", false},
	} {
		t.Run(name, func(t *testing.T) {
			instance, _, _ := strings.Cut(name, ":")
			tt.request.Instances = []string{instance}
			if r := i.ask(t, tt.request); !strings.Contains(r.Error, tt.want) || r.Usage != tt.usage {
				t.Errorf("%+v, want ...%s...", r, tt.want)
			}
			if got, err := store.New(i.env.Environ).Names(); err != nil || !slices.Equal(got, names) {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
	if r, err := store.New(i.env.Environ).TrustedRoot("filed"); err != nil || len(r.CAs) != 1 {
		t.Errorf("%v", err)
	}
}

// What is not a request gets an error, and one that has no instance to speak
// for a status that says so.
func TestNotATrustRequest(t *testing.T) {
	for stdin, want := range map[string]string{
		"": "reading the request", "[]": "reading the request", `{"do":"remove","instances":["mine"]}`: `"remove" for 1 instances`,
		`{"do":"add","instances":["a","b"]}`: `"add" for 2 instances`, `{"do":"import"}`: `"import" for 0 instances`,
		strings.Repeat(" ", agent.MaxTrust+1): "more than 4194304 bytes",
	} {
		c, _, _ := newCall(t)
		c.env.Args, c.env.Stdin = []string{"trust", "--client-version", version.String()}, strings.NewReader(stdin)
		var r agent.TrustReply
		if status := Run(t.Context(), c.env); status != 1 || json.Unmarshal(c.stdout.Bytes(), &r) != nil || !strings.Contains(r.Error, want) {
			t.Errorf("%.40s: status %d, %+v", stdin, status, r)
		}
	}
	c, _, _ := newCall(t)
	c.env.Args = []string{"trust", "--client-version", "v0.0.1"}
	if status := Run(t.Context(), c.env); status != 1 || !strings.Contains(c.stdout.String(), "paraph is version v0.0.1") {
		t.Errorf("status %d, %s", status, c.stdout.String())
	}
}
