// Package sign is the story of a signature, top to bottom: a key, a
// certificate for it ([Signer.Certify]), the signature, its log entry and its
// timestamp ([Signer.Sign]), all of it verified by the code that will verify it
// later. A payload goes in, an armored signature comes out, or nothing.
//
// The services are functions, so that the story can be read and tested
// without a network.
package sign

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/internal/fulcio"
	"github.com/paraph/paraph/internal/oidc"
	"github.com/paraph/paraph/internal/payload"
	"github.com/paraph/paraph/internal/rekor"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/tsa"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// Services are the parts of a Sigstore instance that a signature needs. None
// of their answers is believed.
type Services struct {
	// Certify asks the CA for a certificate. proof is a signature by the key
	// of pub over SHA-256 of the token's subject.
	Certify func(ctx context.Context, token string, pub crypto.PublicKey, proof []byte) (*x509.Certificate, error)
	// Log adds the signature over a SHA-256 digest to the log and returns the
	// entry as a binary TransparencyLogEntry without its body. An error that is
	// [rekor.ErrExists] has the signer make another signature and log that.
	Log func(ctx context.Context, digest [sha256.Size]byte, signature []byte, leaf *x509.Certificate) ([]byte, error)
	// Timestamp asks for an RFC 3161 token over message. It may be nil where
	// the log itself proves the time.
	Timestamp func(ctx context.Context, message []byte) (token []byte, nonce *big.Int, err error)
}

// A Signer makes signatures.
type Signer struct {
	Services Services
	Root     *trust.Root
	// MatchCommitter refuses to sign for a committer, tagger or pusher whose
	// e-mail address is not the certificate's.
	MatchCommitter bool
	Now            func() time.Time
}

// A Credential is a key, and the certificate that was issued for it.
type Credential struct {
	Key  CertifiedKey
	Leaf *x509.Certificate
}

// A Signature is one that was verified after it was made.
type Signature struct {
	Armored []byte
	Result  *verify.Result
}

// Parse reads what is to be signed, the bytes of a commit, tag or push
// certificate as git hands them over.
func Parse(signed []byte) (*payload.Payload, error) {
	p, err := payload.Parse(signed)
	if err != nil {
		return nil, fmt.Errorf("this is not a git object to sign: %w", err)
	}
	return p, nil
}

// Sign makes a signature over the bytes signed.
func (s *Signer) Sign(ctx context.Context, c *Credential, signed []byte) (*Signature, error) {
	p, err := Parse(signed)
	if err != nil {
		return nil, err
	}
	if err := s.matchCertificate(p, c.Leaf); err != nil {
		return nil, err
	}
	sd, err := s.proven(ctx, c, signed)
	if errors.Is(err, rekor.ErrExists) {
		// The log has the entry and keeps it to itself. Another signature over
		// the same bytes is another entry. Once: each try leaves an entry that
		// nobody uses, and the user is waiting.
		sd, err = s.proven(ctx, c, signed)
	}
	if err != nil {
		return nil, err
	}
	der, err := sd.Bytes()
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	out := &Signature{Armored: cms.Armor(der)}
	out.Result = verify.Signature(signed, out.Armored, verify.Trust{Roots: []*trust.Root{s.Root}})
	if out.Result.Verdict != verdict.Valid {
		return nil, refused(out.Result)
	}
	return out, nil
}

// refused says why a finished signature cannot be used, and whose fault it is
// where it is the timestamp authority's.
func refused(r *verify.Result) error {
	for _, c := range r.Checks {
		if c.Name == verify.CheckTimestamp && !c.OK && !c.Skipped && c.Detail == r.Err.Message {
			return fmt.Errorf("the timestamp authority answered with a token that cannot be used: %w", r.Err)
		}
	}
	return fmt.Errorf("the finished signature does not verify (%s): %w", r.Verdict, r.Err)
}

// proven makes a signature over signed and has it logged and timestamped.
func (s *Signer) proven(ctx context.Context, c *Credential, signed []byte) (*cms.SignedData, error) {
	sd, err := c.Key.Sign(ctx, c.Leaf, signed)
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	if err := s.prove(ctx, sd, c.Leaf); err != nil {
		return nil, err
	}
	return sd, nil
}

// Certify gets a certificate for the key and believes none of it. p is what
// the certificate is wanted for, nil if nothing yet.
func (s *Signer) Certify(ctx context.Context, key Key, token *oidc.Token, p *payload.Payload) (*Credential, error) {
	if p != nil {
		if err := s.matchToken(p, token); err != nil {
			return nil, err
		}
	}
	proof, err := key.Prove(ctx, token.ProofSubject())
	if err != nil {
		return nil, fmt.Errorf("proving possession of the key: %w", err)
	}
	leaf, err := s.Services.Certify(ctx, token.Secret(), key.Public(), proof)
	if err != nil {
		return nil, fmt.Errorf("asking for a certificate: %w", err)
	}
	if err := s.checkIssued(leaf, key, token); err != nil {
		return nil, fmt.Errorf("the CA answered with a certificate that cannot be used: %w", err)
	}
	return &Credential{key, leaf}, nil
}

