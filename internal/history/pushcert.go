package history

import (
	"bytes"
	"errors"
	"strings"
	"time"

	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/internal/payload"
	"github.com/paraph/paraph/internal/policy"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// Bounds of a push certificate.
const (
	maxCertificate = 32 << 20 // bytes
	maxPushedRefs  = 1 << 17  // updates that it names
)

// The rules of a push certificate, beyond those of packages git and payload.
const (
	RuleCertificateSize = "certificate-size"
	RulePushedRefs      = "pushed-refs"
)

// A PushCertificate is one whose signature holds: all that it says was signed.
// Whether its signer may do what it says is for a policy to tell. The zero value
// is nobody's.
type PushCertificate struct {
	c       *candidate
	idWidth int // of ids in its repository
}

// PushCertificate reads and verifies the push certificate that git stored as the
// blob with this id (receive-pack.c:prepare_push_cert_sha1). What git found out
// about it counts for nothing. A *verdict.Error of another class than
// Infrastructure says what is wrong with it.
//
// One by an OpenPGP key is verified when a policy says whose keys count, see
// [PushCertificate.MayPush].
func (v *Verification) PushCertificate(id string) (*PushCertificate, error) {
	r := &v.run
	raw, err := r.read(id, "blob")
	if err != nil {
		return nil, err
	}
	if len(raw) > maxCertificate {
		return nil, verdict.Errorf(verdict.Syntax, RuleCertificateSize, "the push certificate has %d bytes, at most %d are read: push fewer refs at once", len(raw), maxCertificate)
	}
	format := git.SHA1
	if len(id) == 64 {
		format = git.SHA256
	}
	o, err := git.Split(format, git.PushCertificate, raw)
	if errors.Is(err, git.ErrUnsigned) {
		return nil, verdict.Errorf(verdict.Syntax, git.RuleUnsigned, "the push certificate has no signature: `paraph init` sets one up, git push --signed makes it")
	}
	if err != nil {
		return nil, verdict.As(err, verdict.Syntax, verify.CheckFormat)
	}
	p, err := payload.Parse(o.Payload)
	if err != nil {
		return nil, err
	}
	e := &examined{id: id, kind: string(payload.PushCertificate), payload: p}
	e.result = r.opts.Verdicts.Verify(o.Payload, o.Signature, verify.Note{})
	e.key = keySignatureOf(&r.examiner.keys, o.Signature, o.Payload)
	if err := e.holds(); err != nil {
		return nil, err
	}
	return &PushCertificate{&candidate{judge: &r.judge, e: e}, len(id)}, nil
}

// holds says why a signature does not, as far as that can be told without a
// policy.
func (e *examined) holds() error {
	r := e.result
	byKey := e.key != nil && r.Err != nil && r.Err.Rule == verify.RuleOtherSignature
	switch {
	case byKey && e.key.err != nil:
		return verdict.As(e.key.err, verdict.Syntax, verify.CheckFormat)
	case byKey, e.key == nil && r.Verdict == verdict.Valid:
		return nil
	case r.Err != nil:
		return r.Err
	}
	return verdict.Errorf(verdict.Syntax, verify.CheckFormat, "the signature of the %s was not verified", e.kind)
}

// MayPush says whether the signer may push to a ref. An error says that nobody
// could tell.
func (c *PushCertificate) MayPush(p *policy.Policy, ref string) (policy.Decision, error) {
	return c.may(p, p.MayPush, ref)
}

// MayRewind says whether the signer may delete a ref, or move it to where its old
// tip is not reached. An error says that nobody could tell.
func (c *PushCertificate) MayRewind(p *policy.Policy, ref string) (policy.Decision, error) {
	return c.may(p, p.MayRewind, ref)
}

func (c *PushCertificate) may(p *policy.Policy, ask func(policy.Object, string) policy.Decision, ref string) (policy.Decision, error) {
	if c.c == nil {
		return policy.Decision{}, verdict.Errorf(verdict.Infrastructure, verify.CheckFormat, "there is no push certificate to ask about")
	}
	e := c.c.e
	o := e.object()
	if e.key != nil {
		t := c.c.assumedTime()
		o.Key, o.Times = e.key.At(t), []time.Time{t}
	}
	d := ask(o, ref)
	if e.key != nil && d.Signer == "" {
		if r := c.c.strangeKey(p); r != nil {
			d.Err = r.Err
		}
	}
	if d.Err != nil && d.Err.Class == verdict.Infrastructure {
		return policy.Decision{}, d.Err
	}
	return d, nil
}

// Nonce is the one that was signed, "" for none.
func (c *PushCertificate) Nonce() string { return c.signed().Nonce }

// Pushee is the address that was pushed to, as the pusher wrote it, "" if it is
// not named.
func (c *PushCertificate) Pushee() string { return c.signed().Pushee }

// signed is what was signed, nothing where nobody signed.
func (c *PushCertificate) signed() *payload.Payload {
	if c.c == nil {
		return &payload.Payload{}
	}
	return c.c.e.payload
}

// Signer names who signed, for people; by an OpenPGP key it is whom the
// signature names until a policy has the key. It may hold what an attacker wrote.
func (c *PushCertificate) Signer() string {
	switch {
	case c.c == nil:
		return ""
	case c.c.e.key != nil:
		return c.c.e.key.String()
	}
	by := c.c.e.result.Signer
	return verify.Display(by.Name, by.Issuer)
}

// A PushedRef is what a push certificate says of one ref.
type PushedRef struct {
	Ref      string // full name
	Old, New string // object ids, "" for none
}

// Updates are what the signer pushed, in the order of the certificate: each ref
// once, and at least one.
func (c *PushCertificate) Updates() ([]PushedRef, error) {
	return pushedRefs(c.signed().Message, c.idWidth)
}

// pushedRefs reads the updates of a push certificate
// (receive-pack.c:queue_commands_from_cert), without git's leniency:
//
//	updates = 1*( old SP new SP ref LF )
//
// All ids have the given width, those of width 0 the first one's.
func pushedRefs(message []byte, width int) ([]PushedRef, error) {
	var refs []PushedRef
	seen := map[string]bool{}
	for line := range bytes.Lines(message) {
		if len(refs) == maxPushedRefs {
			return nil, brokenUpdate("it names more than %d refs: push fewer at once", maxPushedRefs)
		}
		u, w, ok := pushedRef(string(line))
		switch {
		case !ok:
			return nil, brokenUpdate("the line %q is no update of a ref", start(line))
		case width == 0:
			width = w
		case w != width:
			return nil, brokenUpdate("the line %q has ids of another width than %d", start(line), width)
		case seen[u.Ref]:
			return nil, brokenUpdate("it names %q twice", start([]byte(u.Ref)))
		}
		seen[u.Ref] = true
		refs = append(refs, u)
	}
	if len(refs) == 0 {
		return nil, brokenUpdate("it names no ref")
	}
	return refs, nil
}

// pushedRef reads one update and returns the width of its ids.
func pushedRef(line string) (u PushedRef, width int, ok bool) {
	line, ended := strings.CutSuffix(line, "\n")
	f := strings.SplitN(line, " ", 3)
	if !ended || len(f) != 3 || len(f[0]) != len(f[1]) || !isHexID(f[0]) || !isHexID(f[1]) || !isRefName(f[2]) {
		return u, 0, false
	}
	none := strings.Repeat("0", len(f[0]))
	u = PushedRef{f[2], strings.TrimPrefix(f[0], none), strings.TrimPrefix(f[1], none)}
	return u, len(f[0]), u.Old != "" || u.New != ""
}

// isHexID reports whether s is an object id as git writes it: of 40 or 64 digits,
// in lowercase.
func isHexID(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}

// isRefName reports whether a push can name a ref so: what git refuses besides
// (refs.c:check_refname_format) cannot be taken for another name.
func isRefName(s string) bool {
	name, ok := strings.CutPrefix(s, "refs/")
	return ok && name != "" && !strings.HasSuffix(name, "/") && !strings.ContainsAny(name, " ~^:?*[\\\x7f") &&
		!strings.ContainsFunc(name, func(c rune) bool { return c < ' ' })
}

// start is as much of a line as a message repeats.
func start(line []byte) []byte {
	const longest = 200
	return line[:min(len(line), longest)]
}

func brokenUpdate(format string, args ...any) error {
	return verdict.Errorf(verdict.Syntax, RulePushedRefs, "the push certificate cannot be read: "+format, args...)
}
