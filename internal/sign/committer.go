package sign

import (
	"crypto/x509"
	"fmt"

	"github.com/paraph/paraph/internal/fulcio"
	"github.com/paraph/paraph/internal/oidc"
	"github.com/paraph/paraph/internal/payload"
)

// roles are what the one who signs is called in each kind of payload.
var roles = map[payload.Kind]string{payload.Commit: "committer", payload.Tag: "tagger", payload.PushCertificate: "pusher"}

// matchCommitter holds the payload's committer, tagger or pusher against the
// e-mail address that what speaks of. Case counts, as in a policy.
func matchCommitter(p *payload.Payload, what, email string) error {
	role := roles[p.Kind]
	switch {
	case role == "":
		return fmt.Errorf("paraph.matchCommitter: nothing is known of who made a %q", p.Kind)
	case p.Committer.Email == email && email != "":
		return nil
	case p.Kind == payload.PushCertificate && p.Committer.Name == "" && p.Committer.Email == "":
		// git-send-pack(1) takes user.signingKey for the pusher, whatever it says.
		return fmt.Errorf("paraph.matchCommitter: the pusher is %q, not \"name <email>\", and %s is for %q: unset user.signingKey, or set paraph.matchCommitter to false",
			p.Committer.Raw, what, email)
	}
	return fmt.Errorf("paraph.matchCommitter: the %s is %q, and %s is for %q: set user.email to the latter, or sign in as the former",
		role, p.Committer.Email, what, email)
}

// matchToken is matchCommitter before anybody is asked for anything. A token
// without an e-mail address leaves it to the certificate.
func (s *Signer) matchToken(p *payload.Payload, token *oidc.Token) error {
	if email := token.Email(); s.MatchCommitter && email != "" {
		return matchCommitter(p, "the identity token", email)
	}
	return nil
}

// matchCertificate is matchCommitter before anything is logged. The identity
// of a workload is a URI, which no committer is: that is the policy's business.
func (s *Signer) matchCertificate(p *payload.Payload, leaf *x509.Certificate) error {
	if !s.MatchCommitter || len(leaf.URIs) > 0 {
		return nil
	}
	id, err := fulcio.ParseIdentity(leaf)
	if err != nil {
		return err
	}
	return matchCommitter(p, "the certificate", id.Name)
}
