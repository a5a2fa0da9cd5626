package testpki

import (
	"crypto/x509"
	"sync"
	"time"
)

// DefaultTime is what the clock of a new instance shows.
var DefaultTime = time.Date(2026, time.May, 4, 12, 0, 0, 0, time.UTC)

// An Option changes an instance before it is made.
type Option func(*settings)

type settings struct {
	seed           string
	clock          *Clock
	start          time.Time // what the clock showed first
	tsaP256        bool
	caP256         bool
	tsaLeaf        func(*x509.Certificate)
	intermediate   func(*x509.Certificate)
	caRoot         func(*x509.Certificate)
	rekor2ECDSA    bool
	earlierEntries int
}

func defaultSettings() settings {
	return settings{seed: "testpki", clock: NewClock(DefaultTime), earlierEntries: 11}
}

// Seed makes an instance with keys of its own: one seed, one set of keys.
func Seed(seed string) Option { return func(s *settings) { s.seed = seed } }

// At starts the clock at t instead of [DefaultTime].
func At(t time.Time) Option { return func(s *settings) { s.clock = NewClock(t) } }

// RealClock makes the instance live in the present.
func RealClock() Option { return func(s *settings) { s.clock = &Clock{} } }

// TSAKeyP256 gives the timestamp authority's leaf a P-256 key instead of P-384.
func TSAKeyP256() Option { return func(s *settings) { s.tsaP256 = true } }

// CAKeyP256 gives the CA's intermediate a P-256 key instead of P-384, which
// makes a leaf's verification several times as fast.
func CAKeyP256() Option { return func(s *settings) { s.caP256 = true } }

// TSATemplate changes the timestamp authority's leaf before it is signed. The
// trusted root carries the changed leaf.
func TSATemplate(change func(*x509.Certificate)) Option {
	return func(s *settings) { s.tsaLeaf = change }
}

// IntermediateTemplate changes the CA's intermediate before it is signed. The
// trusted root carries the changed intermediate.
func IntermediateTemplate(change func(*x509.Certificate)) Option {
	return func(s *settings) { s.intermediate = change }
}

// CARootTemplate changes the CA's root before it is signed.
func CARootTemplate(change func(*x509.Certificate)) Option {
	return func(s *settings) { s.caRoot = change }
}

// IntermediateWindow makes an intermediate that is valid from notBefore until
// notAfter only. One that ends before the clock's time is expired.
func IntermediateWindow(notBefore, notAfter time.Time) Option {
	return IntermediateTemplate(func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = notBefore, notAfter
	})
}

// Rekor2ECDSA gives Rekor v2 a P-256 key instead of an Ed25519 one.
func Rekor2ECDSA() Option { return func(s *settings) { s.rekor2ECDSA = true } }

// EarlierEntries sets how many entries both logs have from the start, 11
// without it. A log with none gives its first entry an empty inclusion proof.
func EarlierEntries(n int) Option { return func(s *settings) { s.earlierEntries = n } }

// A Clock shows the time it was set to. The zero Clock shows the real time.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// NewClock returns a clock that stands at t.
func NewClock(t time.Time) *Clock { return &Clock{at: t} }

// Now returns the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at.IsZero() {
		return time.Now()
	}
	return c.at
}

// Set makes the clock stand at t.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = t
}

// Advance moves the clock on by d and leaves it standing.
func (c *Clock) Advance(d time.Duration) { c.Set(c.Now().Add(d)) }
