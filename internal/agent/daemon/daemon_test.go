//go:build linux || darwin || freebsd

package daemon

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/internal/agent/socket"
	"github.com/paraph/paraph/internal/testpki"
)

const alice, bob = "alice@example.com", "bob@example.com"

// A key proves itself, gets its certificate, and signs for every local client.
func TestSign(t *testing.T) {
	a := start(t)
	c := a.dial(a.path)
	k, err := c.NewKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	proof, err := k.Prove(t.Context(), alice)
	digest := sha256.Sum256([]byte(alice))
	if err != nil || !ecdsa.VerifyASN1(k.Public().(*ecdsa.PublicKey), digest[:], proof) {
		t.Fatalf("the proof does not verify: %v", err)
	}
	leaf, token := a.certificate(k, alice), a.p.IDToken(nil)
	if err := c.Store(t.Context(), k, "public", "https://login.example", leaf, token); err != nil {
		t.Fatal(err)
	}
	other := a.dial(a.path)
	if s := other.Status(); s.Entries != 1 || !s.Until.Equal(leaf.NotAfter) || s.Remote || s.Build != "test" || s.PID != os.Getpid() {
		t.Errorf("status: %+v", s)
	}
	entries, err := other.Entries(t.Context())
	if err != nil || len(entries) != 1 || entries[0].Key != k.ID() || entries[0].Instance != "public" ||
		entries[0].Issuer != "https://login.example" || !entries[0].Certificate.Equal(leaf) ||
		!entries[0].TokenUntil.Equal(a.p.Clock.Now().Add(5*time.Minute)) {
		t.Fatalf("%+v, %v", entries, err)
	}
	der, err := other.Sign(t.Context(), k.ID(), []byte(commit))
	if err != nil {
		t.Fatal(err)
	}
	sd, err := cms.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	v, err := sd.Verify([]byte(commit))
	if err != nil || !v.Leaf.Equal(leaf) || !v.SigningTime.Equal(a.p.Clock.Now()) {
		t.Errorf("%+v, %v", v, err)
	}
	if got, err := other.Token(t.Context(), k.ID()); err != nil || got != token {
		t.Errorf("another token: %v", err)
	}
	a.p.Clock.Advance(5 * time.Minute)
	if got, err := other.Token(t.Context(), k.ID()); err != nil || got != "" {
		t.Errorf("a token past its time: %v", err)
	}
}

