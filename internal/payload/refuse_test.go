package payload

import (
	"errors"
	"strings"
	"testing"

	"github.com/paraph/paraph/internal/verdict"
)

// Each input breaks one rule; the numbers are those of the list of attacks.
func TestParseRefuses(t *testing.T) {
	const (
		tree      = "tree " + id1 + "\n"
		author    = "author " + alice + "\n"
		committer = "committer " + bob + "\n"
		tag       = "object " + id1 + "\ntype commit\ntag v1\ntagger " + alice + "\n"
		cert      = "certificate version 0.1\npusher " + alice + "\n"
	)
	for name, tt := range map[string]struct{ in, rule string }{
		"1: two trees":                         {tree + tree + author + committer + "\nm\n", RuleHeaderOrder},
		"1: a tree after the committer":        {top + tree + "\nm\n", RuleHeaderOrder},
		"1: a tree in capitals":                {top + "TREE " + id2 + "\n\nm\n", RuleHeaderOrder},
		"2: two authors":                       {tree + author + author + committer + "\nm\n", RuleHeaderOrder},
		"2: an author after the committer":     {top + author + "\nm\n", RuleHeaderOrder},
		"2: two committers":                    {top + committer + "\nm\n", RuleHeaderOrder},
		"2: committer before author":           {tree + committer + author + "\nm\n", RuleHeaderOrder},
		"2: no author":                         {tree + committer + "\nm\n", RuleHeaderOrder},
		"2: no committer":                      {tree + author + "\nm\n", RuleHeaderOrder},
		"2: two taggers":                       {tag + "tagger " + bob + "\n\nm\n", RuleUnknownHeader},
		"2: no tagger":                         {"object " + id1 + "\ntype commit\ntag v1\n\nm\n", RuleHeaderOrder},
		"2: a parent after the author":         {tree + author + "parent " + id2 + "\n" + committer + "\nm\n", RuleHeaderOrder},
		"2: a parent after the committer":      {top + "parent " + id2 + "\n\nm\n", RuleHeaderOrder},
		"2: two objects":                       {"object " + id1 + "\nobject " + id2 + "\ntype commit\ntag v1\ntagger " + alice + "\n\nm\n", RuleHeaderOrder},
		"2: two pushers":                       {cert + "pusher " + bob + "\n\n", RuleUnknownHeader},
		"4: a signature":                       {top + "gpgsig x\n\nm\n", RuleSignatureHeader},
		"4: a signature in a tag":              {tag + "gpgsig x\n\nm\n", RuleSignatureHeader},
		"4: a signature in a certificate":      {cert + "gpgsig x\n\n", RuleSignatureHeader},
		"6: a signature of another format":     {top + "gpgsig-sha256 x\n\nm\n", RuleSignatureHeader},
		"6: gpgsigfoo":                         {top + "gpgsigfoo x\n\nm\n", RuleSignatureHeader},
		"6: a signature in capitals":           {top + "GpgSig x\n\nm\n", RuleSignatureHeader},
		"7: TAB after the committer":           {top + "\tx\n\nm\n", RuleTabLine},
		"7: TAB after a header":                {top + "encoding x\n\ty z\n\nm\n", RuleTabLine},
		"7: TAB after the tree":                {tree + "\tx\n" + author + committer + "\nm\n", RuleTabLine},
		"7: TAB after the tagger":              {tag + "\tx\n\nm\n", RuleTabLine},
		"8: CR before the LF of an id":         {"tree " + id1 + "\r\n" + author + committer + "\nm\n", RuleObjectID},
		"8: CR before the LF of a date":        {tree + "author " + alice + "\r\n" + committer + "\nm\n", RuleIdent},
		"8: CR before the LF of the last line": {top + "\r\nm\n\n", RuleHeaderSyntax},
		"10: NUL in a name":                    {tree + "author A\x00 <a@b> 1 +0000\n" + committer + "\nm\n", RuleNUL},
		"10: NUL in a mergetag":                {top + "mergetag x\n y\x00\n\nm\n", RuleNUL},
		"10: NUL in a tag's name":              {"object " + id1 + "\ntype commit\ntag v\x001\ntagger " + alice + "\n\nm\n", RuleNUL},
		"11: empty":                            {"", RuleKind},
		"11: a blob":                           {"hello\n\nworld\n", RuleKind},
		"11: begins with a blank line":         {"\n" + top + "\nm\n", RuleKind},
		"11: no blank line":                    {top, RuleNoBlankLine},
		"11: cut in the last header":           {strings.TrimSuffix(top, "\n"), RuleNoBlankLine},
		"11: ends after the tree":              {tree + "\nm\n", RuleHeaderOrder},
		"13: encoding twice":                   {top + "encoding a\nencoding a\n\nm\n", RuleEncoding},
		"13: encoding in capitals":             {top + "Encoding a\n\nm\n", RuleEncoding},
		"13: encoding without a value":         {top + "encoding \n\nm\n", RuleEncoding},
		"13: encoding in two lines":            {top + "encoding a\n b\n\nm\n", RuleContinuation},
		"a committer in two lines":             {top + " more\n\nm\n", RuleContinuation},
		"a tree in two lines":                  {tree + " more\n" + author + committer + "\nm\n", RuleContinuation},
		"a header without a value":             {top + "x\n\nm\n", RuleHeaderSyntax},
		"an id in capitals":                    {"tree " + strings.Repeat("A", 40) + "\n" + author + committer + "\nm\n", RuleObjectID},
		"an id of 41 digits":                   {"tree " + id1 + "1\n" + author + committer + "\nm\n", RuleObjectID},
		"an empty parent":                      {tree + "parent \n" + author + committer + "\nm\n", RuleObjectID},
		"ids of two widths":                    {tree + "parent " + long2 + "\n" + author + committer + "\nm\n", RuleObjectID},
		"a tag of a tree-ish":                  {"object " + id1 + "\ntype treeish\ntag v1\ntagger " + alice + "\n\nm\n", RuleObjectType},
		"a tag without a name":                 {"object " + id1 + "\ntype commit\ntag \ntagger " + alice + "\n\nm\n", RuleTagName},
		"20: ESC in a tag's name":              {"object " + id1 + "\ntype commit\ntag v\x1b[1m\ntagger " + alice + "\n\nm\n", RuleTagName},
		"an unknown header in a tag":           {tag + "encoding x\n\nm\n", RuleUnknownHeader},
		"a certificate of version 0.2":         {"certificate version 0.2\npusher " + alice + "\n\n", RuleVersion},
		"a nonce before the pushee":            {cert + "nonce 1\npushee x\n\n", RuleUnknownHeader},
		"an empty nonce":                       {cert + "nonce \n\n", RuleHeaderSyntax},
		"an empty pushee":                      {cert + "pushee \n\n", RuleHeaderSyntax},
		"two nonces":                           {cert + "nonce 1\nnonce 1\n\n", RuleUnknownHeader},
		"a nonce in two lines":                 {cert + "nonce 1\n 2\n\n", RuleContinuation},
		"a pusher without a date":              {"certificate version 0.1\npusher alice\n\n", RuleIdent},
	} {
		t.Run(name, func(t *testing.T) { wantRule(t, tt.in, tt.rule) })
	}
}

