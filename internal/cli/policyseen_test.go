package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/fulcio"
	"github.com/paraph/paraph/internal/policy"
	"github.com/paraph/paraph/internal/report"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// Whose signature holds is counted once under the same name of the same
// instance; what does not hold proposes nobody.
func TestSeen(t *testing.T) {
	object := func(sort string, v verdict.Verdict, instance, key string, root byte) report.Object {
		r := &verify.Result{Verdict: v}
		if instance != "" {
			r.Signer = &verify.Signer{Identity: fulcio.Identity{Name: "alice@example.com", Issuer: "https://accounts.example.com"}, Instance: instance}
			r.Signer.CAs = append(r.Signer.CAs, [32]byte{root})
			r.Timestamps = []time.Time{time.Unix(int64(root), 0)}
		}
		return report.Object{Type: sort, Key: key, Result: r}
	}
	s := &seen{by: map[string]*policy.Seen{}, keys: map[string]int{}}
	for _, o := range []report.Object{
		object("commit", verdict.Valid, "public", "", 1),
		object("tag", verdict.Valid, "public", "", 2), // the public instance changes its CAs
		object("commit", verdict.Valid, "acme", "", 1),
		object("commit", verdict.Valid, "acme", "", 1),
		object("commit", verdict.Valid, "acme", "", 2), // another one of that name
		object("commit", verdict.Bad, "", "", 1),
		object("commit", verdict.Expired, "public", "", 1),
		object("commit", "", "", "", 1),
		object("commit", verdict.Unsigned, "", "", 1),
		object("commit", verdict.Unknown, "", "SSH SHA256:a\x1b", 1),
		object("commit", verdict.Unknown, "", "SSH SHA256:a\x1b", 1),
	} {
		s.add(o)
	}
	if len(s.order) != 3 || s.signed != 5 || s.unsigned != 1 || s.broken != 3 {
		t.Errorf("%d signers of %d objects, %d unsigned, %d broken", len(s.order), s.signed, s.unsigned, s.broken)
	}
	alice := s.by[s.order[0]]
	if alice.Commits != 1 || alice.Tags != 1 || !alice.Last.Equal(time.Unix(2, 0)) {
		t.Errorf("%+v", alice)
	}
	var b bytes.Buffer
	if err := s.say(&b, ""); err != nil || !strings.Contains(b.String(), "1 SSH or OpenPGP keys, which are not proposed: 2;") || strings.Contains(b.String(), "wrote") {
		t.Errorf("%v: %s", err, b.String())
	}
}
