package rekor

// Bounds on what is read. An entry comes from an attacker's space, a response
// from a service that is not believed; real entries take 1 to 4 KiB.
const (
	maxEntry      = 32 << 10  // bytes of a protobuf entry
	maxResponse   = 128 << 10 // bytes of a JSON response: an entry grows by less than four in base64 and hex
	maxHashes     = 64        // hashes of an inclusion proof: a tree size has 63 bits
	maxWord       = 64        // bytes of kind and version
	maxSET        = 512       // bytes of a signed entry timestamp
	maxCheckpoint = 16 << 10  // bytes of a checkpoint, its witnesses' signatures included
	maxSignatures = 32        // signature lines of a checkpoint
)
