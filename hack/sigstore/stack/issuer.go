package stack

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

const (
	clientID      = "sigstore"
	password      = "password"
	tokenLifetime = 5 * time.Minute
	ciPath        = "/ci" // below the issuer: the issuer of workflow identities
)

// Users are the people who can log in at the issuer: the name is the e-mail
// address, the password is "password". [Stack.Mint] knows everybody.
var Users = []string{"alice@example.com", "bob@example.com", "carol@example.com", "mallory@example.com", "dave@example.com", "erin@example.com", "frank@example.com"}

// issuer is zitadel's OpenID provider over its storage in memory: code flow
// with PKCE, device flow, refresh tokens, and two endpoints that sign whatever
// claims they are given.
type issuer struct {
	url     string
	storage *issuerStorage
}

func (s *Stack) startIssuer(autoLogin bool) error {
	l, base, err := listen()
	if err != nil {
		return err
	}
	clients := map[string]*storage.Client{clientID: storage.NativeClient(clientID,
		"http://localhost/auth/callback", "http://127.0.0.1/auth/callback", "http://localhost/", "http://127.0.0.1/")}
	s.issuer = &issuer{url: base, storage: &issuerStorage{
		Storage:   storage.NewStorageWithClients(users{}, clients),
		autoLogin: autoLogin,
		counters:  &s.counters,
	}}
	provider := exampleop.SetupServer(base, s.issuer.storage, slog.Default(), false)

	mux := http.NewServeMux()
	mux.Handle("/", provider)
	mux.HandleFunc("POST /mint", s.issuer.mintHandler(personClaims))
	mux.HandleFunc("POST "+ciPath+"/mint", s.issuer.mintHandler(workflowClaims))
	mux.HandleFunc("GET "+ciPath+"/.well-known/openid-configuration", s.issuer.discoverCI)
	mux.HandleFunc("GET "+denyPath, s.issuer.deny)
	mux.HandleFunc("GET "+countsPath, s.answerCounts)
	if autoLogin {
		mux.HandleFunc("GET "+autoLoginPath, s.issuer.autoLogin)
	}
	s.serve(l, mux)
	s.Endpoints.Issuer = base
	return nil
}

// discoverCI answers for the second issuer, which has nothing but the first
// one's keys (OpenID Connect Discovery 1.0, section 4.2).
func (i *issuer) discoverCI(w http.ResponseWriter, _ *http.Request) {
	base := i.url + ciPath
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"issuer":                                base,
		"jwks_uri":                              i.url + "/keys",
		"authorization_endpoint":                base + "/authorize",
		"token_endpoint":                        base + "/token",
		"response_types_supported":              []string{"id_token"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
	})
}

const autoLoginPath = "/auto-login"

// autoLogin does what a person would do in the login form.
func (i *issuer) autoLogin(w http.ResponseWriter, r *http.Request) {
	id := r.FormValue("id")
	name := Users[0]
	request, err := i.storage.AuthRequestByID(r.Context(), id)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if a, ok := request.(*storage.AuthRequest); ok && a.LoginHint != "" {
		name = a.LoginHint
	}
	if err := i.storage.CheckUsernamePassword(name, password, id); err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	http.Redirect(w, r, i.url+"/auth/callback?id="+url.QueryEscape(id), http.StatusFound)
}

const denyPath = "/deny"

// deny does what a person does who does not want to log in, for whom the
// library's form has no button (RFC 6749, 4.1.2.1).
func (i *issuer) deny(w http.ResponseWriter, r *http.Request) {
	request, err := i.storage.AuthRequestByID(r.Context(), r.FormValue("authRequestID"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	back := url.Values{"error": {"access_denied"}, "error_description": {"alice said no"}, "state": {request.GetState()}}
	http.Redirect(w, r, request.GetRedirectURI()+"?"+back.Encode(), http.StatusFound)
}

// issuerStorage is the library's storage with a client that suits Sigstore.
type issuerStorage struct {
	*storage.Storage
	autoLogin bool
	counters  *counters
}

func (s *issuerStorage) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	c, err := s.Storage.GetClientByClientID(ctx, id)
	if err != nil {
		return nil, err
	}
	return &publicClient{Client: c, autoLogin: s.autoLogin}, nil
}

// publicClient is the library's native client with the device grant, and with
// the e-mail address in the ID token, where Fulcio looks for it.
type publicClient struct {
	op.Client
	autoLogin bool
}

func (*publicClient) IDTokenUserinfoClaimsAssertion() bool { return true }
func (*publicClient) IDTokenLifetime() time.Duration       { return tokenLifetime }
func (*publicClient) GrantTypes() []oidc.GrantType {
	return []oidc.GrantType{oidc.GrantTypeCode, oidc.GrantTypeRefreshToken, oidc.GrantTypeDeviceCode}
}

func (c *publicClient) LoginURL(id string) string {
	if c.autoLogin {
		return autoLoginPath + "?id=" + url.QueryEscape(id)
	}
	return c.Client.LoginURL(id)
}

// users is the storage's view of Users: id, name and address are the same.
type users struct{}

func (users) GetUserByID(id string) *storage.User {
	for _, u := range Users {
		if u == id {
			return &storage.User{ID: u, Username: u, Password: password, Email: u, EmailVerified: true}
		}
	}
	return nil
}

func (u users) GetUserByUsername(name string) *storage.User { return u.GetUserByID(name) }

// ExampleClientID names the library's service user, which has no part here.
func (users) ExampleClientID() string { return storage.ServiceUserID }
