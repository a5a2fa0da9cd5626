//go:build unix

package main

import (
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/internal/testpki"
)

func init() { scriptCommands["old"] = old }

// old commit|tag NAME [WHAT] makes an object that is signed the old way by
// alice, whose certificate is a new one each time: without proof, and with an
// entry of WHAT in Rekor v1: own, as the program logged it that signed; none;
// other, over another id; form, over the hash that the tag would have as a
// commit.
func old(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: old commit|tag NAME [own|none|other|form]")
	}
	kind, name, what := git.Type(args[0]), args[1], append(args, "own")[2]
	const person = "Alice <alice@example.com> 1777896000 +0000"
	payload, ref := "", "refs/tags/"+name
	if kind == git.Tag {
		payload = "object " + output(ts, "rev-parse", "HEAD") + "\ntype commit\ntag " + name + "\ntagger " + person + "\n\n" + name + "\n"
	} else {
		parent := ""
		if ts.Exec("git", "rev-parse", "-q", "--verify", "HEAD") == nil {
			parent = "parent " + strings.TrimSpace(ts.ReadFile("stdout")) + "\n"
		}
		payload = "tree " + output(ts, "hash-object", "-w", "-t", "tree", "/dev/null") + "\n" + parent +
			"author " + person + "\ncommitter " + person + "\n\n" + name + "\n"
		ref = "HEAD"
	}
	alice := instanceOf(ts).pki.OldSigner(testpki.Identity{Email: "alice@example.com", Issuer: ts.Getenv("ISSUER")})
	raw, err := git.Join(git.SHA1, kind, []byte(payload), alice.Sign([]byte(payload)))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("object"), raw, 0o600))
	id := output(ts, "hash-object", "-w", "-t", string(kind), ts.MkAbs("object"))
	ts.Check(os.Remove(ts.MkAbs("object")))
	ts.Check(ts.Exec("git", "update-ref", ref, id))
	logged := map[string]string{"own": id, "other": output(ts, "rev-parse", "HEAD^{tree}")}[what]
	if what == "form" {
		ts.Check(os.WriteFile(ts.MkAbs("object"), raw, 0o600))
		logged = output(ts, "hash-object", "-t", "commit", "--literally", ts.MkAbs("object"))
		ts.Check(os.Remove(ts.MkAbs("object")))
	}
	if logged != "" {
		alice.Log(logged)
	}
}

// output is what git prints, in one line.
func output(ts *testscript.TestScript, args ...string) string {
	ts.Check(ts.Exec("git", args...))
	return strings.TrimSpace(ts.ReadFile("stdout"))
}
