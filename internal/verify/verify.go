// Package verify is the story of a verification, top to bottom.
//
// It is pure: the signed bytes, the signature that came with them and a
// trusted root go in, a Result comes out. No clock is asked, since every time
// that counts is proven by a log or a timestamp authority; no network is
// reached, since a signature carries its proof.
package verify

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/internal/fulcio"
	"github.com/paraph/paraph/internal/payload"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verdict"
)

// Trust is what verifications rely on, besides the bytes: all that somebody
// decided beforehand. It may be shared by several goroutines.
type Trust struct {
	// Roots are the trusted roots that count, one for each Sigstore instance.
	Roots []*trust.Root
	// MaxRootAge is how old a root may be at Now, 0 for any age. Everything
	// under an older one is unknown.
	MaxRootAge time.Duration
	// Now is the clock. Signatures by Sigstore do not depend on it.
	Now time.Time
	// SMIMERoots returns the CA certificates that count for classic S/MIME. It is
	// called only for such a signature. Nil: no CA counts.
	SMIMERoots func() (*x509.CertPool, error)
}

// Signature verifies an armored signature over the payload of a git object:
// exactly the bytes that git hands to a signing program.
func Signature(signed, armored []byte, t Trust) *Result {
	return Open(signed, armored).Against(t)
}

// An Opened signature is one whose own bytes were looked at: it is over what
// was signed, by the key of a certificate that nobody has vouched for yet.
type Opened struct {
	r     *Result
	sd    *cms.SignedData // nil where the story has ended already, or is S/MIME's
	smime []byte          // the message, BER, of a signature that is not Sigstore's

	signed, armored []byte
	note            Note
}

// A Note is the proof that lies beside an object.
type Note struct {
	// ObjectID is the object's own id, "" if it is not known.
	ObjectID string
	// Read returns the object's note, empty if there is none. It is called at
	// most once for each root, and only if the signature carries no log entry
	// and its certificate holds.
	Read func() ([]byte, error)
}

// Open begins a verification with all that needs no trusted root.
func Open(signed, armored []byte) *Opened {
	o := &Opened{r: new(Result), signed: signed, armored: armored}
	der := o.r.unarmor(signed, armored)
	if der == nil {
		return o
	}
	sd, err := cms.Parse(der)
	if leaf := smimeLeaf(sd, err, der); leaf != nil {
		o.r.setLeaf(leaf)
		o.smime = der
		return o
	}
	if err != nil {
		o.r.fail(CheckFormat, cmsError(err), verdict.Syntax)
		return o
	}
	if o.r.checkForm(sd) && o.r.checkSignature(sd, signed) {
		o.sd = sd
	}
	return o
}

// Beside says where the object's note is.
func (o *Opened) Beside(n Note) *Opened {
	o.note = n
	return o
}

// Against ends the verification, against what the roots know. It may be called
// again.
//
// Certificate, log entry and timestamps are held against one root, that of the
// instance whose CA certified the key. Where several roots have that CA, the
// first one counts under which all holds.
func (o *Opened) Against(t Trust) *Result {
	if o.smime != nil {
		return o.againstSMIME(t)
	}
	if o.sd == nil {
		return o.r.clone().finish()
	}
	var first *Result
	for _, i := range t.issuers(o.sd) {
		r := o.r.clone()
		o.against(r, i)
		if r.finish(); r.Verdict == verdict.Valid {
			return r
		}
		if first == nil {
			first = r
		}
	}
	return first
}

// against tells the rest of the story under one root.
func (o *Opened) against(r *Result, i issuer) {
	r.Root, r.RootAge = i.root, i.age
	ca := r.checkCertificate(o.sd, i)
	if r.Verdict == verdict.Bad {
		return
	}
	r.checkProofs(o, ca, i)
	if r.Verdict == verdict.Bad || r.Verdict == verdict.Malformed {
		r.Signer = nil
	}
}

// Failed is the result for bytes that did not get as far as Signature: err
// says what is wrong with the object around them.
func Failed(kind payload.Kind, err error) *Result {
	r := &Result{Kind: kind}
	r.fail(CheckFormat, err, verdict.Syntax)
	return r.finish()
}

// unarmor reads the payload, and the message that the signature is, of which
// nothing is known yet. Nil says that the story has ended.
func (r *Result) unarmor(signed, armored []byte) []byte {
	p, err := payload.Parse(signed)
	if err != nil {
		r.fail(CheckFormat, err, verdict.Syntax)
		return nil
	}
	r.Kind = p.Kind
	if sort := otherSort(armored); sort != "" {
		r.fail(CheckFormat, verdict.Errorf(verdict.Material, RuleOtherSignature,
			"signed by an %s key: only a policy that names the key says whose it is", sort), verdict.Material)
		return nil
	}
	der, err := cms.Unarmor(armored)
	if err != nil {
		r.fail(CheckFormat, cmsError(err), verdict.Syntax)
		return nil
	}
	return der
}

