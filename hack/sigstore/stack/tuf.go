package stack

import (
	"crypto"
	"crypto/ed25519"
	"encoding/hex"
	"net/http"
	"os"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

const tufLifetime = 365 * 24 * time.Hour

// startTUF makes a TUF repository with a key for each role and consistent
// snapshots, whose targets are the documents of writeTrust under the names
// that the public instance gives them, and serves it as files.
func (s *Stack) startTUF() error {
	if err := os.Mkdir(s.path(tufDir, "targets"), privateDir); err != nil {
		return err
	}
	expires := time.Now().Add(tufLifetime).UTC().Truncate(time.Second)
	targets := metadata.Targets(expires)
	for _, name := range []string{TrustedRootFile, SigningConfigFile, SigningConfigRekor2} {
		target, err := s.addTarget(name)
		if err != nil {
			return err
		}
		targets.Signed.Targets[name] = target
	}
	root, err := s.signTUF(expires, targets)
	if err != nil {
		return err
	}
	for _, name := range []string{s.path(tufDir, "1.root.json"), s.path(tufDir, "root.json"), s.path(TUFRootFile)} {
		if err := root.ToFile(name, true); err != nil {
			return err
		}
	}
	s.Endpoints.TUF, err = s.serveNew(http.FileServer(http.Dir(s.path(tufDir))))
	return err
}

// addTarget copies a document to where clients of consistent snapshots look:
// a file per hash (TUF specification, section 6.2).
func (s *Stack) addTarget(name string) (*metadata.TargetFiles, error) {
	target, err := metadata.TargetFile().FromFile(s.path(name), "sha256", "sha512")
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(s.path(name))
	if err != nil {
		return nil, err
	}
	for _, hash := range target.Hashes {
		file := hex.EncodeToString(hash) + "." + name
		if err := os.WriteFile(s.path(tufDir, "targets", file), b, publicFile); err != nil {
			return nil, err
		}
	}
	return target, nil
}

// signTUF makes the four roles' keys, signs their metadata, writes all but the
// root to the repository, and returns the root.
func (s *Stack) signTUF(expires time.Time, targets *metadata.Metadata[metadata.TargetsType]) (*metadata.Metadata[metadata.RootType], error) {
	root := metadata.Root(expires)
	root.Signed.ConsistentSnapshot = true
	signers := map[string]signature.Signer{}
	for _, role := range []string{metadata.ROOT, metadata.TARGETS, metadata.SNAPSHOT, metadata.TIMESTAMP} {
		pub, key, err := ed25519.GenerateKey(nil)
		if err != nil {
			return nil, err
		}
		if signers[role], err = signature.LoadSigner(key, crypto.Hash(0)); err != nil {
			return nil, err
		}
		tufKey, err := metadata.KeyFromPublicKey(pub)
		if err != nil {
			return nil, err
		}
		if err := root.Signed.AddKey(tufKey, role); err != nil {
			return nil, err
		}
	}
	if _, err := root.Sign(signers[metadata.ROOT]); err != nil {
		return nil, err
	}
	if err := signTo(targets, signers[metadata.TARGETS], s.path(tufDir, "1.targets.json")); err != nil {
		return nil, err
	}
	if err := signTo(metadata.Snapshot(expires), signers[metadata.SNAPSHOT], s.path(tufDir, "1.snapshot.json")); err != nil {
		return nil, err
	}
	return root, signTo(metadata.Timestamp(expires), signers[metadata.TIMESTAMP], s.path(tufDir, "timestamp.json"))
}

func signTo[T metadata.Roles](m *metadata.Metadata[T], signer signature.Signer, path string) error {
	if _, err := m.Sign(signer); err != nil {
		return err
	}
	return m.ToFile(path, true)
}
