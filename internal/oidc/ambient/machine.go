package ambient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"

	"github.com/paraph/paraph/internal/httpclient"
)

// projected is where tools of this field look for a token that the platform
// keeps fresh: a projected volume of a pod, most often.
const projected = "var/run/sigstore/cosign/oidc-token"

func onKubernetes(e *Env) bool {
	_, err := fs.Stat(e.Files, projected)
	return err == nil
}

func fromKubernetes(_ context.Context, e *Env) (string, error) {
	return e.readFile(projected, maxAnswer)
}

// readFile reads the first limit bytes of a file. Only a file: opening a pipe
// would wait for a writer.
func (e *Env) readFile(name string, limit int64) (string, error) {
	info, err := fs.Stat(e.Files, name)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("/%s is not a file", name)
	}
	f, err := e.Files.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit))
	return string(data), err
}

// productName is what the firmware says the machine is.
const (
	productName    = "sys/class/dmi/id/product_name"
	maxProductName = 64 // bytes
)

// onGoogle looks at what the firmware says: asking whether there is a metadata
// server would take seconds where there is none.
func onGoogle(e *Env) bool {
	if e.getenv(metadataHost) != "" {
		return true
	}
	name, err := e.readFile(productName, maxProductName)
	name = strings.TrimSpace(name)
	return err == nil && (name == "Google" || name == "Google Compute Engine")
}

// metadataHost names another host for the metadata server, as for Google's own
// libraries.
const metadataHost = "GCE_METADATA_HOST"

// maxAccessToken bounds Google's answer with an access token, in bytes.
const maxAccessToken = 16 << 10

// fromGoogle has the metadata server vouch for the machine's service account
// (Compute Engine's documentation, "Verify the identity of VMs"), or for that
// which the machine's account may impersonate (IAM's documentation,
// projects.serviceAccounts.generateIdToken).
func fromGoogle(ctx context.Context, e *Env) (string, error) {
	target := e.getenv("GOOGLE_SERVICE_ACCOUNT_NAME")
	if target == "" {
		token, err := e.metadata(ctx, "identity?format=full&audience="+url.QueryEscape(e.Audience), maxAnswer)
		return string(token), err
	}
	answer, err := e.metadata(ctx, "token?scopes="+url.QueryEscape("https://www.googleapis.com/auth/cloud-platform"), maxAccessToken)
	if err != nil {
		return "", err
	}
	access, err := member(answer, "access_token")
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(map[string]any{"audience": e.Audience, "includeEmail": true})
	if err != nil {
		return "", err
	}
	resp, err := e.Client.Do(ctx, httpclient.Request{
		Method: http.MethodPost, URL: e.IAM + "/v1/projects/-/serviceAccounts/" + url.PathEscape(target) + ":generateIdToken",
		ContentType: "application/json", Accept: "application/json", Body: body, Authorization: "Bearer " + access,
		Expect: []int{http.StatusOK}, MaxBody: maxAnswer, Secrets: []string{access},
	})
	if err != nil {
		return "", err
	}
	return member(resp.Body, "token")
}

// metadata asks the metadata server about the machine's service account.
func (e *Env) metadata(ctx context.Context, what string, limit int64) ([]byte, error) {
	host := e.getenv(metadataHost)
	if host == "" {
		host = httpclient.MetadataHost
	}
	resp, err := e.Client.Do(ctx, httpclient.Request{
		Method: http.MethodGet, URL: "http://" + host + "/computeMetadata/v1/instance/service-accounts/default/" + what,
		Metadata: true, Expect: []int{http.StatusOK}, MaxBody: limit,
	})
	if err != nil {
		return nil, err
	}
	if resp.Header.Get(httpclient.MetadataFlavor) != "Google" {
		return nil, errors.New("what answers is not Google's metadata server")
	}
	return resp.Body, nil
}
