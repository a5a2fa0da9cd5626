package payload

import "strings"

// parseTag reads, after git's fsck.c:fsck_tag_standalone:
//
//	tag = object type tag tagger LF message
//
// The set is closed: nothing that writes tags adds headers, except git for
// the signature of another hash algorithm, which paraph refuses.
func (p *Payload) parseTag(h *headers) error {
	var err error
	if p.Object, err = h.objectID("object"); err != nil {
		return err
	}
	if p.ObjectType, err = h.expect("type"); err != nil {
		return err
	}
	switch p.ObjectType {
	case "commit", "tree", "blob", "tag":
	default:
		return broken(RuleObjectType, "a tag of a %q", p.ObjectType)
	}
	if p.TagName, err = h.expect("tag"); err != nil {
		return err
	}
	if p.TagName == "" || strings.ContainsFunc(p.TagName, isControl) {
		return broken(RuleTagName, "the tag's name is empty or has control characters")
	}
	if p.Committer, err = h.ident("tagger"); err != nil {
		return err
	}
	return h.end()
}

// end refuses headers where no more may come.
func (h *headers) end() error {
	if len(h.rest) == 0 {
		return nil
	}
	name := h.nextName()
	if hasPrefixFold(name, "gpgsig") {
		return broken(RuleSignatureHeader, "the signed part has a header %q", name)
	}
	return broken(RuleUnknownHeader, "a header %q where the headers should end", name)
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }
