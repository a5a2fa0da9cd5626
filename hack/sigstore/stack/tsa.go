package stack

import (
	"os"
	"time"

	"github.com/sigstore/timestamp-authority/v2/pkg/server"
	"github.com/spf13/viper"
)

const (
	tsaPath      = "/api/v1/timestamp"
	tsaPolicy    = "1.3.6.1.4.1.57264.2" // the public authority's
	tsaBodyLimit = uint64(1 << 20)
)

// startTSA runs the timestamp authority (RFC 3161). Its configuration is the
// process' viper, its API a package variable.
func (s *Stack) startTSA(t *trustMaterial) error {
	key, err := t.makeTSA()
	if err != nil {
		return err
	}
	keyFile, err := s.writeKey("tsa-key.pem", key)
	if err != nil {
		return err
	}
	chainFile := s.path(stateDir, "tsa-chain.pem")
	if err := os.WriteFile(chainFile, certificatesPEM(t.tsaChain), publicFile); err != nil {
		return err
	}
	for name, value := range map[string]any{
		"timestamp-signer":       "file",
		"timestamp-signer-hash":  "sha256",
		"file-signer-key-path":   keyFile,
		"certificate-chain-path": chainFile,
		"default-policy-oid":     tsaPolicy,
		"accepted-policy-oids":   []string{tsaPolicy},
		"max-request-body-size":  tsaBodyLimit, // Rekor v2 reads the same name
	} {
		viper.Set(name, value)
	}
	handler := server.NewRestAPIServer(loopback, 0, []string{"http"}, false, time.Minute, time.Minute).GetHandler()
	url, err := s.serveNew(handler)
	if err != nil {
		return err
	}
	s.Endpoints.TSA = url + tsaPath
	return nil
}
