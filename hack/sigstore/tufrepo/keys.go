package tufrepo

import (
	"crypto"
	"crypto/ed25519"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// A Key signs for a role, or did.
type Key struct {
	signer signature.Signer
	public *metadata.Key
}

func newKey() (*Key, error) {
	pub, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	signer, err := signature.LoadSigner(private, crypto.Hash(0))
	if err != nil {
		return nil, err
	}
	public, err := metadata.KeyFromPublicKey(pub)
	if err != nil {
		return nil, err
	}
	return &Key{signer, public}, nil
}

// Replace gives a role a new key: the next version of the root names it in
// place of the old one, signed for the root itself by both (section 6.1), and
// the role's metadata is published anew. It returns the key that is revoked.
func (r *Repository) Replace(role string) (*Key, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	revoked, err := r.replaceKey(role)
	if err != nil {
		return nil, err
	}
	r.root.Signed.Version++
	signers := []*Key{r.keys[Root]}
	if role == Root {
		return revoked, r.writeRoot(append(signers, revoked)...)
	}
	if err := r.writeRoot(signers...); err != nil {
		return nil, err
	}
	return revoked, r.renew(role)
}

// replaceKey names a new key for a role in the root that is not yet written,
// and returns the old one, nil for the first.
func (r *Repository) replaceKey(role string) (*Key, error) {
	if _, ok := r.root.Signed.Roles[role]; !ok {
		return nil, unknownRole(role)
	}
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	old := r.keys[role]
	if old != nil {
		id, err := old.public.ID()
		if err != nil {
			return nil, err
		}
		if err := r.root.Signed.RevokeKey(id, role); err != nil {
			return nil, err
		}
	}
	r.keys[role] = key
	return old, r.root.Signed.AddKey(key.public, role)
}

// sign returns the metadata with a signature of each key and no others.
func sign[T metadata.Roles](m *metadata.Metadata[T], keys ...*Key) ([]byte, error) {
	m.ClearSignatures()
	for _, key := range keys {
		if _, err := m.Sign(key.signer); err != nil {
			return nil, err
		}
	}
	return m.ToBytes(true)
}
