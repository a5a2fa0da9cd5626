package socket

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"unicode"

	"github.com/paraph/paraph/internal/payload"
)

// Entries lists the certificates whose keys the agent holds.
func (c *Client) Entries(ctx context.Context) ([]Entry, error) {
	a, err := c.ask(ctx, Head{Version, DoCertificate}, nil)
	if err != nil {
		return nil, err
	}
	var entries []Entry
	for _, e := range a.Entries {
		leaf, err := x509.ParseCertificate(e.Certificate)
		if err != nil {
			return nil, fmt.Errorf("the agent shows a certificate that is none: %w", err)
		}
		if e.Key != keyID(leaf.RawSubjectPublicKeyInfo) {
			return nil, errors.New("the agent shows a certificate of another key")
		}
		entries = append(entries, Entry{e.Key, e.Instance, e.Issuer, leaf, fromUnix(e.TokenUntil)})
	}
	return entries, nil
}

// Sign has the agent sign a payload, as git hands it over. The result is a
// SignedData without unsigned attributes, DER, which the caller verifies.
func (c *Client) Sign(ctx context.Context, key string, signed []byte) ([]byte, error) {
	if len(signed) > payload.MaxSize {
		return nil, fmt.Errorf("the object has more than %d bytes", payload.MaxSize)
	}
	a, err := c.ask(ctx, SignRequest{Head{Version, DoSign}, key, len(signed)}, signed)
	if err != nil {
		return nil, err
	}
	return a.Signed, nil
}

// A Key is a new key of the agent, for which there is no certificate yet. It
// is gone when the connection ends before there is one.
type Key struct {
	c      *Client
	id     string
	public *ecdsa.PublicKey
}

// NewKey has the agent make a key.
func (c *Client) NewKey(ctx context.Context) (*Key, error) {
	a, err := c.ask(ctx, Head{Version, DoKey}, nil)
	if err != nil {
		return nil, err
	}
	public, err := x509.ParsePKIXPublicKey(a.Public)
	if err != nil {
		return nil, fmt.Errorf("the agent shows a key that is none: %w", err)
	}
	ec, ok := public.(*ecdsa.PublicKey)
	if !ok || a.Key != keyID(a.Public) {
		return nil, errors.New("the agent shows a key that is not what it should be")
	}
	return &Key{c, a.Key, ec}, nil
}

// ID is the name that the agent knows the key by.
func (k *Key) ID() string { return k.id }

// Public returns the public key, which is a *ecdsa.PublicKey.
func (k *Key) Public() crypto.PublicKey { return k.public }

// Prove has the agent sign SHA-256 of the subject: the proof that a CA asks
// for. There is one in a key's life.
func (k *Key) Prove(ctx context.Context, subject string) ([]byte, error) {
	a, err := k.c.ask(ctx, ProveRequest{Head{Version, DoProve}, k.id, subject}, nil)
	if err != nil {
		return nil, err
	}
	return a.Proof, nil
}

// Store gives the agent the certificate of a key, and with it the key to all
// clients, until the certificate ends. issuer is where the user logged in, and
// token what came of it, or "".
func (c *Client) Store(ctx context.Context, k *Key, instance, issuer string, cert *x509.Certificate, token string) error {
	_, err := c.ask(ctx, StoreRequest{Head{Version, DoStore}, k.id, instance, issuer, cert.Raw, token}, nil)
	return err
}

// Token returns the identity token that came with a certificate, "" when there
// is none any more.
func (c *Client) Token(ctx context.Context, key string) (string, error) {
	a, err := c.ask(ctx, KeyRequest{Head{Version, DoToken}, key}, nil)
	if err != nil {
		return "", err
	}
	return a.Token, nil
}

// Acquire waits until this client is the only one with the lease of that name.
// release gives it to the next one in line; with an error, everybody who waits
// gets that as a *[LeaseError], and no lease. A client that ends releases.
func (c *Client) Acquire(ctx context.Context, name string) (release func(error), err error) {
	if _, err := c.ask(ctx, LeaseRequest{Head: Head{Version, DoAcquire}, Name: name}, nil); err != nil {
		return nil, err
	}
	var once sync.Once
	return func(failed error) {
		once.Do(func() {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			r := LeaseRequest{Head: Head{Version, DoRelease}, Name: name}
			if failed != nil {
				r.Error = oneLine(failed.Error())
			}
			if _, err := c.ask(ctx, r, nil); err != nil {
				_ = c.Close() // which releases too
			}
		})
	}, nil
}

// maxReason bounds, in bytes, what is told of a failure.
const maxReason = 2048

// oneLine makes one line of an error that comes from elsewhere, neither empty
// nor long, and without control characters.
func oneLine(s string) string {
	s = strings.ToValidUTF8(strings.Join(strings.Fields(s), " "), "?")
	if len(s) > maxReason {
		s = strings.ToValidUTF8(s[:maxReason], "") + "..."
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '?'
		}
		return r
	}, s)
	if s == "" {
		return "it failed without a reason"
	}
	return s
}

// Forget has the agent forget a key, all of them for "", and tells how many
// there were.
func (c *Client) Forget(ctx context.Context, key string) (int, error) {
	a, err := c.ask(ctx, KeyRequest{Head{Version, DoForget}, key}, nil)
	if err != nil {
		return 0, err
	}
	return a.Count, nil
}

// Offer chooses the key that other machines may sign with, none for "", and
// whether somebody here confirms each signature.
func (c *Client) Offer(ctx context.Context, key string, confirm bool) error {
	_, err := c.ask(ctx, OfferRequest{Head{Version, DoOffer}, key, &confirm}, nil)
	return err
}

// Stop ends the agent, and returns when it takes no more requests.
func (c *Client) Stop(ctx context.Context) error {
	if _, err := c.ask(ctx, Head{Version, DoStop}, nil); err != nil {
		return err
	}
	return c.awaitEnd(ctx)
}

func keyID(spki []byte) string {
	sum := sha256.Sum256(spki)
	return hex.EncodeToString(sum[:])
}
