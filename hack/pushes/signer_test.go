package pushes

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/paraph/paraph/hack/vectors/scribe"
	"github.com/paraph/paraph/internal/testpki"
)

// signedAt is when push certificates are signed.
var signedAt = testpki.DefaultTime.Add(60 * 24 * time.Hour)

// signArgs does what git asks a signing program for: "-bsau KEY" with the
// payload on standard input, or as ssh-keygen "-Y sign ... -f KEY FILE".
func signArgs(args []string) error {
	if len(args) < 2 {
		return errors.New("nothing to sign")
	}
	if args[0] != "-Y" {
		payload, err := io.ReadAll(os.Stdin)
		if err != nil {
			return err
		}
		signature, err := signAs(args[len(args)-1], payload)
		if err != nil {
			return err
		}
		fmt.Fprint(os.Stderr, "\n[GNUPG:] SIG_CREATED \n")
		_, err = os.Stdout.Write(signature)
		return err
	}
	file := args[len(args)-1]
	payload, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	signature, err := signAs(filepath.Base(args[len(args)-2]), payload)
	if err != nil {
		return err
	}
	return os.WriteFile(file+".sig", signature, 0o600)
}

// signAs is somebody's signature.
func signAs(name string, payload []byte) ([]byte, error) {
	by := people[name]
	if by == nil {
		return nil, fmt.Errorf("%q is nobody", name)
	}
	return by.Sign(scribe.New(), payload, signedAt)
}

// signing are the options of git for somebody's signature.
func (y *yard) signing(name string) []string {
	format, key := "x509", name
	if _, ok := people[name].(scribe.SSH); ok {
		format, key = "ssh", y.path(name) // git takes it for a file
	}
	return []string{
		"-c", "gpg.format=" + format, "-c", "gpg.x509.program=" + y.signer, "-c", "gpg.ssh.program=" + y.signer, "-c", "user.signingKey=" + key,
	}
}
