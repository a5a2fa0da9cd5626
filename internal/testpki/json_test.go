package testpki_test

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/paraph/paraph/internal/testpki"
)

func TestTrustedRootSpeaksOfTheInstance(t *testing.T) {
	p := testpki.New()
	root := decode[testpki.Root](t, p.TrustedRoot())
	for i, log := range []*testpki.Log{p.Rekor1, p.Rekor2} {
		spki, err := x509.MarshalPKIXPublicKey(log.Public())
		if err != nil {
			t.Fatal(err)
		}
		if got := root.Tlogs[i]; !bytes.Equal(got.PublicKey.RawBytes, spki) || !bytes.Equal(got.LogID.KeyID, log.ID()) {
			t.Errorf("tlog %d: %+v", i, got)
		}
	}
	if got := root.CTLogs[0].LogID.KeyID; !bytes.Equal(got, p.CT.ID[:]) {
		t.Errorf("CT log id %x", got)
	}
	for i, want := range [][]*x509.Certificate{{p.CAIntermediate, p.CARoot}, {p.TSALeaf, p.TSARoot}} {
		authority := []testpki.Authority{root.CertificateAuthorities[0], root.TimestampAuthorities[0]}[i]
		for j, c := range want {
			if !bytes.Equal(authority.CertChain.Certificates[j].RawBytes, c.Raw) {
				t.Errorf("authority %d, certificate %d is another", i, j)
			}
		}
	}
}

func TestTrustedRootChanges(t *testing.T) {
	p := testpki.New()
	root := decode[testpki.Root](t, p.TrustedRoot(func(r *testpki.Root) { r.Tlogs[0].PublicKey.ValidFor = nil }))
	if root.Tlogs[0].PublicKey.ValidFor != nil || root.Tlogs[1].PublicKey.ValidFor == nil {
		t.Errorf("%+v", root.Tlogs)
	}
}

func TestSigningConfig(t *testing.T) {
	p := testpki.New()
	urls := p.URLs()
	for major, want := range map[int][]string{1: {urls.Rekor1}, 2: {urls.Rekor2, urls.Rekor1}} {
		c := decode[testpki.SigningConfig](t, p.SigningConfig(urls, major))
		var got []string
		for _, s := range c.RekorTlogURLs {
			got = append(got, s.URL)
		}
		if !slices.Equal(got, want) || c.RekorTlogURLs[0].MajorAPIVersion != major {
			t.Errorf("rekor %d: %+v", major, c.RekorTlogURLs)
		}
	}
}

// TestShapesOfThePublicInstance compares the members that our files and those
// of the public instance have, wherever they stand.
func TestShapesOfThePublicInstance(t *testing.T) {
	corpus := os.Getenv("PARAPH_CORPUS")
	if corpus == "" {
		t.Skip("PARAPH_CORPUS is not set: the public instance's trusted root and signing configs are not at hand")
	}
	p := testpki.New()
	for name, ours := range map[string][]byte{
		"trusted_root.json":                 p.TrustedRoot(),
		"signing_config.v0.2.json":          p.SigningConfig(p.URLs(), 1),
		"signing_config_rekor_v2.v0.2.json": p.SigningConfig(p.URLs(), 2),
	} {
		public, err := os.ReadFile(filepath.Join(corpus, "..", "trust", name))
		if err != nil {
			t.Fatal(err)
		}
		want := members(decode[any](t, public))
		delete(want, ".certificateAuthorities.validFor.end") // of CAs and logs that have ended
		delete(want, ".ctlogs.publicKey.validFor.end")
		got := members(decode[any](t, ours))
		if !maps.Equal(got, want) {
			t.Errorf("%s has %v, the public one %v", name, slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
		}
	}
}

// members are the paths of all members below v with the kind of their values;
// the elements of an array are one.
func members(v any) map[string]string {
	all := map[string]string{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, member := range v {
				walk(path+"."+name, member)
			}
		case []any:
			for _, element := range v {
				walk(path, element)
			}
		case json.Number, float64:
			all[path] = "number"
		default:
			all[path] = "string"
		}
	}
	walk("", v)
	return all
}
