package sign

import (
	"crypto/rand"
	"testing"
	"time"
)

// Attack 58: a second proof of possession could be for another certificate.
func TestKeyProvesOnce(t *testing.T) {
	key, err := NewKey(rand.Reader, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := key.Prove(t.Context(), "alice@example.com"); err != nil {
		t.Error(err)
	}
	if proof, err := key.Prove(t.Context(), "alice@example.com"); err == nil || proof != nil {
		t.Errorf("%x, %v", proof, err)
	}
}
