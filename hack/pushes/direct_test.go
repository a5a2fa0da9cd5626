package pushes

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// ask starts the hook as git would, with the objects of the client at hand as
// those of a push are.
func (s *server) ask(t *testing.T, stdin string, env ...string) (words string, ok bool) {
	t.Helper()
	cmd := s.git(s.dir)
	cmd.Path, cmd.Args = s.paraph, []string{s.paraph, "hook", "run", "pre-receive"}
	cmd.Env = append(cmd.Env, "GIT_DIR=.", "GIT_ALTERNATE_OBJECT_DIRECTORIES="+s.client+"/objects")
	for _, e := range env {
		cmd.Env = append(cmd.Env, s.labels.Replace(e))
	}
	cmd.Stdin = strings.NewReader(s.labels.Replace(stdin))
	words, ok = told(t, cmd)
	decent(t, words)
	return words, ok
}

// What a hook is told and cannot be is refused, and so is what nobody can
// judge.
func TestBadInput(t *testing.T) {
	y := ours(t)
	blob := strings.TrimSpace(run(t, y.git(y.client, "rev-parse", y.history.ID("M2")+":README")))
	tree := strings.TrimSpace(run(t, y.git(y.client, "rev-parse", y.history.ID("M2")+":")))
	tag := y.git(y.client, "hash-object", "-w", "-t", "tag", "--stdin")
	tag.Stdin = strings.NewReader("object " + blob + "\ntype blob\ntag v1\ntagger A <alice@example.com> 1777896000 +0000\n\nof a blob\n")
	blobTag := strings.TrimSpace(run(t, tag))
	s := y.serve(t, "bad-input", "", usualBefore...)
	const good = "{M2} {G1} refs/heads/main\n"
	wide := strings.Repeat("0", 64)
	for name, stdin := range map[string]string{
		"nothing":                  "",
		"cut in an id":             "{M2} 0123",
		"cut in a name":            "{M2} {G1} refs/heads/ma",
		"cut after a good line":    good + "{zero} {B1} refs/he",
		"cut after an id":          good + "{zero} ",
		"an empty line":            good + "\n",
		"two ids of other widths":  wide + " {G1} refs/heads/topic\n",
		"ids of the other format":  wide + " " + strings.Repeat("1", 64) + " refs/heads/topic\n",
		"short ids":                "0000000 1111111 refs/heads/topic\n",
		"an id in capitals":        "{zero} " + strings.Repeat("A", 40) + " refs/heads/topic\n",
		"revisions":                "{zero} main refs/heads/topic\n",
		"options":                  "{zero} --all refs/heads/topic\n",
		"neither old nor new":      "{zero} {zero} refs/heads/topic\n",
		"no name":                  "{zero} {B1} \n",
		"a name without refs":      "{zero} {B1} HEAD\n",
		"escape sequences":         "{zero} {B1} refs/heads/\x1b[31mred\n",
		"a blank in the name":      "{zero} {B1} refs/heads/a b\n",
		"CRLF":                     "{zero} {B1} refs/heads/topic\r\n",
		"NUL":                      "{zero} {B1} refs/heads/to\x00pic\n",
		"one ref twice":            "{zero} {B1} refs/heads/topic\n{zero} {U1} refs/heads/topic\n",
		"an object that is absent": "{zero} " + strings.Repeat("1", 40) + " refs/heads/topic\n",
		"an old tip that is not":   "{G1} {G2} refs/heads/main\n",
		"a branch that was not":    "{M2} {B1} refs/heads/topic\n",
		"a branch at a blob":       "{zero} " + blob + " refs/heads/topic\n",
		"a ref at a tree":          "{zero} " + tree + " refs/other/x\n",
		"a tag at a blob":          "{zero} " + blob + " refs/tags/v1\n",
		"an unsigned tag of one":   "{zero} " + blobTag + " refs/tags/rc1\n",
		"a branch at a tag":        "{zero} {v3 unsigned} refs/heads/topic\n",
		"a huge line":              "{zero} {B1} refs/heads/" + strings.Repeat("a", 1<<20) + "\n",
		"binary":                   strings.Repeat("\x00\xff", 5000),
		"deletion of what is not":  "{B1} {zero} refs/heads/stable\n",
	} {
		if words, ok := s.ask(t, stdin); ok || words == "" {
			t.Errorf("%s: accepted %t: %s", name, ok, words)
		}
	}
	if words, ok := s.ask(t, good); !ok {
		t.Errorf("what is good: %s", words)
	}
}

// Surroundings in which nobody can tell whose policy counts are no reason to
// let anything in.
func TestSurroundings(t *testing.T) {
	y := ours(t)
	for name, change := range map[string]func(s *server, t *testing.T){
		"detached": func(s *server, t *testing.T) { s.write(t, "HEAD", y.history.ID("M2")+"\n", 0o600) },
		"no head":  func(s *server, t *testing.T) { s.write(t, "HEAD", "ref: refs/heads/none\n", 0o600) },
		"shallow":  func(s *server, t *testing.T) { s.write(t, "shallow", y.history.ID("UG")+"\n", 0o600) },
		"loop": func(s *server, t *testing.T) {
			run(t, s.git(s.dir, "symbolic-ref", "refs/heads/one", "refs/heads/two"))
			run(t, s.git(s.dir, "symbolic-ref", "refs/heads/two", "refs/heads/one"))
			run(t, s.git(s.dir, "symbolic-ref", "HEAD", "refs/heads/one"))
		},
	} {
		s := y.serve(t, "around-"+strings.ReplaceAll(name, " ", "-"), "", usualBefore...)
		change(s, t)
		if words, ok := s.ask(t, "{M2} {UG} refs/heads/main\n"); ok || words == "" {
			t.Errorf("%s: accepted %t: %s", name, ok, words)
		}
	}
	s := y.serve(t, "around-include", "", usualBefore...)
	s.write(t, "evil.cfg", "[paraph \"hook\"] mode = audit\n", 0o600)
	for _, setting := range []string{"include.path=" + s.dir + "/evil.cfg", "paraph.hook.mode=audit"} {
		key, value, _ := strings.Cut(setting, "=")
		for _, environ := range [][]string{{"GIT_CONFIG_PARAMETERS='" + setting + "'"}, {"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=" + key, "GIT_CONFIG_VALUE_0=" + value}} {
			if words, ok := s.ask(t, "{M2} {UG} refs/heads/main\n", environ...); ok {
				t.Errorf("%s: accepted: %s", environ, words)
			}
		}
	}
	s = y.serve(t, "around-namespace", "", usualBefore...)
	if words, ok := s.ask(t, "{M2} {UG} refs/heads/main\n", "GIT_NAMESPACE=evil"); ok {
		t.Errorf("in a namespace: %s", words)
	}
}

