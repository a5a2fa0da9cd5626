package stack

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"net/http"
	"os"
	"time"

	"github.com/google/certificate-transparency-go/trillian/ctfe"
	"github.com/google/certificate-transparency-go/trillian/ctfe/cache"
	"github.com/google/certificate-transparency-go/trillian/ctfe/configpb"
	"github.com/google/trillian/crypto/keys"
	"github.com/google/trillian/crypto/keys/der"
	"github.com/google/trillian/crypto/keyspb"
	"github.com/google/trillian/monitoring"
	"google.golang.org/protobuf/types/known/anypb"
)

const (
	ctPrefix     = "test" // as the public log's
	ctMergeDelay = 24 * time.Hour
	ctDeadline   = 10 * time.Second
)

// startCTLog runs CTFE, the certificate transparency log (RFC 6962), for
// certificates that lead to t's root.
func (s *Stack) startCTLog(ctx context.Context, t *trustMaterial, trees *trillianServer) error {
	tree, err := trees.newTree(ctx, "ctlog")
	if err != nil {
		return err
	}
	rootFile := s.path(stateDir, "fulcio-root.pem")
	if err := os.WriteFile(rootFile, certificatesPEM(t.caChain[len(t.caChain)-1:]), publicFile); err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	keyProto, err := ctfeKey(key)
	if err != nil {
		return err
	}
	config, err := ctfe.ValidateLogConfig(&configpb.LogConfig{
		LogId:            tree,
		Prefix:           ctPrefix,
		RootsPemFile:     []string{rootFile},
		PrivateKey:       keyProto,
		ExtKeyUsages:     []string{"CodeSigning"},
		MaxMergeDelaySec: int32(ctMergeDelay / time.Second),
	})
	if err != nil {
		return err
	}
	log, err := ctfe.SetUpInstance(ctx, ctfe.InstanceOptions{
		Validated:     config,
		Client:        trees.log,
		Deadline:      ctDeadline,
		MetricFactory: monitoring.InertMetricFactory{},
		RequestLog:    new(ctfe.DefaultRequestLog),
		CacheType:     cache.NOOP,
	})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	for path, handler := range log.Handlers {
		mux.Handle(path, handler)
	}
	url, err := s.serveNew(mux)
	if err != nil {
		return err
	}
	t.ctKey = key.Public()
	s.Endpoints.CTLog = url + "/" + ctPrefix
	return nil
}

// ctfeKey wraps a key the way that CTFE takes without a file and a password.
func ctfeKey(key *ecdsa.PrivateKey) (*anypb.Any, error) {
	b, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	keys.RegisterHandler(&keyspb.PrivateKey{}, der.FromProto)
	return anypb.New(&keyspb.PrivateKey{Der: b})
}
