package history

import (
	"bytes"

	"github.com/paraph/paraph/internal/keysig"
	"github.com/paraph/paraph/internal/report"
	"github.com/paraph/paraph/internal/verdict"
)

// A keySignature is one by a key without a certificate, or what is wrong with it.
type keySignature struct {
	*keysig.Signature
	sort string
	err  error
}

// String names the key for people.
func (k *keySignature) String() string {
	if k.err != nil {
		return ""
	}
	return k.sort + " " + k.Name()
}

// keySignatureOf reads a signature by such a key, nil for one that is none.
func keySignatureOf(files *keysig.Files, armored, payload []byte) *keySignature {
	for begin, sort := range map[string]string{"-----BEGIN SSH SIGNATURE-----": "SSH", "-----BEGIN PGP SIGNATURE-----": "OpenPGP"} {
		if bytes.HasPrefix(armored, []byte(begin)) {
			s, err := keysig.Read(files, armored, payload)
			return &keySignature{s, sort, err}
		}
	}
	return nil
}

// name says in a result which key signed, or, where nobody knows that it did,
// which one the signature claims. One by SSH brings its key, and was verified.
func (k *keySignature) name(o *report.Object) {
	switch o.Verdict {
	case verdict.Trusted, verdict.Valid, verdict.Refused:
		o.Key = k.String()
	case verdict.Unknown:
		if k.sort == "SSH" {
			o.Key = k.String()
			return
		}
		fallthrough
	default:
		r := *o.Result
		r.Claimed = k.String()
		o.Result = &r
	}
}
