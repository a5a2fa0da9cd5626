package payload

import "strings"

// parseCommit reads, after git's fsck.c:fsck_commit but without its leniency:
//
//	commit  = tree *parent author committer *extra LF message
//	extra   = name SP value LF *( SP text LF )
//
// The extra headers that git writes are encoding and mergetag. Those of others
// (change-id, HG:extra) may stand there any number of times, since git signs
// and keeps them.
func (p *Payload) parseCommit(h *headers) error {
	var err error
	if p.Tree, err = h.objectID("tree"); err != nil {
		return err
	}
	for h.peek("parent") {
		id, err := h.objectID("parent")
		if err != nil {
			return err
		}
		p.Parents = append(p.Parents, id)
	}
	if p.Author, err = h.ident("author"); err != nil {
		return err
	}
	if p.Committer, err = h.ident("committer"); err != nil {
		return err
	}
	for len(h.rest) > 0 {
		if err := p.extraHeader(h); err != nil {
			return err
		}
	}
	return nil
}

// extraHeader reads one header after the committer.
func (p *Payload) extraHeader(h *headers) error {
	name, value, continued, err := h.next()
	if err != nil {
		return err
	}
	switch {
	// git drops what begins with gpgsig from the payload; in capitals it keeps
	// it, and another reader may not.
	case hasPrefixFold(name, "gpgsig"):
		return broken(RuleSignatureHeader, "the signed part has a header %q", name)
	case isCoreHeader(name):
		return broken(RuleHeaderOrder, "the header %q stands after the committer", name)
	case strings.EqualFold(name, "encoding"):
		if name != "encoding" || p.Encoding != "" {
			return broken(RuleEncoding, "the header encoding stands there twice, or in capitals")
		}
		if continued {
			return broken(RuleContinuation, "the header %q goes on in a second line", name)
		}
		if value == "" {
			return broken(RuleEncoding, "the header encoding is empty")
		}
		p.Encoding = value
	}
	return nil
}

// isCoreHeader reports whether a lenient reader could take the header for one
// of the four that stand at the top.
func isCoreHeader(name string) bool {
	for _, core := range []string{"tree", "parent", "author", "committer"} {
		if strings.EqualFold(name, core) {
			return true
		}
	}
	return false
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
