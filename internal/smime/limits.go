package smime

import "github.com/paraph/paraph/cms"

// Bounds on what a stranger may send. Real messages have 1 to 5 kB, with a
// timestamp up to 10.
const (
	maxSize         = cms.MaxSize // bytes, as armored signatures of all sorts
	maxDepth        = 32          // nested elements; a token inside a signature needs 15
	maxLengthOctets = 4           // of a length: what maxSize needs, and one that BER writers put before it
	maxCertificates = 6           // in the set: a signer, four CAs, a root
	maxSameSubject  = 2           // certificates with one subject: a renewed CA, or one that two others certified
	maxAttributes   = 16          // in each of the two sets
	maxEmail        = 320         // bytes of an address: 64, @, 255 (RFC 5321, 4.5.3.1)

	minRSABits   = 2048 // shorter moduli can be factored
	maxRSABits   = 8192 // longer ones make verification slow
	minECDSABits = 256
)