// checkIssued holds a new certificate against key and token, and looks at it.
func (s *Signer) checkIssued(leaf *x509.Certificate, key Key, token *oidc.Token) error {
	public, ok := leaf.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(key.Public()) {
		return fmt.Errorf("it is for another key")
	}
	id, err := s.Check(leaf)
	if err != nil {
		return err
	}
	return token.Matches(id.Name, id.Issuer)
}

// Check holds a certificate against the trusted root and the clock, and says
// whom it is for.
func (s *Signer) Check(leaf *x509.Certificate) (*fulcio.Identity, error) {
	ca, err := s.Root.Issuer(leaf)
	if err != nil {
		return nil, err
	}
	if err := ca.Covers(leaf.NotBefore); err != nil {
		return nil, err
	}
	id, err := fulcio.ParseIdentity(leaf)
	if err != nil {
		return nil, err
	}
	if err := fulcio.CheckSCT(leaf, ca, s.Root); err != nil {
		return nil, err
	}
	// Fulcio's clock and ours may differ by seconds; more is a clock that is
	// wrong, and times that nobody could prove afterwards.
	const skew = 30 * time.Second
	now := s.Now()
	if now.Add(skew).Before(leaf.NotBefore) || now.Add(-skew).After(leaf.NotAfter) {
		return nil, fmt.Errorf("it is valid from %s to %s, and it is %s here: is the clock right?",
			leaf.NotBefore.UTC().Format(time.RFC3339), leaf.NotAfter.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	return id, nil
}

// errPanic says that asking a service panicked. Nobody else could recover: it
// happens in a goroutine of its own.
var errPanic = errors.New("internal error")

// prove asks log and timestamp authority at the same time and puts what they
// answer into the signature. The first failure is the one that is told.
//
// A failure of the log ends the wait for the timestamp, not the other way
// round: when a client hangs up, Rekor v2 fails all who wait beside it, see
// [rekor.AddV2]. Only the caller's context and the log's own time limit end
// the wait for the log.
func (s *Signer) prove(ctx context.Context, sd *cms.SignedData, leaf *x509.Certificate) error {
	type answer struct {
		attr cms.Attribute
		err  error
	}
	stampCtx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	asks := []func() (cms.Attribute, error){func() (cms.Attribute, error) { return s.log(ctx, sd, leaf) }}
	if s.Services.Timestamp != nil {
		asks = append(asks, func() (cms.Attribute, error) { return s.timestamp(stampCtx, sd.Signature) })
	}
	answers := make(chan answer, len(asks))
	for _, ask := range asks {
		go func() {
			a := answer{err: errPanic}
			defer func() {
				if p := recover(); p != nil {
					a.err = fmt.Errorf("%w: %v", errPanic, p)
				}
				answers <- a
			}()
			a.attr, a.err = ask()
		}()
	}
	for _, a := range s.Root.TSAs {
		a.StartCheck() // meanwhile
	}
	var attrs []cms.Attribute
	var failed error
	for range asks {
		a := <-answers
		if a.err != nil && failed == nil {
			failed = a.err
			cancel(a.err)
		}
		attrs = append(attrs, a.attr)
	}
	if failed != nil {
		return failed
	}
	return sd.SetUnsignedAttributes(attrs...)
}

// log adds the signature to the log. What is logged is the signature over the
// DER SET of the signed attributes.
func (s *Signer) log(ctx context.Context, sd *cms.SignedData, leaf *x509.Certificate) (cms.Attribute, error) {
	entry, err := s.Services.Log(ctx, sha256.Sum256(sd.RawSignedAttributes), sd.Signature, leaf)
	if err != nil {
		return cms.Attribute{}, fmt.Errorf("asking the transparency log: %w", err)
	}
	value, err := asn1.Marshal(entry)
	if err != nil {
		return cms.Attribute{}, fmt.Errorf("encoding the log entry: %w", err)
	}
	return cms.Attribute{Type: cms.OIDTransparencyLogEntry, Values: [][]byte{value}}, nil
}

// timestamp gets a token over the signature's bytes. Whether it proves anything
// is for the verification of the whole signature to say: only the answer to this
// request is of this moment.
func (s *Signer) timestamp(ctx context.Context, signature []byte) (cms.Attribute, error) {
	token, nonce, err := s.Services.Timestamp(ctx, signature)
	if err != nil {
		return cms.Attribute{}, fmt.Errorf("asking the timestamp authority: %w", err)
	}
	answered, err := tsa.Nonce(token)
	if err != nil {
		return cms.Attribute{}, fmt.Errorf("the timestamp authority answered with a token that cannot be used: %w", err)
	}
	if answered == nil || nonce == nil || answered.Cmp(nonce) != 0 {
		return cms.Attribute{}, fmt.Errorf("the timestamp authority answered another request: the nonce differs")
	}
	return cms.Attribute{Type: cms.OIDTimeStampToken, Values: [][]byte{token}}, nil
}
