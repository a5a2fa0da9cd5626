package stack

import (
	"os"

	"github.com/paraph/paraph/hack/sigstore/tufserver"
)

// startTUF serves the TUF repository whose targets are the documents of
// writeTrust, and writes down the root to start from.
func (s *Stack) startTUF() error {
	r, err := s.NewTUF()
	if err != nil {
		return err
	}
	s.onClose(r.Close)
	s.Endpoints.TUF = r.URL
	return os.WriteFile(s.path(TUFRootFile), r.Root(), publicFile)
}

// NewTUF makes one more TUF repository, with keys of its own, that says the
// same about this stack: for a test that changes it. The names of the targets
// are those of the public instance.
func (s *Stack) NewTUF() (*tufserver.Server, error) {
	documents := map[string][]byte{}
	for _, name := range []string{TrustedRootFile, SigningConfigFile, SigningConfigRekor2} {
		b, err := os.ReadFile(s.path(name))
		if err != nil {
			return nil, err
		}
		documents[name] = b
	}
	return tufserver.New(documents)
}
