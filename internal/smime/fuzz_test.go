package smime_test

import (
	"testing"

	"github.com/paraph/paraph/internal/smime"
	"github.com/paraph/paraph/internal/verdict"
)

// FuzzVerify looks for messages that make Verify panic, for results without
// proof, and for failures that name no rule.
func FuzzVerify(f *testing.F) {
	m := message()
	f.Add(m.DER())
	f.Add(indefinite(split(m.DER()), 16, 20))
	m.Timestamp(tsa)
	f.Add(m.DER())
	f.Add([]byte{0x30, 0x80})
	o := options()
	f.Fuzz(func(t *testing.T, ber []byte) {
		r, checks := smime.Verify(content, ber, o)
		if (r != nil) != (first(checks) == "") {
			t.Errorf("%+v, %+v", r, checks)
		}
		if r != nil && (!r.Leaf.Equal(alice) || r.Email != "alice@example.com") {
			t.Errorf("alice's certificate became %+v", r)
		}
		for _, c := range checks {
			if e := verdict.As(c.Err, verdict.Syntax, ""); e != nil && e.Rule == "" {
				t.Errorf("%s fails without a rule: %v", c.Name, c.Err)
			}
		}
		leaf, err := smime.Leaf(ber)
		if (leaf == nil) != (err != nil) || (err != nil) != (checks[0].Err != nil) {
			t.Errorf("the signer is %v, %v; %+v", leaf, err, checks[0])
		}
	})
}