// soon bounds the judgement of very many refs.
const soon = 30 * time.Second

// Ten thousand refs in one push take their time, and no more.
func TestManyRefs(t *testing.T) {
	y := ours(t)
	s := y.serve(t, "many", "", usualBefore...)
	var b strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&b, "{zero} {B%d} refs/heads/topic/%d\n", i%2+1, i)
	}
	start := time.Now()
	if words, ok := s.ask(t, b.String()); !ok {
		t.Errorf("good ones: %s", words)
	}
	words, ok := s.ask(t, b.String()+"{zero} {UG} refs/heads/last\n")
	if ok || !strings.Contains(words, "no signature") {
		t.Errorf("with a bad one: accepted %t: %s", ok, words)
	}
	b.Reset()
	for i := range 10_000 {
		fmt.Fprintf(&b, "{zero} {UG} refs/heads/topic/%d\n", i)
	}
	if words, ok := s.ask(t, b.String()); ok { // decent: few lines
		t.Errorf("bad ones: %s", words)
	}
	if took := time.Since(start); took > 3*soon {
		t.Errorf("three such pushes took %v", took)
	}
}

// What git says of a certificate is not believed.
func TestCertificates(t *testing.T) {
	y := ours(t)
	s := y.serve(t, "certificates", "", usualBefore...)
	s.set(t, "paraph.hook.requirePushCertificate=true")
	const nonce = "1784000000-0123456789abcdef0123456789abcdef01234567"
	main, topic := y.labels.Replace("{M2} {G1} refs/heads/main"), y.labels.Replace("{zero} {B1} refs/heads/topic")
	other := y.labels.Replace("{M2} {G2} refs/heads/main")
	good := certificate(t, "alice", nonce, main)
	head, signature, _ := strings.Cut(good, "-----BEGIN")
	signature = "-----BEGIN" + signature
	for _, c := range []struct {
		name, text    string
		nonce, status string
		ok            bool
	}{
		{"good", good, nonce, "OK", true},
		{"another nonce", good, "1784000001-0123", "OK", false},
		{"no nonce asked for", good, "", "OK", false},
		{"bad", good, nonce, "BAD", false},
		{"slop", good, nonce, "SLOP", false},
		{"missing", good, nonce, "MISSING", false},
		{"unsolicited", good, nonce, "UNSOLICITED", false},
		{"no status", good, nonce, "", false},
		{"strange status", good, nonce, "OK ", false},
		{"other new tip", certificate(t, "alice", nonce, other), nonce, "OK", false},
		{"other ref", certificate(t, "alice", nonce, topic), nonce, "OK", false},
		{"more than is pushed", certificate(t, "alice", nonce, main, topic), nonce, "OK", false},
		{"nothing", certificate(t, "alice", nonce), nonce, "OK", false},
		{"one twice", certificate(t, "alice", nonce, main, main), nonce, "OK", false},
		{"unsigned", head, nonce, "OK", false},
		{"who may not push", certificate(t, "carol", nonce, main), nonce, "OK", false},
		{"nobody", certificate(t, "mallory", nonce, main), nonce, "OK", false},
		{"signature of another", head + certificate(t, "alice", nonce, other)[len(head):], nonce, "OK", false},
		{"a byte changed", strings.Replace(good, "/srv/repo.git", "/srv/repo.gif", 1), nonce, "OK", false},
		{"signed twice", good + signature, nonce, "OK", false},
		{"text behind", good + "\nand more\n", nonce, "OK", false},
	} {
		keep := s.git(s.dir, "hash-object", "-w", "--stdin")
		keep.Stdin = strings.NewReader(c.text)
		id := strings.TrimSpace(run(t, keep))
		words, ok := s.ask(t, main+"\n", "GIT_PUSH_CERT="+id, "GIT_PUSH_CERT_SIGNER=alice@example.com", "GIT_PUSH_CERT_STATUS=G", "GIT_PUSH_CERT_NONCE="+c.nonce, "GIT_PUSH_CERT_NONCE_STATUS="+c.status)
		if ok != c.ok {
			t.Errorf("%s: accepted %t: %s", c.name, ok, words)
		}
	}
	for _, id := range []string{"", "HEAD", y.history.ID("G1"), strings.Repeat("0", 40), strings.Repeat("1", 40), "--help"} {
		if words, ok := s.ask(t, main+"\n", "GIT_PUSH_CERT="+id, "GIT_PUSH_CERT_STATUS=G", "GIT_PUSH_CERT_NONCE="+nonce, "GIT_PUSH_CERT_NONCE_STATUS=OK"); ok {
			t.Errorf("the certificate %q: %s", id, words)
		}
	}
}