// setLeaf records the certificate that came with the signature.
func (r *Result) setLeaf(leaf *x509.Certificate) {
	r.Leaf, r.Fingerprint = leaf, sha256.Sum256(leaf.Raw)
	r.NotBefore, r.NotAfter = leaf.NotBefore.UTC(), leaf.NotAfter.UTC()
}

// checkForm holds a message by a Fulcio certificate against the one form that
// such signatures have.
func (r *Result) checkForm(sd *cms.SignedData) bool {
	r.setLeaf(sd.Leaf)
	if id, err := fulcio.ParseIdentity(sd.Leaf); err == nil {
		r.Claimed = Display(id.Name, id.Issuer)
	}
	key, ok := sd.Leaf.PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() || sd.DigestAlgorithm != crypto.SHA256 {
		r.fail(CheckFormat, verdict.Errorf(verdict.Syntax, "algorithm",
			"the signature is not ECDSA over P-256 with SHA-256"), verdict.Syntax)
		return false
	}
	r.pass(CheckFormat, fmt.Sprintf("one CMS signature over a %s", r.Kind))
	return true
}

// RuleOtherSignature is the rule of a signature by a key without a certificate.
// Nothing is known of it, but that the bytes around it break no other rule.
const RuleOtherSignature = "other-signature"

// otherSort recognises the signatures that git hands to other programs, by
// the first bytes as git does (gpg-interface.c:get_format_by_sig). They are
// not malformed: their keys are not known here.
func otherSort(armored []byte) string {
	for begin, sort := range map[string]string{
		"-----BEGIN PGP SIGNATURE-----": "OpenPGP",
		"-----BEGIN PGP MESSAGE-----":   "OpenPGP",
		"-----BEGIN SSH SIGNATURE-----": "SSH",
	} {
		if bytes.HasPrefix(armored, []byte(begin)) {
			return sort
		}
	}
	return ""
}

// Display is the signer's name for people.
// It is cut so that a long name never pushes the issuer out.
func Display(name, issuer string) string { return cut(name) + " [" + cut(issuer) + "]" }

// maxDisplay bounds each part of a signer's name for people, in bytes.
const maxDisplay = 320

func cut(s string) string {
	if len(s) <= maxDisplay {
		return s
	}
	return strings.ToValidUTF8(s[:maxDisplay], "") + "..."
}

// checkSignature holds the signature against the signed bytes.
func (r *Result) checkSignature(sd *cms.SignedData, signed []byte) bool {
	_, err := sd.Verify(signed)
	e := verdict.As(cmsError(err), verdict.Signature, CheckSignature)
	switch {
	case err == nil:
		r.pass(CheckDigest, "SHA-256 of the signed bytes")
		r.pass(CheckSignature, "by the key of the certificate")
		return true
	case e.Class == verdict.Signature:
		r.pass(CheckDigest, "SHA-256 of the signed bytes")
		r.fail(CheckSignature, e, verdict.Signature)
	default:
		r.fail(CheckDigest, e, verdict.Binding)
	}
	return false
}

// cmsError gives an error of package cms the class that it has here.
func cmsError(err error) error {
	var e *cms.Error
	if !errors.As(err, &e) {
		return err
	}
	class := map[cms.Kind]verdict.Class{
		cms.Syntax: verdict.Syntax, cms.Binding: verdict.Binding, cms.Signature: verdict.Signature,
	}[e.Kind]
	return &verdict.Error{Class: class, Rule: e.Rule, Message: e.Message, Err: e}
}

// checkCertificate verifies who certified the key, and for whom. It returns
// the authority, nil if there is none to be trusted.
func (r *Result) checkCertificate(sd *cms.SignedData, i issuer) *trust.Path {
	err := i.err
	if err == nil {
		err = i.ca.Covers(sd.Leaf.NotBefore)
	}
	if err != nil {
		r.fail(CheckChain, err, verdict.Chain)
		return nil
	}
	id, err := fulcio.ParseIdentity(sd.Leaf)
	if !r.check(CheckChain, err, verdict.Chain, i.ca.URL) {
		return nil
	}
	if !r.check(CheckSCT, fulcio.CheckSCT(sd.Leaf, i.ca, i.root), verdict.Chain, sctDetail(sd)) {
		return i.ca
	}
	r.Signer = &Signer{Identity: *id, Instance: i.root.Instance}
	for _, ca := range i.ca.Issuers {
		r.Signer.CAs = append(r.Signer.CAs, sha256.Sum256(ca.Raw))
	}
	return i.ca
}

func sctDetail(sd *cms.SignedData) string {
	if fulcio.HasSCT(sd.Leaf) {
		return "the certificate is in a certificate transparency log"
	}
	return "none, as usual for the first certificates of the public instance"
}
