package stack

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// rekor1Program is what Rekor v1 needs to run: its server, which this module
// builds, and redis, which is the search index.
type rekor1Program struct {
	server string
	redis  string
}

// findRekor1 finds redis and builds the server, or takes it from Go's build
// cache: the module lists it as a tool.
func findRekor1(ctx context.Context) (*rekor1Program, error) {
	redis, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, fmt.Errorf("rekor v1 needs redis; on Debian: apt-get install redis-server (%w)", err)
	}
	out, err := exec.CommandContext(ctx, "go", "tool", "-n", "rekor-server").Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, strings.TrimSpace(string(exit.Stderr)))
		}
		return nil, fmt.Errorf("build rekor v1 (go tool -n rekor-server, inside of hack/sigstore): %w", err)
	}
	return &rekor1Program{server: strings.TrimSpace(string(out)), redis: redis}, nil
}

// startRekor1 runs Rekor v1 with its search index as two child processes. It
// does nothing if program is nil.
func (s *Stack) startRekor1(ctx context.Context, t *trustMaterial, trees *trillianServer, program *rekor1Program) error {
	if program == nil {
		return nil
	}
	tree, err := trees.newTree(ctx, "rekor1")
	if err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	keyFile, err := s.writeKey("rekor1-key.pem", key)
	if err != nil {
		return err
	}
	ports, err := freePorts(2)
	if err != nil {
		return err
	}
	env := []string{"HOME=" + s.path(stateDir)} // where Rekor looks for a configuration
	if _, err := s.startChild("redis", env, program.redis,
		"--bind", loopback, "--port", fmt.Sprint(ports[0]), "--save", "", "--appendonly", "no"); err != nil {
		return err
	}
	server, err := s.startChild("rekor1", env, program.server, "serve",
		"--rekor_server.address="+loopback,
		fmt.Sprintf("--port=%d", ports[1]),
		"--rekor_server.hostname="+loopback, // in checkpoints: the host of its URL
		"--rekor_server.signer="+keyFile,
		"--trillian_log_server.address="+trees.addr.IP.String(),
		fmt.Sprintf("--trillian_log_server.port=%d", trees.addr.Port),
		fmt.Sprintf("--trillian_log_server.tlog_id=%d", tree),
		"--redis_server.address="+loopback,
		fmt.Sprintf("--redis_server.port=%d", ports[0]),
	)
	if err != nil {
		return err
	}
	url := fmt.Sprintf("http://%s:%d", loopback, ports[1])
	if err := (request{url: url + "/api/v1/log"}).await(ctx, server.done); err != nil {
		return fmt.Errorf("%w; see %s", err, s.path(logDir, "rekor1.log"))
	}
	t.rekor1Key = key.Public()
	s.Endpoints.Rekor1 = url
	return nil
}
