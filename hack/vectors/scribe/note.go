package scribe

import (
	"crypto"
	"crypto/sha256"
	"fmt"

	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/internal/proof"
	"github.com/paraph/paraph/internal/rekor"
	"github.com/paraph/paraph/internal/testpki"
)

// NoteLine logs a commit that the signer made with [Nothing] for a proof, and
// is the line of a note that proves it.
func (k Keyless) NoteLine(h *History, label string) string {
	line, err := k.noteLine(h, label)
	if err != nil {
		h.fail(fmt.Errorf("%s: %w", label, err))
	}
	return line
}

func (k Keyless) noteLine(h *History, label string) (string, error) {
	id := h.ID(label)
	object, err := git.Split(git.SHA1, git.Commit, []byte(h.objects[id].data))
	if err != nil {
		return "", err
	}
	der, err := cms.Unarmor(object.Signature)
	if err != nil {
		return "", err
	}
	sd, err := cms.Parse(der)
	if err != nil {
		return "", err
	}
	digest := sha256.Sum256([]byte(id))
	signature, err := testpki.Key(k.Name).Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		return "", err
	}
	h.Public.Clock.Set(h.commits[label].at)
	entry, err := rekor.ParseV1Response(h.Public.LogV1(digest, signature, sd.Leaf.Raw).V1JSON())
	if err != nil {
		return "", err
	}
	bundle, err := proof.New(entry)
	if err != nil {
		return "", err
	}
	text, err := bundle.JSON()
	return string(text) + "\n", err
}