// A committer's name decides about policies: one way to read it, or none.
func TestParseRefusesIdents(t *testing.T) {
	for name, ident := range map[string]string{
		"empty":                     "",
		"no address":                "Alice 1 +0000",
		"no space before address":   "Alice<a@b> 1 +0000",
		"no name":                   "<a@b> 1 +0000",
		"no end of address":         "Alice <a@b 1 +0000",
		"two addresses":             "Alice <a@b> <c@d> 1 +0000",
		"bracket in address":        "Alice <a<@b> 1 +0000",
		"bracket in name":           "Al>ice <a@b> 1 +0000",
		"no space before date":      "Alice <a@b>1 +0000",
		"two spaces before date":    "Alice <a@b>  1 +0000",
		"no date":                   "Alice <a@b>",
		"no zone":                   "Alice <a@b> 1",
		"leading zero":              "Alice <a@b> 01 +0000",
		"negative date":             "Alice <a@b> -1 +0000",
		"date with sign":            "Alice <a@b> +1 +0000",
		"date after the year 9999":  "Alice <a@b> 253402300800 +0000",
		"date over 64 bits":         "Alice <a@b> 99999999999999999999 +0000",
		"zone of three digits":      "Alice <a@b> 1 +000",
		"zone without sign":         "Alice <a@b> 1 00000",
		"zone with letters":         "Alice <a@b> 1 +0a00",
		"something after the zone":  "Alice <a@b> 1 +0000 x",
		"trailing space":            "Alice <a@b> 1 +0000 ",
		"digits of another script":  "Alice <a@b> \u0661 +0000",
		"text after the address":    "Alice <a@b> c 1 +0000",
		"comma between two persons": "Alice <a@b>, Bob <c@d> 1 +0000",
	} {
		t.Run(name, func(t *testing.T) {
			wantRule(t, "tree "+id1+"\nauthor "+ident+"\ncommitter "+bob+"\n\nm\n", RuleIdent)
		})
	}
}

// Attack 11: cut anywhere in the headers, refused and no panic.
func TestParseEveryPrefix(t *testing.T) {
	whole := "tree " + id1 + "\nparent " + id2 + "\nauthor " + alice + "\ncommitter " + bob + "\nencoding x\nmergetag y\n z\n\n"
	for i := range whole {
		if p, err := Parse([]byte(whole[:i])); err == nil || p != nil {
			t.Errorf("the first %d bytes were accepted", i)
		}
	}
}

func wantRule(t *testing.T, in, rule string) {
	t.Helper()
	p, err := Parse([]byte(in))
	if p != nil {
		t.Errorf("a result beside the error: %+v", p)
	}
	var e *verdict.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v, want rule %s", err, rule)
	}
	if e.Class != verdict.Syntax || e.Rule != rule {
		t.Errorf("%s, rule %s (%s), want syntax, rule %s", e.Class, e.Rule, e.Message, rule)
	}
}
