package rekor

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verdict"
)

// CheckCheckpoint checks that the log signed the tree that the inclusion proof
// leads to.
//
// A note that breaks the form of C2SP signed-note or tlog-checkpoint is a
// failure of class Syntax; one that this log did not sign, or that is of
// another log or tree, of class Log; a key or URL in the trusted root that
// cannot verify any note, of class Material.
//
// Signatures under other names or keys are those of witnesses. They are
// bounded, must have the form of one, and count for nothing.
func (e *Entry) CheckCheckpoint(log *trust.Log) error {
	if err := e.checkShape(); err != nil {
		return err
	}
	origin, _, _ := strings.Cut(e.Proof.Checkpoint, "\n")
	name, err := e.checkpointName(origin, log)
	if err != nil {
		return err
	}
	hash, ok := keyHash(name, log.Key)
	if !ok {
		return verdict.Errorf(verdict.Material, "log-key", "the trusted root has a key of type %T for log %s, which signs no checkpoints", log.Key, log.URL)
	}
	text, err := openNote(e.Proof.Checkpoint, noteVerifier{name, hash, log.Key})
	if err != nil {
		return err
	}
	size, root, err := parseCheckpoint(text)
	switch {
	case err != nil:
		return err
	case size != e.Proof.TreeSize:
		return verdict.Errorf(verdict.Log, "checkpoint-size", "the checkpoint is of a tree of size %d, the inclusion proof of size %d", size, e.Proof.TreeSize)
	case !bytes.Equal(root, e.Proof.RootHash):
		return verdict.Errorf(verdict.Log, "checkpoint-root", "the checkpoint has another root hash than the inclusion proof")
	}
	return nil
}

// checkpointName returns the name under which the log signs.
//
// In Rekor v2 it is the host of the log's URL, without port, and the origin
// too. In v1 the origin is that name and the number of the shard's tree, as in
// "rekor.sigstore.dev - 1193050959916656506", and the name is no part of the
// trusted root: the key alone says whose checkpoint it is.
func (e *Entry) checkpointName(origin string, log *trust.Log) (string, error) {
	if e.MajorVersion() == 1 {
		name, _, _ := strings.Cut(origin, " ")
		if name == "" {
			return "", syntax("checkpoint-origin", "the checkpoint has no origin")
		}
		return name, nil
	}
	u, err := url.Parse(log.URL)
	if err != nil || u.Hostname() == "" {
		return "", verdict.Errorf(verdict.Material, "log-url", "the trusted root has no host name for the log: %q", log.URL)
	}
	if origin == "" {
		return "", syntax("checkpoint-origin", "the checkpoint has no origin")
	}
	if origin != u.Hostname() {
		return "", verdict.Errorf(verdict.Log, "checkpoint-origin", "the checkpoint is of %.100q, the log is %q", origin, u.Hostname())
	}
	return u.Hostname(), nil
}

// openNote returns the text of a note that the log signed, exactly once.
func openNote(envelope string, log noteVerifier) (text string, err error) {
	if err := checkSignatureLines(envelope); err != nil {
		return "", err
	}
	n, err := note.Open([]byte(envelope), note.VerifierList(log))
	var invalid *note.InvalidSignatureError
	var unverified *note.UnverifiedNoteError
	switch {
	case errors.As(err, &invalid):
		return "", verdict.Errorf(verdict.Log, "checkpoint-signature", "the checkpoint's signature is false: %w", err)
	case errors.As(err, &unverified):
		return "", verdict.Errorf(verdict.Log, "checkpoint-key", "the checkpoint is not signed by the log's key: no signature of %.100q with key hash %08x", log.name, log.hash)
	case err != nil:
		return "", syntax("checkpoint-form", "the checkpoint is not a signed note: %w", err)
	}
	return n.Text, nil
}

// checkSignatureLines bounds the signature lines of a note and refuses those
// that note.Open lets pass: base64 with bits that mean nothing, and a line
// that says again what another said.
func checkSignatureLines(envelope string) error {
	i := strings.LastIndex(envelope, "\n\n")
	if i < 0 || !strings.HasSuffix(envelope, "\n") {
		return syntax("checkpoint-form", "the checkpoint is not a signed note: it has no signatures")
	}
	signatures := envelope[i+2:]
	if strings.Count(signatures, "\n") > maxSignatures {
		return syntax("checkpoint-signatures", "the checkpoint has more than %d signatures", maxSignatures)
	}
	seen := make(map[string]bool)
	for line := range strings.Lines(signatures) {
		// "— " name " " base64(key hash || signature) LF
		j := strings.LastIndexByte(line, ' ')
		raw, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSuffix(line[j+1:], "\n"))
		if err != nil || len(raw) <= 4 {
			return syntax("checkpoint-form", "the checkpoint is not a signed note: it has a signature that is not base64")
		}
		signer := line[:j+1] + string(raw[:4])
		if seen[signer] {
			return syntax("checkpoint-signatures", "the checkpoint has two signatures of one key")
		}
		seen[signer] = true
	}
	return nil
}

// parseCheckpoint reads the text of a checkpoint (C2SP tlog-checkpoint):
// origin, size in decimal, root hash in base64, each with a newline; lines
// with extensions may follow.
func parseCheckpoint(text string) (size int64, root []byte, err error) {
	lines := strings.SplitN(text, "\n", 4)
	if len(lines) < 4 {
		return 0, nil, syntax("checkpoint-form", "the checkpoint has not the three lines origin, size and root hash")
	}
	size, err = strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return 0, nil, syntax("checkpoint-form", "the checkpoint's size is not a number: %.40q", lines[1])
	}
	root, err = base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != sha256.Size {
		return 0, nil, syntax("checkpoint-form", "the checkpoint's root hash is not the base64 of %d bytes: %.60q", sha256.Size, lines[2])
	}
	return size, root, nil
}
