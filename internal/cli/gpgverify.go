package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/paraph/paraph/internal/cache"
	"github.com/paraph/paraph/internal/config"
	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/gpgstatus"
	"github.com/paraph/paraph/internal/history"
	"github.com/paraph/paraph/internal/payload"
	"github.com/paraph/paraph/internal/proof"
	"github.com/paraph/paraph/internal/report"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// Bounds on what a caller hands over, in bytes.
const (
	maxSignature = 128 << 10 // an armored signature: cms.MaxSize in base64, and room to say what is wrong
)

// runGPG serves one call by git. Whatever happens, standard input is drained
// (git fails a verification whose program does not read all), and status
// lines are written once, at the end, whole.
func (env Env) runGPG(ctx context.Context, c gpgCall, err error) int {
	if c.verify {
		return env.runVerify(ctx, c, err)
	}
	return env.runSign(ctx, c, err)
}

// runVerify answers gpg.x509.program's --verify.
func (env Env) runVerify(ctx context.Context, c gpgCall, err error) (status int) {
	var r *verify.Result
	defer func() {
		if p := recover(); p != nil {
			r, err = nil, fmt.Errorf("internal error: %v", p)
		}
		_, _ = io.Copy(io.Discard, env.Stdin)
		status = env.answer(c, r, err)
	}()
	if err == nil {
		r, err = env.verifyDetached(ctx, c)
	}
	return status
}

// verifyDetached is a verification as git asks for it. An error says that
// there was none.
func (env Env) verifyDetached(ctx context.Context, c gpgCall) (*verify.Result, error) {
	repo := gitcmd.New("", env.Environ)
	verdicts := cache.Open(env.Environ)
	defer verdicts.Close()
	read := env.settings(ctx, repo, verdicts)
	signed, err := io.ReadAll(io.LimitReader(env.Stdin, payload.MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("reading the signed bytes: %w", err)
	}
	armored, err := env.ReadFile(c.signature, maxSignature)
	if err != nil {
		return nil, fmt.Errorf("reading the signature: %w", err)
	}
	q := cache.Ask(signed, armored, verify.Note{Read: func() ([]byte, error) {
		return history.Note(ctx, repo, proof.ObjectIDs(signed, armored)...)
	}})
	large := tooLarge(signed, armored)
	var opened *verify.Opened
	if large == nil && !verdicts.Mentions(q) {
		opened = q.Open()
	}
	s := <-read
	if s.err != nil {
		return nil, s.err
	}
	if large != nil {
		_, err := env.trust(s.cfg)
		return verify.Failed("", large), err
	}
	loading := env.loadPolicy(ctx, repo, s.cfg) // meanwhile
	r, err := env.verifyOne(verdicts, q, opened, s.cfg)
	p := <-loading
	defer p.close()
	switch {
	case err != nil:
		return nil, err
	case p.err != nil:
		return nil, p.err
	case p.policy == nil:
		return r, judge(s.cfg, r)
	}
	return r, p.policy.Judge(signed, r)
}

// A loadedPolicy is one, or why it cannot be had. Without one that is asked for
// both are nil.
type loadedPolicy struct {
	policy *history.Detached
	err    error
}

func (p loadedPolicy) close() {
	if p.policy != nil {
		_ = p.policy.Close()
	}
}

// loadPolicy begins to read the policy that the settings name.
func (env Env) loadPolicy(ctx context.Context, repo *gitcmd.Repo, cfg *config.Verification) <-chan loadedPolicy {
	out := make(chan loadedPolicy, 1)
	if !cfg.Policy.Set() {
		out <- loadedPolicy{}
		return out
	}
	go func() {
		var p loadedPolicy
		defer func() {
			if fault := recover(); fault != nil {
				p = loadedPolicy{nil, fmt.Errorf("internal error: %v", fault)}
			}
			out <- p
		}()
		var spec history.PolicySpec
		if spec, p.err = policySpec(cfg.Policy); p.err == nil {
			p.policy, p.err = history.LoadDetached(ctx, repo, spec, history.ReadFile(env.ReadFile))
		}
		if p.err != nil {
			p = loadedPolicy{nil, fmt.Errorf("%s: %w", cfg.Policy.Source, p.err)}
		}
	}()
	return out
}

// verifyOne is the answer to a question, remembered or found now. opened is nil
// where nobody has opened the signature yet.
func (env Env) verifyOne(c *cache.Cache, q *cache.Question, opened *verify.Opened, cfg *config.Verification) (*verify.Result, error) {
	if r := env.remembered(c, q, cfg); r != nil {
		return r, nil
	}
	t, err := env.trust(cfg)
	if err != nil {
		return nil, err
	}
	for _, root := range t.Roots {
		root.ForOne()
	}
	if opened == nil {
		opened = q.Open()
	}
	r := opened.Against(t)
	if cfg.Cache {
		c.Under(t).Put(q, r)
	}
	return r, nil
}

func tooLarge(signed, armored []byte) error {
	if len(signed) > payload.MaxSize {
		return verdict.Errorf(verdict.Syntax, "object-size", "more than %d signed bytes", payload.MaxSize)
	}
	if len(armored) > maxSignature {
		return verdict.Errorf(verdict.Syntax, "signature-size", "a signature of more than %d bytes", maxSignature)
	}
	return nil
}

// answer writes the status lines and words for people, and returns the exit
// status. Without a result it is an error's.
func (env Env) answer(c gpgCall, r *verify.Result, err error) int {
	if r == nil {
		r = new(verify.Result)
		if err == nil {
			err = fmt.Errorf("nothing was verified")
		}
	}
	if err != nil {
		r.Verdict, r.Signer = "", nil
	}
	status := env.Stdout
	if c.statusFD > 2 {
		status = env.Descriptor(c.statusFD)
	} else if c.statusFD == 2 {
		status = env.Stderr
	}
	v := r.Verdict
	if v == verdict.Valid && r.Kind == payload.PushCertificate {
		v = "" // git asks nothing but the letter of a push certificate
	}
	_, writeErr := status.Write(gpgstatus.Verification(v, signer(r)))
	if err != nil {
		fmt.Fprintf(env.Stderr, "paraph: %s\n", report.Escape(err.Error()))
		return exitUsage
	}
	for _, line := range report.Lines(r) {
		fmt.Fprintf(env.Stderr, "paraph: %s\n", line)
	}
	switch {
	case writeErr != nil:
		fmt.Fprintf(env.Stderr, "paraph: writing the status: %s\n", report.Escape(writeErr.Error()))
		return exitUsage
	case v != verdict.Trusted:
		return exitVerdict
	}
	return exitOK
}

// signer turns a result into what a status line says of the signer.
func signer(r *verify.Result) gpgstatus.Signer {
	s := gpgstatus.Signer{Fingerprint: r.Fingerprint, UID: r.Claimed, Time: r.Time()}
	if r.Leaf != nil {
		s.Key, s.Hash = r.Leaf.PublicKeyAlgorithm, r.Hash
	}
	if r.Signer != nil {
		s.UID = verify.Display(r.Signer.Name, r.Signer.Issuer)
		s.Primary = r.Signer.PrimaryID()
	}
	s.UID = strings.ToValidUTF8(s.UID, "?")
	return s
}
