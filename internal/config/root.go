package config

import (
	"crypto/x509"
	"os"

	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/trust/builtin"
)

// MaxFile bounds the files that settings name, in bytes.
const MaxFile = 1 << 20

// A Reader returns the first limit bytes of a file, and one more if there are
// more, so that the caller can tell: bounded.ReadFile, or a fake.
type Reader func(name string, limit int64) ([]byte, error)

// File reads the file that the setting names.
func (s Setting) File(read Reader) ([]byte, error) {
	data, err := read(s.Value, MaxFile)
	if err != nil {
		return nil, errorf("%s: %v", s.Source, err)
	}
	return data, nil
}

// Root reads the trusted root that the setting names, the public instance's
// built-in one where it is not set. One given by file stands in for the
// public instance, and is as old as the file.
func (s Setting) Root(read Reader) (*trust.Root, error) { return s.RootBy(read, trust.Parse) }

// RootBy is Root, read by the given parser.
func (s Setting) RootBy(read Reader, parse trust.Parser) (*trust.Root, error) {
	if !s.Set() {
		return builtin.RootBy(parse)
	}
	data, err := s.File(read)
	if err != nil {
		return nil, err
	}
	root, err := parse(data, builtin.Instance)
	if err != nil {
		return nil, errorf("%s: %s: %v", s.Source, s.Value, err)
	}
	root.Origin = s.Value
	if info, err := os.Stat(s.Value); err == nil {
		root.Checked = info.ModTime()
	}
	return root, nil
}

// CertPool reads the PEM certificates of the file that the setting names, the
// system's where it is not set.
func (s Setting) CertPool(read Reader) (*x509.CertPool, error) {
	if !s.Set() {
		return x509.SystemCertPool()
	}
	data, err := s.File(read)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, errorf("%s: %s has no certificate in PEM", s.Source, s.Value)
	}
	return pool, nil
}

// SigningConfig reads the signing config that the setting names, an empty one
// where it is not set.
func (s Setting) SigningConfig(read Reader) (*trust.SigningConfig, error) {
	if !s.Set() {
		return new(trust.SigningConfig), nil
	}
	data, err := s.File(read)
	if err != nil {
		return nil, err
	}
	c, err := trust.ParseSigningConfig(data)
	if err != nil {
		return nil, errorf("%s: %s: %v", s.Source, s.Value, err)
	}
	return c, nil
}
