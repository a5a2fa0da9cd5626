package payload

// certificateVersion is the only one there is.
const certificateVersion = "0.1"

// parseCertificate reads what git's send-pack.c:generate_push_cert writes:
//
//	certificate = "certificate version 0.1" LF pusher [pushee] [nonce]
//	              *push-option LF 1*( old SP new SP ref LF )
//
// The ref updates stay unparsed, in Message.
func (p *Payload) parseCertificate(h *headers) error {
	version, err := h.expect("certificate")
	if err != nil {
		return err
	}
	if version != "version "+certificateVersion {
		return broken(RuleVersion, "a push certificate of another version than %s", certificateVersion)
	}
	pusher, err := h.expect("pusher")
	if err != nil {
		return err
	}
	if p.Committer, err = parsePusher(pusher); err != nil {
		return err
	}
	if p.Pushee, err = h.optional("pushee"); err != nil {
		return err
	}
	if p.Nonce, err = h.optional("nonce"); err != nil {
		return err
	}
	for h.peek("push-option") {
		option, err := h.expect("push-option")
		if err != nil {
			return err
		}
		p.PushOptions = append(p.PushOptions, option)
	}
	return h.end()
}

// optional takes a header that may be missing, but is not written when empty.
func (h *headers) optional(name string) (string, error) {
	if !h.peek(name) {
		return "", nil
	}
	value, err := h.expect(name)
	if err == nil && value == "" {
		return "", broken(RuleHeaderSyntax, "the header %q is empty", name)
	}
	return value, err
}
