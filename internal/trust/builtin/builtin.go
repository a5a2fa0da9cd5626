// Package builtin is what paraph brings along, so that a fresh installation
// verifies without any network: the trusted root of the public Sigstore
// instance, as it was when this version was made; and the TUF roots with which
// updates of the public instance and of staging begin.
package builtin

import (
	_ "embed" // for the files
	"time"

	"github.com/paraph/paraph/internal/trust"
)

// The instances that are known by name. Only of the first is a trusted root
// built in.
const (
	Instance = "public"
	Staging  = "staging"
)

// Taken is the day on which the files were taken from their packages.
const Taken = "2026-11-24"

// trustedRoot is trusted_root.json of the npm package @sigstore/tuf 4.0.2,
// written by hack/builtin, as the other files are.
//
//go:embed trusted_root.json
var trustedRoot []byte

// publicTUF is root.json of the same package, version PublicVersion.
//
//go:embed tuf_public.json
var publicTUF []byte

// stagingTUF is staging_root.json of the module github.com/sigstore/sigstore-go
// v1.3.0.
//
//go:embed tuf_staging.json
var stagingTUF []byte

// The versions of the two TUF roots.
const (
	PublicVersion  = 14
	StagingVersion = 13
)

// Where the two instances keep their TUF repositories.
const (
	publicURL  = "https://tuf-repo-cdn.sigstore.dev"
	stagingURL = "https://tuf-repo-cdn.sigstage.dev"
)

// Checked is Taken as a time: the beginning of that day.
func Checked() time.Time { return time.Date(2026, time.November, 24, 0, 0, 0, 0, time.UTC) }

// Root returns the built-in trusted root. Each call parses it anew.
func Root() (*trust.Root, error) { return RootBy(trust.Parse) }

// RootBy is Root, read by the given parser.
func RootBy(parse trust.Parser) (*trust.Root, error) {
	r, err := parse(trustedRoot, Instance)
	if err != nil {
		return nil, err
	}
	r.Origin = "built in, taken on " + Taken
	r.Checked = Checked()
	return r, nil
}

// A Repository is a TUF repository and the root with which trust in it begins.
type Repository struct {
	URL     string
	Root    []byte
	Version int64 // of Root
}

// TUF returns the repository of an instance that is known by name.
func TUF(instance string) (r Repository, known bool) {
	switch instance {
	case Instance:
		return Repository{publicURL, publicTUF, PublicVersion}, true
	case Staging:
		return Repository{stagingURL, stagingTUF, StagingVersion}, true
	}
	return r, false
}
