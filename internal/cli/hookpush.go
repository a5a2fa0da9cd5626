package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/paraph/paraph/internal/push"
	"github.com/paraph/paraph/internal/report"
)

// prePush says on a developer's machine what the server would (githooks(5),
// pre-push).
func (h *hook) prePush(args []string) error {
	p, err := push.ReadPrePush(h.ctx, h.repo, args, h.env.Stdin, h.getenv)
	if err != nil {
		return refusal(err)
	}
	if len(p.Updates) == 0 {
		return nil
	}
	if err := h.settings(false); err != nil {
		return refusal(err)
	}
	h.opts.Before, h.opts.Early = p.Before, true
	if h.opts.PolicyRef == "" && p.Before.Head == "" {
		return h.notJudged("nobody knows here which branch of %s has the policy: git remote set-head %[1]s --auto, or paraph.hook.policyRef", p.Remote)
	}
	out, err := push.Judge(h.ctx, h.repo, p.Updates, h.opts)
	if err == nil && out.Absent {
		return h.notJudged("%s of %s has no policy as far as is known here, and paraph.hook.policy is not set", out.PolicyRef, p.Remote)
	}
	return h.outcome(out, err)
}

// notJudged says that a push goes on that nobody judged: most repositories have
// no policy, and this hook may be in all of them.
func (h *hook) notJudged(format string, args ...any) error {
	_, err := fmt.Fprintf(h.env.Stderr, "paraph: nothing was checked: %s\n", report.Escape(fmt.Sprintf(format, args...)))
	return err
}

// auditLog is the file in a repository that says what became of pushes.
const auditLog = "paraph-audit.ndjson"

// postReceive writes down what became of a push, which is made by now
// (githooks(5), post-receive); that it could not be judged, too.
func (h *hook) postReceive(args []string) error {
	if len(args) > 0 {
		return usagef("post-receive has no arguments; git tells it the refs on standard input")
	}
	when := time.Now()
	log, err := h.log()
	if err != nil {
		return fmt.Errorf("the audit log: %w", err)
	}
	updates, err := push.ReadUpdates(h.env.Stdin)
	out := &push.Outcome{}
	if err == nil {
		out, err = h.afterwards(updates)
	}
	// Several pushes may end at one time: each writes its line at once.
	return errors.Join(out.Record(log, updates, h.opts.Certificate, when, err), log.Close())
}

// afterwards judges a push that was made.
func (h *hook) afterwards(updates []push.Update) (*push.Outcome, error) {
	out := &push.Outcome{}
	h.opts.Certificate = push.CertificateOf(h.getenv)
	certificate := h.opts.Certificate
	if err := h.settings(true); err != nil {
		return out, err
	}
	h.opts.Certificate, h.opts.Made = certificate, true
	var err error
	if h.opts.Before, err = push.Standing(h.ctx, h.repo); err == nil {
		h.opts.Before.Undo(updates)
		out, err = push.Judge(h.ctx, h.repo, updates, h.opts)
	}
	return out, h.slow(err)
}

// log opens the audit log.
func (h *hook) log() (*os.File, error) {
	path, _ := h.cmd.Flags().GetString("log")
	if path == "" {
		dir, err := h.repo.Output(h.ctx, "rev-parse", "--absolute-git-dir")
		if err != nil {
			return nil, err
		}
		path = filepath.Join(strings.TrimSuffix(string(dir), "\n"), auditLog)
	}
	return os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
}
