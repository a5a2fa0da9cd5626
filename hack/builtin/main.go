/*
Builtin takes what paraph has built in out of other people's packages, and
writes it where the program embeds it:

	go run ./hack/builtin

The public Sigstore instance's trusted root and TUF root come from the npm
package @sigstore/tuf: the modules of the Go ecosystem carry older ones.
Staging's TUF root comes from the module github.com/sigstore/sigstore-go, of
which paraph needs no more than this file. internal/trust/builtin has the
digests that the results must have: a newer package changes them there, on
purpose and in sight.
*/
package main

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/paraph/paraph/internal/trust"
)

const (
	npmPackage = "@sigstore/tuf@4.0.2"
	repository = "https://tuf-repo-cdn.sigstore.dev" // the key of the public instance in seeds.json
	target     = "trusted_root.json"
	maxSeeds   = 8 << 20 // bytes

	goModule    = "github.com/sigstore/sigstore-go@v1.3.0"
	stagingRoot = "pkg/tuf/repository/staging_root.json"

	output = "internal/trust/builtin"
)

func main() {
	dir, err := os.MkdirTemp("", "paraph-builtin-")
	if err == nil {
		err = errors.Join(run(dir), os.RemoveAll(dir))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "builtin:", err)
		os.Exit(1)
	}
}

// run collects all files before it writes the first.
func run(dir string) error {
	trusted, public, err := fromNPM(dir)
	if err != nil {
		return err
	}
	staging, err := fromModule(dir)
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(output, "trusted_root.json"), trusted, 0o644),
		os.WriteFile(filepath.Join(output, "tuf_public.json"), public, 0o644),
		os.WriteFile(filepath.Join(output, "tuf_staging.json"), staging, 0o644),
	)
}

// fromNPM returns the public instance's trusted root and its TUF root.
func fromNPM(dir string) (trusted, root []byte, err error) {
	cmd := exec.Command("npm", "pack", "--silent", "--pack-destination", dir, npmPackage)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, nil, fmt.Errorf("npm pack %s: %w", npmPackage, err)
	}
	packages, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(packages) != 1 {
		return nil, nil, fmt.Errorf("npm pack left %d packages", len(packages))
	}
	seeds, err := readSeeds(packages[0])
	if err != nil {
		return nil, nil, err
	}
	var repositories map[string]struct {
		Root    []byte            `json:"root.json"`
		Targets map[string][]byte `json:"targets"`
	}
	if err := json.Unmarshal(seeds, &repositories); err != nil {
		return nil, nil, fmt.Errorf("seeds.json: %w", err)
	}
	public := repositories[repository]
	if len(public.Root) == 0 {
		return nil, nil, fmt.Errorf("seeds.json: there is no TUF root of %s", repository)
	}
	_, err = trust.Parse(public.Targets[target], "public")
	return public.Targets[target], public.Root, err
}

// fromModule returns staging's TUF root. In a folder without go.mod the module
// stays out of paraph's own.
func fromModule(dir string) ([]byte, error) {
	cmd := exec.Command("go", "mod", "download", "-json", goModule)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go mod download %s: %w", goModule, err)
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(out, &module); err != nil {
		return nil, fmt.Errorf("go mod download: %w", err)
	}
	return os.ReadFile(filepath.Join(module.Dir, filepath.FromSlash(stagingRoot)))
}

// readSeeds returns package/seeds.json of an npm package.
func readSeeds(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err != nil {
			return nil, fmt.Errorf("%s: seeds.json: %w", filepath.Base(name), err)
		}
		if h.Name == "package/seeds.json" {
			return io.ReadAll(io.LimitReader(r, maxSeeds))
		}
	}
}
