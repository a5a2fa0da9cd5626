package trust

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/fips140"
	"math/big"
)

// ForOne prepares the root for a process that verifies one signature, where
// arithmetic over P-384 is most of the cost.
//
// It leaves out the signatures inside of the root's own chains. They say
// nothing about a signature: whoever could put a certificate into the root is
// trusted with all of it, and the certificate that issued a leaf is a trust
// anchor by standing there (RFC 5280, 6.1). Check verifies them wherever it
// costs nothing: when signing, and in paraph verify. Names, windows and key
// usages count all the same.
//
// It also saves the table of base point multiples that crypto/ecdsa builds at
// the first P-384 verification of a process (3.3 ms): from five verifications
// on the table is the faster way, before it is not.
//
// It must be called before the root is shared between goroutines.
func (r *Root) ForOne() {
	for _, list := range [][]*Authority{r.CAs, r.TSAs} {
		for _, a := range list {
			a.anchored = true
		}
	}
	if fips140.Enabled() {
		return // a curve of another type is refused there
	}
	for _, list := range [][]*Authority{r.CAs, r.TSAs} {
		for _, a := range list {
			for _, c := range a.Chain {
				if k, ok := c.PublicKey.(*ecdsa.PublicKey); ok && k.Curve == elliptic.P384() {
					k.Curve = newTablelessP384()
				}
			}
		}
	}
}

// StartTable builds that table beside the caller, who will verify several
// signatures over P-384 as soon as it knows which.
func StartTable() {
	go func() {
		one := make([]byte, 48)
		one[len(one)-1] = 1
		_, _ = ecdh.P384().NewPrivateKey(one) // whose public key is the base point
	}()
}

// tablelessP384 is P-384 whose base point is multiplied like any other point.
// All arithmetic is the standard library's. Its Params are a copy, which is
// what makes crypto/ecdsa take the path over the elliptic.Curve interface.
type tablelessP384 struct {
	elliptic.Curve
	params elliptic.CurveParams
}

func newTablelessP384() *tablelessP384 {
	return &tablelessP384{elliptic.P384(), *elliptic.P384().Params()}
}

func (c *tablelessP384) Params() *elliptic.CurveParams { return &c.params }

func (c *tablelessP384) ScalarBaseMult(k []byte) (x, y *big.Int) {
	//lint:ignore SA1019 the interface that crypto/ecdsa calls back has this method and no other
	return c.Curve.ScalarMult(c.params.Gx, c.params.Gy, k)
}
