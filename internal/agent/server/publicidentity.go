package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/paraph/paraph/internal/config"
	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/oidc"
	"github.com/paraph/paraph/internal/report"
	"github.com/paraph/paraph/internal/terminal"
	"github.com/paraph/paraph/internal/trust/builtin"
)

// publicKey is the setting that answers the question beforehand.
const publicKey = "paraph.publicIdentity"

// isPublic reports whether what signs writes into logs that all the world
// reads. Of an instance that the user added, the user knows.
func isPublic(cfg *config.Signing) bool {
	return !cfg.TrustedRoot.Set() && slices.Contains([]string{builtin.Instance, builtin.Staging}, cfg.Instances[0])
}

// askPublic asks, before somebody logs in for the first time, whether their
// identity may be in public for ever. Anything but a yes is an error, and
// nobody has heard of them then.
func (env Env) askPublic(ctx context.Context, cfg *config.Signing, tty io.ReadWriter) error {
	if !isPublic(cfg) || cfg.PublicIdentity {
		return nil
	}
	fmt.Fprintf(tty, "paraph: whoever signs with the instance %s is in its public logs: e-mail address, issuer and time\n"+
		"paraph: stay there for all to read, for ever; nobody can take them out\n", cfg.Instances[0])
	yes, err := terminal.Ask(ctx, tty, "paraph: is that all right, now and from now on?")
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("nobody answered in time whether the identity may be public: try again")
	case err != nil:
		return err
	case !yes:
		return fmt.Errorf("the identity is not to be public, and was not sent to anybody; %s = accepted allows it, and paraph.instance names another instance", publicKey)
	}
	said := "paraph: git config --global " + publicKey + " accepted: it is not asked again"
	if err := env.acceptPublic(ctx); err != nil {
		said = fmt.Sprintf("paraph: %s could not be set, and it is asked again: %v", publicKey, err)
	}
	fmt.Fprintln(tty, report.Escape(said))
	return nil
}

// acceptPublic remembers the answer in git's configuration.
func (env Env) acceptPublic(ctx context.Context) error {
	// git puts a new file in the place of what is there, be it /dev/null.
	if file := env.globalConfig(); file != "" {
		if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
			return fmt.Errorf("GIT_CONFIG_GLOBAL is %s, which is not a file", file)
		}
	}
	_, err := gitcmd.New("", env.Environ).Output(ctx, "config", "--global", publicKey, "accepted")
	return err
}

func (env Env) globalConfig() string {
	for _, entry := range slices.Backward(env.Environ) {
		if file, ok := strings.CutPrefix(entry, "GIT_CONFIG_GLOBAL="); ok {
			return file
		}
	}
	return ""
}

// checkPublic sees to it that no job tells the world of a repository that not
// all the world may see: the certificate names repository, workflow and commit.
func checkPublic(cfg *config.Signing, token *oidc.Token) error {
	claim := token.Private()
	if claim == "" || !isPublic(cfg) || cfg.PublicIdentity {
		return nil
	}
	return &config.Error{Message: fmt.Sprintf("the job's repository is not public (%s), and instance %s writes its name, workflow and commit into public logs: set %s = accepted to allow it, or sign with another paraph.instance", claim, cfg.Instances[0], publicKey)}
}
