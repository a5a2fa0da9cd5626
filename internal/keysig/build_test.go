package keysig_test

import (
	"crypto/rand"
	"crypto/sha512"
	"encoding/pem"

	"golang.org/x/crypto/ssh"
)

// sshArmor signs payload as `ssh-keygen -Y sign -n git` does.
func sshArmor(signer ssh.Signer) ([]byte, error) {
	sum := sha512.Sum512(payload)
	signed := struct {
		Namespace, Reserved, Hash string
		Sum                       []byte
	}{"git", "", "sha512", sum[:]}
	sig, err := signer.Sign(rand.Reader, append([]byte("SSHSIG"), ssh.Marshal(signed)...))
	if err != nil {
		return nil, err
	}
	blob := struct {
		Version                   uint32
		Key                       []byte
		Namespace, Reserved, Hash string
		Signature                 []byte
	}{1, signer.PublicKey().Marshal(), "git", "", "sha512", ssh.Marshal(sig)}
	return pem.EncodeToMemory(&pem.Block{Type: "SSH SIGNATURE", Bytes: append([]byte("SSHSIG"), ssh.Marshal(blob)...)}), nil
}
