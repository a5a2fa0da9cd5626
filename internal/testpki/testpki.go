// Package testpki is a whole Sigstore instance in memory, for tests only: a
// certificate authority, a certificate transparency log, Rekor v1 and v2, a
// timestamp authority and an OIDC issuer, with keys that are always the same
// and a clock that tests set.
//
//	p := testpki.New()
//	leaf := p.Certificate(key.Public(), testpki.Identity{Email: "alice@example.com", Issuer: "https://accounts.example.com"})
//	entry := p.LogV1(sha256.Sum256(artifact), signature, leaf)
//	token := p.Timestamp(signature)
//	root := p.TrustedRoot()
//
// Every maker takes options, and each option makes exactly one defect. What no
// option covers is reached by changing an exported field and signing again
// with [Log.SET] or [Log.Note]. [PKI.Serve] puts the same instance behind http
// servers whose faults can be set while they run.
//
// The package is an independent judge: it imports nothing of what it tests,
// and no product code imports it. Arguments come from tests, so what cannot be
// encoded panics instead of returning an error.
package testpki

import (
	"crypto/x509"
	"sync"
	"time"
)

// A PKI is one Sigstore instance. It is safe for concurrent use.
type PKI struct {
	// Clock is what every service of the instance takes the time from.
	Clock *Clock

	// CARoot and CAIntermediate are the certificate authority, both P-384. The
	// intermediate issues the signers' certificates.
	CARoot, CAIntermediate *x509.Certificate
	// TSARoot and TSALeaf are the timestamp authority. The leaf signs tokens.
	TSARoot, TSALeaf *x509.Certificate

	// CT is the certificate transparency log.
	CT *CTLog
	// Rekor1 and Rekor2 are the signature transparency logs.
	Rekor1, Rekor2 *Log

	settings settings
	keys     *keys
	start    time.Time
	serials  counter
	logins   logins

	mu   sync.Mutex
	urls URLs

	otherOnce sync.Once
	other     *PKI
}

// URLs says where the services of an instance are. TSA is a whole path, the
// others are bases.
type URLs struct {
	Issuer, Fulcio, CT, Rekor1, Rekor2, TSA string
}

// staticURLs name services that nobody serves.
var staticURLs = URLs{
	Issuer: "https://oauth2.testpki.example",
	Fulcio: "https://fulcio.testpki.example",
	CT:     "https://ctfe.testpki.example/2026",
	Rekor1: "https://rekor.testpki.example",
	Rekor2: "https://log2026-1.rekor.testpki.example",
	TSA:    "https://timestamp.testpki.example/api/v1/timestamp",
}

// New makes an instance.
func New(options ...Option) *PKI {
	s := defaultSettings()
	for _, option := range options {
		option(&s)
	}
	s.start = s.clock.Now().UTC().Truncate(time.Second)
	return newPKI(s)
}

func newPKI(s settings) *PKI {
	p := &PKI{
		Clock:    s.clock,
		settings: s,
		keys:     newKeys(s),
		start:    s.start,
		urls:     staticURLs,
	}
	p.makeCA()
	p.makeTSA()
	p.CT = newCTLog(p.keys.ct)
	p.Rekor1 = newLogV1(p)
	p.Rekor2 = newLogV2(p)
	return p
}

// Other is an instance with the same names, the same clock and other keys: a
// stranger's CA, logs and timestamp authority. It is always the same one.
func (p *PKI) Other() *PKI {
	p.otherOnce.Do(func() {
		s := p.settings
		s.seed += "/other"
		p.other = newPKI(s)
	})
	return p.other
}

// URLs returns where the instance's services are: names that do not exist
// before [PKI.Serve], loopback addresses after.
func (p *PKI) URLs() URLs {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.urls
}
