package report

import (
	"io"
	"testing"

	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// What a result costs beside its verification.
func BenchmarkObject(b *testing.B) {
	o := full()
	o.Ref, o.Range, o.PolicySource, o.SignerName, o.Rule = "refs/heads/main", "--all", "HEAD:.paraph/policy", "alice", "allow"
	o.Verdict, o.Err, o.Signer = verdict.Trusted, nil, samples()[2].Signer
	o.Root, o.Log.Kind, o.Checks = nil, "hashedrekord 0.0.1", nil
	for range 12 {
		o.Checks = append(o.Checks, verify.Check{Name: verify.CheckInclusion, OK: true, Detail: "leaf 11 of a tree of 12"})
	}
	for _, format := range formats {
		b.Run(format, func(b *testing.B) {
			w, err := New(format, io.Discard, Options{})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := w.Object(o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
