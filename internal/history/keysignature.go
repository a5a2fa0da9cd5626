package history

import "github.com/paraph/paraph/internal/policy"

type keySignature struct{ policy.KeySignature }

func (k *keySignature) String() string { return "" }

func keySignatureOf(signature, payload []byte) *keySignature { return nil }
