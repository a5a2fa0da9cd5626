package testpki_test

import (
	"bytes"
	"crypto/x509"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/testpki"
)

func TestClock(t *testing.T) {
	p := testpki.New(testpki.At(time.Unix(1_800_000_000, 0)))
	p.Clock.Advance(time.Hour)
	leaf := parse(t, p.Certificate(testpki.Key("alice").Public(), alice))
	if leaf.NotBefore.Unix() != 1_800_003_600 {
		t.Errorf("certified at %v", leaf.NotBefore)
	}
	if e := p.Rekor1.Add([]byte("body")); e.IntegratedTime != 1_800_003_600 {
		t.Errorf("integrated at %d", e.IntegratedTime)
	}
	p.Clock.Set(time.Unix(1_800_000_001, 0))
	if e := p.Rekor1.Add([]byte("body")); e.IntegratedTime != 1_800_000_001 {
		t.Errorf("integrated at %d", e.IntegratedTime)
	}
	if d := time.Since(testpki.New(testpki.RealClock()).Clock.Now()); d < 0 || d > time.Minute {
		t.Errorf("the real clock is %v behind", d)
	}
}

func TestSeedsAndTemplates(t *testing.T) {
	plain := testpki.New()
	seeded := testpki.New(testpki.Seed("another"))
	if bytes.Equal(plain.Rekor2.ID(), seeded.Rekor2.ID()) || plain.CT.ID == seeded.CT.ID {
		t.Error("another seed gives the same keys")
	}
	p := testpki.New(testpki.TSATemplate(testpki.TSAIsCA), testpki.CARootTemplate(func(c *x509.Certificate) {
		c.NotAfter = testpki.DefaultTime
	}))
	if !p.TSALeaf.IsCA || !p.CARoot.NotAfter.Equal(testpki.DefaultTime) {
		t.Error("the templates were not changed")
	}
	root := decode[testpki.Root](t, p.TrustedRoot())
	if !bytes.Equal(root.TimestampAuthorities[0].CertChain.Certificates[0].RawBytes, p.TSALeaf.Raw) {
		t.Error("the trusted root has another leaf")
	}
}

func TestEntryEncodings(t *testing.T) {
	p := testpki.New()
	e := p.Rekor1.Add([]byte("body"))
	if want := append(e.Bytes(), "\x3a\x04body"...); !bytes.Equal(e.BytesWithBody(), want) {
		t.Errorf("with body %x, want %x", e.BytesWithBody(), want)
	}
	before := e.BytesWithBody()
	c := e.Clone()
	c.LogID[0]++
	c.SET[0]++
	c.Body[0]++
	c.Proof.RootHash[0]++
	c.Proof.Hashes[0][0]++
	c.Proof.TreeSize++
	if !bytes.Equal(e.BytesWithBody(), before) {
		t.Error("a changed clone changes the entry")
	}
	if bytes.Equal(c.BytesWithBody(), before) {
		t.Error("the clone did not change")
	}
}
