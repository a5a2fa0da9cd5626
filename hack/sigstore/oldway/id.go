package oldway

import (
	"fmt"
	"regexp"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/paraph/paraph/git"
)

// longID is a tree or parent of a SHA-256 repository, the first twenty bytes
// apart from the rest.
var longID = regexp.MustCompile(`(?m)^((?:tree|parent) [0-9a-f]{40})[0-9a-f]{24}$`)

// CommitID is the id that gitsign logs for a signed commit: that of the commit
// as go-git reads it and gitsign writes it anew, without the headers that it
// has no field for. Where there are none it is the commit's own. In a repository of format SHA-256 it is the SHA-1 of a commit with trees and
// parents of twenty bytes: go-git of 2022 cut longer ones without a word
// (plumbing.NewHash), where the present one refuses them.
func CommitID(format git.Format, raw []byte) (string, error) {
	o, err := git.Split(format, git.Commit, raw)
	if err != nil {
		return "", err
	}
	payload := o.Payload
	if format == git.SHA256 {
		payload = longID.ReplaceAll(payload, []byte("$1"))
	}
	var commit object.Commit
	if err := commit.Decode(memory(plumbing.CommitObject, payload)); err != nil {
		return "", err
	}
	return encoded(&object.Commit{
		Author: commit.Author, Committer: commit.Committer,
		TreeHash: commit.TreeHash, ParentHashes: commit.ParentHashes,
		Message: commit.Message, PGPSignature: string(o.Signature),
	})
}

// TagAsCommitID is the id that gitsign of 2022 logged for a tag: it read every
// payload as a commit, so that of a tag nothing was left but the message.
func TagAsCommitID(format git.Format, raw []byte) (string, error) {
	o, err := git.Split(format, git.Tag, raw)
	if err != nil {
		return "", err
	}
	var tag object.Tag
	if err := tag.Decode(memory(plumbing.TagObject, o.Payload)); err != nil {
		return "", err
	}
	return encoded(&object.Commit{Message: tag.Message, PGPSignature: string(o.Signature)})
}

// HeaderID is the SHA-1 of a raw object under the type of a commit, whatever
// it is.
func HeaderID(raw []byte) string {
	return plumbing.ComputeHash(plumbing.CommitObject, raw).String()
}

// TagID is the SHA-1 id of a raw tag.
func TagID(raw []byte) string {
	return plumbing.ComputeHash(plumbing.TagObject, raw).String()
}

func encoded(commit *object.Commit) (string, error) {
	var out plumbing.MemoryObject
	if err := commit.Encode(&out); err != nil {
		return "", fmt.Errorf("go-git: %w", err)
	}
	return out.Hash().String(), nil
}

func memory(kind plumbing.ObjectType, raw []byte) *plumbing.MemoryObject {
	o := new(plumbing.MemoryObject)
	o.SetType(kind)
	_, _ = o.Write(raw) // into memory: cannot fail
	return o
}
