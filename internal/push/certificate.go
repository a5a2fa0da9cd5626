package push

import (
	"errors"
	"slices"
	"strings"

	"github.com/paraph/paraph/internal/history"
	"github.com/paraph/paraph/internal/policy"
	"github.com/paraph/paraph/internal/report"
	"github.com/paraph/paraph/internal/verdict"
)

// A Certificate is what git says of a push certificate (git-receive-pack(1),
// "PRE-RECEIVE HOOK"). What it says of who signed counts for nothing.
type Certificate struct {
	ID          string // of the blob
	Nonce       string // that this push had to sign
	NonceStatus string
}

// CertificateOf is what git tells a hook of the certificate of a push, nil if
// there is none.
func CertificateOf(getenv func(string) string) *Certificate {
	id := getenv("GIT_PUSH_CERT")
	if id == "" {
		return nil
	}
	return &Certificate{ID: id, Nonce: getenv("GIT_PUSH_CERT_NONCE"), NonceStatus: getenv("GIT_PUSH_CERT_NONCE_STATUS")}
}

// certify has the push certificate say whether its signer may push, and may take
// back what others pushed. Nobody looks at one that nobody needs.
func (j *judgment) certify() error {
	if !j.opts.RequireCertificate && len(j.rewinds) == 0 {
		return nil
	}
	if j.opts.Early {
		for _, r := range j.rewinds {
			if !j.policy.Rewinds(r.ref) {
				j.refuseRewind(r)
				continue
			}
			j.out.Notes = append(j.out.Notes, Refusal{r.ref, verdict.Errorf(verdict.Policy, RuleRewind, "this push %s, which the server lets somebody do whom rewind lists: git push --signed", r.what)})
		}
		return nil
	}
	c, err := j.certificate()
	var failed *verdict.Error
	if err != nil && (!errors.As(err, &failed) || failed.Class == verdict.Infrastructure) {
		return err
	}
	if j.opts.RequireCertificate {
		for _, u := range j.updates {
			if err := j.may(u.Ref, "is pushed", c, failed, (*history.PushCertificate).MayPush); err != nil {
				return err
			}
		}
	}
	for _, r := range j.rewinds {
		if !j.policy.Rewinds(r.ref) {
			j.refuseRewind(r)
			continue
		}
		if err := j.may(r.ref, r.what, c, failed, (*history.PushCertificate).MayRewind); err != nil {
			return err
		}
	}
	return nil
}

// refuseRewind refuses what nobody may do.
func (j *judgment) refuseRewind(r rewind) {
	j.refuse(r.ref, RuleRewind, "this push %s, and nobody may do that: no rewind of the policy is for this ref", r.what)
}

// may asks the policy about the signer of the certificate, or says why there is
// none to ask about.
func (j *judgment) may(ref, what string, c *history.PushCertificate, failed *verdict.Error, ask func(*history.PushCertificate, *policy.Policy, string) (policy.Decision, error)) error {
	if failed != nil {
		if what == "is pushed" {
			j.refuse(ref, failed.Rule, "a push needs a certificate here: %s", failed.Message)
		} else {
			j.refuse(ref, failed.Rule, "this push %s, which needs a certificate of somebody in rewind: %s", what, failed.Message)
		}
		return nil
	}
	d, err := ask(c, j.policy, ref)
	if err != nil {
		return err
	}
	switch {
	case d.Verdict == verdict.Trusted:
	case d.Err != nil && d.Err.Class == verdict.Infrastructure:
		return d.Err
	case d.Err != nil:
		j.refuse(ref, d.Err.Rule, "the push certificate by %s: %s", c.Signer(), d.Err.Message)
	default:
		j.refuse(ref, RuleCertificate, "the push certificate by %s does not let it", c.Signer())
	}
	return nil
}

// certificate reads the push certificate, and holds it against this very push.
// What is wrong with it is a *verdict.Error.
func (j *judgment) certificate() (*history.PushCertificate, error) {
	says := j.opts.Certificate
	if says == nil && j.opts.Part {
		return nil, verdict.Errorf(verdict.Policy, RuleCertificate, "git tells the hook update nothing of certificates: install pre-receive")
	}
	if says == nil {
		return nil, verdict.Errorf(verdict.Policy, RuleCertificate, "this push has none: git push --signed (the server needs receive.certNonceSeed)")
	}
	c, err := j.verify.PushCertificate(says.ID)
	if err != nil {
		return nil, err
	}
	switch {
	case says.NonceStatus != "OK":
		return nil, verdict.Errorf(verdict.Policy, RuleCertificate, "git says %s of its nonce, not OK: it was not made for this push", report.Escape(says.NonceStatus))
	case says.Nonce == "" || c.Nonce() != says.Nonce:
		return nil, verdict.Errorf(verdict.Policy, RuleCertificate, "its nonce is not the one that this push had to sign")
	}
	named, err := c.Updates()
	if err != nil {
		return nil, err
	}
	return c, j.names(named)
}

// names holds the updates that a certificate names against those of the push.
func (j *judgment) names(named []history.PushedRef) error {
	var these, those []string
	for _, u := range j.pushed {
		these = append(these, strings.Join([]string{u.Old, u.New, u.Ref}, " "))
	}
	for _, u := range named {
		those = append(those, strings.Join([]string{u.Old, u.New, u.Ref}, " "))
	}
	slices.Sort(these)
	slices.Sort(those)
	same := slices.Equal(these, those)
	if j.opts.Made { // git tells of those that came about
		same = !slices.ContainsFunc(these, func(u string) bool { return !slices.Contains(those, u) })
	}
	if !same {
		return verdict.Errorf(verdict.Policy, RuleCertificate, "it names other updates than this push makes")
	}
	return nil
}
