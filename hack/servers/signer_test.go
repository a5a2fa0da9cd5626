package servers

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/paraph/paraph/hack/vectors/scribe"
	"github.com/paraph/paraph/internal/testpki"
)

// alice signs.
var alice = scribe.Keyless{
	Name: "alice", Address: "alice@example.com",
	Identity: testpki.Identity{Email: "alice@example.com", Issuer: "https://accounts.example.com"},
}

// signerName is the name by which the test is what git calls to sign.
const signerName = "signer"

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) != signerName {
		os.Exit(m.Run())
	}
	if err := sign(); err != nil {
		fmt.Fprintln(os.Stderr, "signer:", err)
		os.Exit(1)
	}
}

// sign is alice's signature over standard input.
func sign() error {
	payload, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	signature, err := alice.Sign(scribe.New(), payload, testpki.DefaultTime)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(signature)
	_, told := fmt.Fprint(os.Stderr, "\n[GNUPG:] SIG_CREATED \n")
	return errors.Join(err, told)
}
