package scribe

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"golang.org/x/crypto/ssh"

	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/internal/testpki"
)

// SSH signs with ssh-keygen, as git does, and an Ed25519 key of its name.
type SSH string

// Person is the committer.
func (s SSH) Person() string { return person(string(s)) }

func person(name string) string { return name + " <" + strings.ToLower(name) + "@example.com>" }

func (s SSH) key() ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("ssh " + s))
	return ed25519.NewKeyFromSeed(seed[:])
}

// PublicKey is the key as a policy names it.
func (s SSH) PublicKey() string {
	key, err := ssh.NewPublicKey(s.key().Public())
	if err != nil {
		panic(err) // an Ed25519 key is one
	}
	return key.Type() + " " + base64.StdEncoding.EncodeToString(key.Marshal())
}

// Sign runs ssh-keygen.
func (s SSH) Sign(_ *History, payload []byte, _ time.Time) ([]byte, error) {
	block, err := ssh.MarshalPrivateKey(s.key(), "")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "scribe-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "key")
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		return nil, err
	}
	cmd := exec.Command("ssh-keygen", "-Y", "sign", "-n", "git", "-f", file)
	cmd.Stdin = bytes.NewReader(payload)
	var words bytes.Buffer
	cmd.Stderr = &words
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("ssh-keygen: %w\n%s", err, words.String())
	}
	return out, nil
}

// OpenPGP signs with a key of its name.
type OpenPGP string

// Person is the committer.
func (p OpenPGP) Person() string { return person(string(p)) }

// entity makes the key, the same each time.
func (p OpenPGP) entity() (*openpgp.Entity, *packet.Config, error) {
	seed := sha256.Sum256([]byte("openpgp " + p))
	made := testpki.DefaultTime.Add(-time.Hour)
	config := &packet.Config{
		Rand: rand.NewChaCha8(seed), Time: func() time.Time { return made },
		Algorithm: packet.PubKeyAlgoEdDSA, DefaultHash: crypto.SHA512,
	}
	e, err := openpgp.NewEntity(string(p), "", strings.ToLower(string(p))+"@example.com", config)
	return e, config, err
}

// PublicKey is the file of the key, armored.
func (p OpenPGP) PublicKey() string {
	var b bytes.Buffer
	e, _, err := p.entity()
	if err == nil {
		w, armorErr := armor.Encode(&b, openpgp.PublicKeyType, nil)
		if armorErr != nil {
			panic(armorErr) // a buffer takes all
		}
		err = e.Serialize(w)
		if closeErr := w.Close(); err == nil {
			err = closeErr
		}
	}
	if err != nil {
		panic(err) // nothing of it comes from outside
	}
	return b.String() + "\n"
}

// Sign makes a binary signature, as git has gpg make them.
func (p OpenPGP) Sign(_ *History, payload []byte, at time.Time) ([]byte, error) {
	e, config, err := p.entity()
	if err != nil {
		return nil, err
	}
	config.Time = func() time.Time { return at }
	var b bytes.Buffer
	if err := openpgp.ArmoredDetachSign(&b, e, bytes.NewReader(payload), config); err != nil {
		return nil, err
	}
	return append(b.Bytes(), '\n'), nil
}

// The authorities for e-mail: two that the repositories know, one that they
// do not.
const (
	MailCA      = "vectors"
	OtherMailCA = "vectors, other"
	StrangeCA   = "vectors, strange"
)

// SMIME signs with a certificate for an e-mail address, and a timestamp of the
// public instance.
type SMIME struct{ Name, CA string }

// Person is the committer.
func (s SMIME) Person() string { return person(s.Name) }

// Sign makes the signature.
func (s SMIME) Sign(h *History, payload []byte, at time.Time) ([]byte, error) {
	h.Public.Clock.Set(at)
	key, ca := testpki.Key("smime "+s.Name), testpki.NewSMIME(s.CA, nil)
	m := ca.Message(payload, key, ca.Certificate(key.Public(), strings.ToLower(s.Name)+"@example.com", nil))
	m.Timestamp(h.Public)
	return cms.Armor(m.DER()), nil
}

// Digest names a certificate in a policy.
func Digest(der []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(der)) }
