package stack

import (
	"cmp"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/google/certificate-transparency-go/client"
	"github.com/google/certificate-transparency-go/jsonclient"
	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/sigstore/fulcio/pkg/ca"
	"github.com/sigstore/fulcio/pkg/ca/baseca"
	"github.com/sigstore/fulcio/pkg/certificate"
	"github.com/sigstore/fulcio/pkg/config"
	fulciopb "github.com/sigstore/fulcio/pkg/generated/protobuf"
	"github.com/sigstore/fulcio/pkg/identity"
	"github.com/sigstore/fulcio/pkg/server"
	v1 "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	"github.com/sigstore/sigstore/pkg/signature"
	"google.golang.org/grpc/metadata"
)

const ciProvider = "github-workflow"

// startFulcio runs Fulcio's v2 API. The issuer and the CT log must be up:
// Fulcio asks the issuer for its keys right away.
func (s *Stack) startFulcio(ctx context.Context, t *trustMaterial, o Options) error {
	ctLog, err := client.New(s.Endpoints.CTLog, http.DefaultClient, jsonclient.Options{})
	if err != nil {
		return err
	}
	configJSON, err := json.Marshal(fulcioConfig(s.Endpoints.Issuer))
	if err != nil {
		return err
	}
	cfg, err := config.Read(configJSON)
	if err != nil {
		return err
	}
	algorithms, err := signature.NewAlgorithmRegistryConfig([]v1.PublicKeyDetails{
		v1.PublicKeyDetails_PKIX_ECDSA_P256_SHA_256,
		v1.PublicKeyDetails_PKIX_ECDSA_P384_SHA_384,
		v1.PublicKeyDetails_PKIX_ED25519,
	})
	if err != nil {
		return err
	}
	signer := &authority{
		BaseCA:   baseca.BaseCA{SignerWithChain: &ca.SignerCerts{Signer: t.caKey, Certs: t.caChain}},
		lifetime: o.CertLifetime, lifetimes: o.CertLifetimes,
		counters: &s.counters,
	}
	gateway := runtime.NewServeMux(runtime.WithMetadata(func(_ context.Context, r *http.Request) metadata.MD {
		return metadata.Pairs(server.MetadataOIDCTokenKey, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	}))
	api := server.NewGRPCCAServer(ctLog, signer, algorithms, server.NewIssuerPool(cfg))
	if err := fulciopb.RegisterCAHandlerServer(ctx, gateway, api); err != nil {
		return err
	}
	s.Endpoints.Fulcio, err = s.serveNew(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		gateway.ServeHTTP(w, r.WithContext(config.With(r.Context(), cfg)))
	}))
	return err
}

// fulcioConfig trusts the issuer for people and issuer+ciPath for workflows.
func fulcioConfig(issuer string) *config.FulcioConfig {
	return &config.FulcioConfig{
		OIDCIssuers: map[string]config.OIDCIssuer{
			issuer: {IssuerURL: issuer, ClientID: clientID, Type: config.IssuerTypeEmail},
			issuer + ciPath: {
				IssuerURL: issuer + ciPath, ClientID: clientID,
				Type: config.IssuerTypeCIProvider, CIProvider: ciProvider,
			},
		},
		CIIssuerMetadata: map[string]config.IssuerMetadata{ciProvider: githubWorkflow},
	}
}

// githubWorkflow says which claim of a GitHub Actions token becomes which
// extension of the certificate, as the public instance has it: Fulcio,
// docs/oid-info.md. A value without braces is the name of a claim.
var githubWorkflow = config.IssuerMetadata{
	DefaultTemplateValues: map[string]string{"url": "https://github.com", "environment": ""},
	ExtensionTemplates: certificate.Extensions{
		GithubWorkflowTrigger:               "event_name",
		GithubWorkflowSHA:                   "sha",
		GithubWorkflowName:                  "workflow",
		GithubWorkflowRepository:            "repository",
		GithubWorkflowRef:                   "ref",
		BuildSignerURI:                      "{{ .url }}/{{ .job_workflow_ref }}",
		BuildSignerDigest:                   "job_workflow_sha",
		RunnerEnvironment:                   "runner_environment",
		SourceRepositoryURI:                 "{{ .url }}/{{ .repository }}",
		SourceRepositoryDigest:              "sha",
		SourceRepositoryRef:                 "ref",
		SourceRepositoryIdentifier:          "repository_id",
		SourceRepositoryOwnerURI:            "{{ .url }}/{{ .repository_owner }}",
		SourceRepositoryOwnerIdentifier:     "repository_owner_id",
		BuildConfigURI:                      "{{ .url }}/{{ .workflow_ref }}",
		BuildConfigDigest:                   "workflow_sha",
		BuildTrigger:                        "event_name",
		RunInvocationURI:                    "{{ .url }}/{{ .repository }}/actions/runs/{{ .run_id }}/attempts/{{ .run_attempt }}",
		SourceRepositoryVisibilityAtSigning: "repository_visibility",
		DeploymentEnvironment:               "environment",
	},
	SubjectAlternativeNameTemplate: "{{ .url }}/{{ .job_workflow_ref }}",
}

// authority is Fulcio's own CA, over a key in memory, whose certificates may
// live shorter or longer than the ten minutes that Fulcio has fixed.
type authority struct {
	baseca.BaseCA
	lifetime  time.Duration            // zero: Fulcio's
	lifetimes map[string]time.Duration // of those for somebody
	counters  *counters
}

// CreatePrecertificate makes the certificate that goes to the CT log (RFC
// 6962, section 3.1). The final one is made from it, so this is the one place
// that decides on its end.
func (a *authority) CreatePrecertificate(ctx context.Context, who identity.Principal, key crypto.PublicKey) (*ca.CodeSigningPreCertificate, error) {
	pre, err := a.BaseCA.CreatePrecertificate(ctx, who, key)
	if err != nil {
		return nil, err
	}
	a.counters.certificate(who.Name(ctx))
	lifetime := cmp.Or(a.lifetimes[who.Name(ctx)], a.lifetime)
	if lifetime == 0 {
		return pre, nil
	}
	template := pre.PreCert
	template.NotAfter = template.NotBefore.Add(lifetime)
	template.ExtraExtensions = template.Extensions
	der, err := x509.CreateCertificate(rand.Reader, template, pre.CertChain[0], key, pre.PrivateKey)
	if err != nil {
		return nil, err
	}
	pre.PreCert, err = x509.ParseCertificate(der)
	return pre, err
}
