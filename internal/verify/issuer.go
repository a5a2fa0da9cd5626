package verify

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verdict"
)

// An issuer is the answer of one trusted root to who certified a key.
type issuer struct {
	root  *trust.Root
	age   time.Duration // of the root, 0 if it is not known
	ca    *trust.Path   // nil where err is not
	err   error
	token *pendingTimestamp
}

// issuers asks all roots, and returns those that know the certificate's
// issuer: at least one answer, that of the best failure if none does. What
// contradicts a known CA counts before what is not known.
func (t *Trust) issuers(sd *cms.SignedData) []issuer {
	// The tokens are verified beside the certificate, under each root that
	// knows their authority.
	tokens := make([]*pendingTimestamp, len(t.Roots))
	for n, root := range t.Roots {
		tokens[n] = startTimestamp(sd, root)
	}
	var known, unknown, failed []issuer
	for n, root := range t.Roots {
		i := issuer{root: root, token: tokens[n]}
		i.ca, i.err = root.Issuer(sd.Leaf)
		var old, e *verdict.Error
		i.age, old = t.age(root)
		switch {
		case i.err == nil && old != nil:
			i.ca, i.err = nil, old
			unknown = slices.Insert(unknown, 0, i) // it says more than that a root does not know the CA
		case i.err == nil:
			known = append(known, i)
		case errors.As(i.err, &e) && e.Class == verdict.Material:
			unknown = append(unknown, i)
		default:
			failed = append(failed, i)
		}
	}
	switch {
	case len(known) > 0:
		return known
	case len(failed) > 0:
		return failed[:1]
	case len(unknown) > 0:
		return unknown[:1]
	}
	none := &trust.Root{}
	return []issuer{{root: none, token: startTimestamp(sd, none), err: verdict.Errorf(verdict.Material, "no-root", "there is no trusted root to verify against")}}
}

// age returns how old a root is, and refuses one that is too old: class
// Material, since what it does not know yet, or knows no longer, is not known.
func (t *Trust) age(root *trust.Root) (time.Duration, *verdict.Error) {
	// Of two clocks one may be a little ahead.
	const skew = 24 * time.Hour
	var age time.Duration
	if !root.Checked.IsZero() && t.Now.After(root.Checked) {
		age = t.Now.Sub(root.Checked)
	}
	switch {
	case t.MaxRootAge == 0:
		return age, nil
	case root.Checked.IsZero() || t.Now.IsZero() || root.Checked.After(t.Now.Add(skew)):
		return age, verdict.Errorf(verdict.Material, "root-age", "how old the trusted root of %s is, is not known", root.Instance)
	case age > t.MaxRootAge:
		return age, verdict.Errorf(verdict.Material, "root-age", "the trusted root of %s was last checked on %s, which is longer ago than %s",
			root.Instance, root.Checked.UTC().Format(time.DateOnly), days(t.MaxRootAge))
	}
	return age, nil
}

// days writes a duration in days where it is some.
func days(d time.Duration) string {
	const day = 24 * time.Hour
	if d >= 2*day && d%day == 0 {
		return fmt.Sprintf("%d days", d/day)
	}
	return d.String()
}
