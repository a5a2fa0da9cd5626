/*
Builtin takes the public Sigstore instance's trusted root, which paraph has
built in, out of the npm package @sigstore/tuf, and writes it where the
program embeds it:

	go run ./hack/builtin

The modules of the Go ecosystem carry older ones. internal/trust/builtin has
the digest that the result must have: a newer package changes it there, on
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
	output     = "internal/trust/builtin/trusted_root.json"
	maxSeeds   = 8 << 20 // bytes
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

func run(dir string) error {
	cmd := exec.Command("npm", "pack", "--silent", "--pack-destination", dir, npmPackage)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("npm pack %s: %w", npmPackage, err)
	}
	packages, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(packages) != 1 {
		return fmt.Errorf("npm pack left %d packages", len(packages))
	}
	seeds, err := readSeeds(packages[0])
	if err != nil {
		return err
	}
	var repositories map[string]struct {
		Targets map[string][]byte `json:"targets"`
	}
	if err := json.Unmarshal(seeds, &repositories); err != nil {
		return fmt.Errorf("seeds.json: %w", err)
	}
	root := repositories[repository].Targets[target]
	if _, err := trust.Parse(root, "public"); err != nil {
		return err
	}
	return os.WriteFile(output, root, 0o644)
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