// What an agent must not do for a local client, it does not do.
func TestRefuses(t *testing.T) {
	a := start(t)
	c := a.dial(a.path)
	stored := a.login(c, alice, "")
	store := func(k *socket.Key, email string, options ...testpki.CertOption) error {
		return c.Store(t.Context(), k, "public", "https://login.example", a.certificate(k, email, options...), "")
	}
	sign := func(what string) error {
		_, err := c.Sign(t.Context(), stored.ID(), []byte(what))
		return err
	}
	prove := func(k *socket.Key, subject string) error {
		_, err := k.Prove(t.Context(), subject)
		return err
	}
	fresh := func() *socket.Key {
		k, err := c.NewKey(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	now := a.p.Clock.Now()
	one, two := fresh(), a.proven(c, alice)
	digest := sha256.Sum256([]byte(commit))
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"a blob":                    {sign("hello\n"), "not a git object"},
		"a digest":                  {sign(string(digest[:])), "not a git object"},
		"a tree's digest in a text": {sign("tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n"), "not a git object"},
		"signed attributes":         {sign("\x31\x69\x30\x18\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03"), "not a git object"},
		"a key without certificate": {func() error { _, err := c.Sign(t.Context(), two.ID(), []byte(commit)); return err }(), "no certificate for that key"},
		"an empty subject":          {prove(one, ""), "1 to 4096 bytes"},
		"a long subject":            {prove(one, strings.Repeat("a", 4097)), "1 to 4096 bytes"},
		"a subject of two lines":    {prove(one, "a\nb"), "without control characters"},
		"a subject with a NUL":      {prove(one, "a\x00"), "without control characters"},
		"a second proof":            {prove(two, alice), "proven already"},
		"a proof of a stored key":   {prove(stored, alice), "proves nothing any more"},
		"a key that is not proven":  {store(one, alice), "was not proven"},
		"another identity":          {store(two, bob), "possession was proven for"},
		"another case":              {store(two, "Alice@example.com"), "possession was proven for"},
		"a certificate of a day":    {store(two, alice, testpki.Window(now, now.Add(24*time.Hour+time.Second))), "ends in more than"},
		"a certificate that ended":  {store(two, alice, testpki.Window(now.Add(-time.Hour), now.Add(-time.Second))), "ended at"},
		"a certificate to come":     {store(two, alice, testpki.Window(now.Add(31*time.Second), now.Add(time.Hour))), "begins at"},
		"a CA's certificate":        {store(two, alice, testpki.IsCA()), "not stored"},
		"another key's certificate": {c.Store(t.Context(), two, "public", "https://login.example", a.certificate(one, alice), ""), "for another key"},
		"another one's token": {c.Store(t.Context(), two, "public", "https://login.example", a.certificate(two, alice),
			a.p.IDToken(map[string]any{"email": bob})), "identity token is not stored"},
		"a token that is none": {c.Store(t.Context(), two, "public", "https://login.example", a.certificate(two, alice), "x"), "identity token is not stored"},
		"no instance":          {c.Store(t.Context(), two, "", "https://login.example", a.certificate(two, alice), ""), "the instance is not"},
		"a token of nobody":    {func() error { _, err := c.Token(t.Context(), two.ID()); return err }(), "no certificate for that key"},
		"an offer of nothing":  {c.Offer(t.Context(), two.ID(), true), "no certificate for that key"},
	} {
		var e *socket.Error
		if !errors.As(tt.err, &e) || !strings.Contains(tt.err.Error(), tt.want) {
			t.Errorf("%s: %v, want ...%s...", name, tt.err, tt.want)
		}
	}
	if err := store(two, alice); err != nil {
		t.Errorf("after all that, the right certificate: %v", err)
	}
	if err := sign(commit); err == nil {
		t.Error("the certificate that was replaced signs")
	}
}

// A key is its connection's until there is a certificate, and gone with it.
func TestPendingKeys(t *testing.T) {
	a := start(t)
	mine := a.dial(a.path)
	k := a.proven(mine, alice)
	if err := a.dial(a.path).Store(t.Context(), k, "public", "https://login.example", a.certificate(k, alice), ""); err == nil {
		t.Error("another connection stored a certificate")
	}
	for range maxKeys - 1 {
		a.proven(mine, alice)
	}
	if _, err := mine.NewKey(t.Context()); err == nil || !strings.Contains(err.Error(), "8 keys") {
		t.Errorf("one key too many: %v", err)
	}
}

// No signature is made past the certificate's end, and then its key is gone,
// and the agent with it when nobody is connected.
func TestEnds(t *testing.T) {
	a := start(t)
	c := a.dial(a.path)
	k := a.login(c, alice, "")
	a.p.Clock.Advance(testpki.CertificateLifetime)
	if _, err := c.Sign(t.Context(), k.ID(), []byte(commit)); err != nil {
		t.Errorf("in its last second: %v", err)
	}
	a.p.Clock.Advance(time.Second)
	if _, err := c.Sign(t.Context(), k.ID(), []byte(commit)); err == nil {
		t.Error("signed past its end")
	}
	if !a.tick() {
		t.Fatal("it ended under a client")
	}
	if entries, err := c.Entries(t.Context()); err != nil || len(entries) != 0 {
		t.Errorf("%+v, %v", entries, err)
	}
	_ = c.Close()
	a.ends()
	if _, err := socket.Dial(t.Context(), a.path); !errors.Is(err, socket.ErrNone) {
		t.Errorf("after its end: %v", err)
	}
}

// The other socket's name is not for this one: whoever is given it by mistake
// would get an agent that nobody can use, or end.
func TestRemoteNameTaken(t *testing.T) {
	dir, err := os.MkdirTemp("", "agent")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if _, err := Open(filepath.Join(dir, socket.RemoteName)); !errors.Is(err, socket.ErrFolder) {
		t.Error(err)
	}
}

// A token that is still good outlives its certificate for a moment, for the
// next one; nothing can be signed then, and nobody else sees it.
func TestTokenAfterTheEnd(t *testing.T) {
	a := start(t)
	c := a.dial(a.path)
	token := a.p.IDToken(map[string]any{"exp": a.p.Clock.Now().Add(time.Hour).Unix()})
	k := a.login(c, alice, token)
	if err := c.Offer(t.Context(), k.ID(), false); err != nil {
		t.Fatal(err)
	}
	a.p.Clock.Advance(testpki.CertificateLifetime + time.Second)
	if _, err := c.Sign(t.Context(), k.ID(), []byte(commit)); err == nil {
		t.Error("signed past its end")
	}
	if got, err := c.Token(t.Context(), k.ID()); err != nil || got != token {
		t.Errorf("%q, %v", got, err)
	}
	if entries, err := a.dial(a.remote).Entries(t.Context()); err != nil || len(entries) != 0 {
		t.Errorf("%+v, %v", entries, err)
	}
	a.p.Clock.Advance(afterlife)
	if got, err := c.Token(t.Context(), k.ID()); err == nil {
		t.Errorf("%q", got)
	}
	if entries, err := c.Entries(t.Context()); err != nil || len(entries) != 0 {
		t.Errorf("%+v, %v", entries, err)
	}
}

// An agent that nobody gives a certificate ends; one that waits does not.
func TestEndsUnused(t *testing.T) {
	a := start(t)
	c := a.dial(a.path)
	a.p.Clock.Advance(time.Minute)
	if !a.tick() {
		t.Fatal("it ended under a client")
	}
	_ = c.Close()
	a.p.Clock.Advance(9 * time.Second)
	if !a.tick() {
		t.Fatal("it ended too early")
	}
	a.endsIdle()
}

func TestWaits(t *testing.T) {
	a := start(t, func(w *World) { w.Wait = true })
	a.p.Clock.Advance(time.Hour)
	if !a.tick() {
		t.Fatal("it did not wait")
	}
	c := a.dial(a.path)
	a.login(c, alice, "")
	if n, err := c.Forget(t.Context(), ""); n != 1 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	_ = c.Close()
	a.endsIdle()
}

// A client ends the agent, and finds no socket of it after that.
func TestStop(t *testing.T) {
	a := start(t)
	c := a.dial(a.path)
	if err := c.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{a.path, a.remote} {
		if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there: %v", path, err)
		}
	}
	<-a.ended
}

// An agent whose socket was taken away ends, and leaves alone what is there
// instead.
func TestSocketTaken(t *testing.T) {
	a := start(t)
	if err := os.Remove(a.path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(a.path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	a.ends()
	if b, err := os.ReadFile(a.path); string(b) != "mine" {
		t.Errorf("%q, %v", b, err)
	}
}

// What is not of the protocol is answered with a reason, if at all, and the
// agent goes on.
func TestMalformed(t *testing.T) {
	a := start(t)
	k := a.login(a.dial(a.path), alice, "")
	sign := func(size any) string {
		return fmt.Sprintf(`{"version":1,"do":"sign","key":"%s","size":%v}`+"\n", k.ID(), size)
	}
	for name, tt := range map[string]struct{ sent, want string }{
		"nothing":               {"", ""},
		"a cut line":            {`{"version":1,"do":"stop"}`, `"code":"malformed"`},
		"an empty line":         {"\n", `"code":"malformed"`},
		"two values":            {`{"version":1,"do":"stop"}{}` + "\n", `"code":"malformed"`},
		"a member twice":        {`{"version":1,"do":"status","do":"stop"}` + "\n", `"code":"malformed"`},
		"an unknown member":     {`{"version":1,"do":"stop","url":"http://x"}` + "\n", `"code":"malformed"`},
		"an unknown request":    {`{"version":1,"do":"run"}` + "\n", `"code":"malformed"`},
		"another version":       {`{"version":2,"do":"stop"}` + "\n", `version 2, the agent speaks version 1","code":"version"`},
		"no version":            {`{"do":"stop"}` + "\n", `"code":"version"`},
		"NULs":                  {strings.Repeat("\x00", 1000) + "\n", `"code":"malformed"`},
		"an escape":             {`{"version":1,"do":"\u001b[2J"}` + "\n", `"code":"malformed"`},
		"a megabyte":            {strings.Repeat("x", 1<<20), `the line is too long`},
		"a token of a megabyte": {`{"version":1,"do":"store","token":"` + strings.Repeat("x", 1<<20) + `"}` + "\n", `the line is too long`},
		"a size of nothing":     {sign(0), `"code":"malformed"`},
		"a negative size":       {sign(-1), `"code":"malformed"`},
		"a huge size":           {sign(1 << 40), `"code":"malformed"`},
		"a size out of range":   {sign("1e400"), `"code":"malformed"`},
		"a cut payload":         {sign(1000) + commit, `bytes of payload came, not 1000`},
		"an acquire that fails": {`{"version":1,"do":"acquire","name":"a","error":"b"}` + "\n", `"code":"malformed"`},
		"a lease without name":  {`{"version":1,"do":"acquire","name":""}` + "\n", `"code":"refused"`},
		"a lease not held":      {`{"version":1,"do":"release","name":"a"}` + "\n", `"code":"refused"`},
	} {
		got := a.talk(a.path, tt.sent)
		if (tt.want == "") != (got == "") || !strings.Contains(got, tt.want) || strings.Count(got, "\n") > 1 || strings.Contains(got, "\x1b") {
			t.Errorf("%s: %.300q, want ...%s...", name, got, tt.want)
		}
	}
	if _, err := a.dial(a.path).Sign(t.Context(), k.ID(), []byte(commit)); err != nil {
		t.Errorf("after all that: %v", err)
	}
}

// A payload that does not come gives its place in memory back.
func TestSlowPayload(t *testing.T) {
	a := start(t, func(w *World) { w.Limits.Payload = 50 * time.Millisecond })
	k := a.login(a.dial(a.path), alice, "")
	for range maxPayloads * 2 {
		c := a.dial(a.path)
		go func() { _, _ = c.Sign(t.Context(), k.ID(), make([]byte, 1<<20)) }()
	}
	if _, err := a.dial(a.path).Sign(t.Context(), k.ID(), []byte(commit)); err != nil {
		t.Error(err)
	}
}

// The agent takes so many connections of a socket, and no more.
func TestConnections(t *testing.T) {
	a := start(t)
	for range maxConnections {
		a.dial(a.path)
	}
	var e *socket.Error
	if _, err := socket.Dial(t.Context(), a.path); !errors.As(err, &e) || e.Code != socket.CodeBusy {
		t.Errorf("one too many: %v", err)
	}
	a.dial(a.remote)
}
