package git_test

import (
	"strings"
	"testing"

	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/internal/payload"
)

// Each object breaks one rule; the numbers are those of the list of attacks.
func TestSplitRefuses(t *testing.T) {
	var (
		signature = fold("gpgsig", armorX509)
		beginLine = "-----BEGIN SIGNED MESSAGE-----\n"
		certified = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
	)
	commit := func(armor string) string { return commitTop + fold("gpgsig", armor) + "\nm\n" }
	tag := func(armor string) string { return tagTop + "\nm\n" + armor }
	for name, tt := range map[string]struct {
		typ  git.Type
		raw  string
		rule string
	}{
		"3: two signatures":                       {git.Commit, commitTop + signature + signature + "\nm\n", git.RuleDuplicateSignature},
		"3: a signature and garbage":              {git.Commit, commitTop + signature + "gpgsig garbage\n\nm\n", git.RuleDuplicateSignature},
		"3: garbage and a signature":              {git.Commit, commitTop + "gpgsig garbage\n" + signature + "\nm\n", git.RuleDuplicateSignature},
		"3: signatures of two sorts":              {git.Commit, commitTop + signature + fold("gpgsig", armorSSH) + "\nm\n", git.RuleDuplicateSignature},
		"4: two signatures apart":                 {git.Commit, commitTop + signature + "encoding x\n" + signature + "\nm\n", git.RuleDuplicateSignature},
		"4: two signatures around the author":     {git.Commit, "tree " + id1 + "\n" + signature + "author " + alice + "\ncommitter " + bob + "\n" + signature + "\nm\n", git.RuleDuplicateSignature},
		"5: two blocks":                           {git.Commit, commit(armorX509 + armorX509), git.RuleArmorBlocks},
		"5: two blocks of two sorts":              {git.Commit, commit(armorX509 + armorPGP), git.RuleArmorBlocks},
		"5: two OpenPGP blocks":                   {git.Commit, commit(armorPGP + armorPGP), git.RuleArmorBlocks},
		"5: two SSH blocks, a blank line between": {git.Commit, commit(armorSSH + "\n" + armorSSH), git.RuleArmorBlocks},
		"5: a block inside of the block":          {git.Commit, commit(beginLine + armorX509), git.RuleArmorBlocks},
		"5: bytes after END":                      {git.Commit, commit(armorX509 + "x\n"), git.RuleArmorTrailing},
		"5: bytes on the END line":                {git.Commit, commit(strings.TrimSuffix(armorX509, "\n") + "x\n"), git.RuleArmorTrailing},
		"5: a space on the END line":              {git.Commit, commit(strings.TrimSuffix(armorX509, "\n") + " \n"), git.RuleArmorTrailing},
		"5: bytes after an OpenPGP END":           {git.Commit, commit(armorPGP + "x\n"), git.RuleArmorTrailing},
		"5: a tag, bytes after END":               {git.Tag, tag(armorX509 + "m\n"), git.RuleArmorTrailing},
		"5: a tag, a certificate after END":       {git.Tag, tag(armorX509 + certified), git.RuleArmorBlocks},
		"5: a push certificate, bytes after END":  {git.PushCertificate, certTop + "\n" + armorX509 + id1 + " " + id2 + " refs/heads/x\n", git.RuleArmorTrailing},
		"6: gpgsigfoo beside a signature":         {git.Commit, commitTop + signature + "gpgsigfoo x\n\nm\n", git.RuleForeignSignature},
		"6: gpgsigfoo before a signature":         {git.Commit, commitTop + "gpgsigfoo x\n y\n" + signature + "\nm\n", git.RuleForeignSignature},
		"6: gpgsigfoo alone":                      {git.Commit, commitTop + "gpgsigfoo x\n\nm\n", git.RuleForeignSignature},
		"6: gpgsig-sha256 beside a signature":     {git.Commit, commitTop + signature + fold("gpgsig-sha256", armorX509) + "\nm\n", git.RuleForeignSignature},
		"6: gpgsig-sha256 alone":                  {git.Commit, commitTop + fold("gpgsig-sha256", armorX509) + "\nm\n", git.RuleForeignSignature},
		"6: gpgsig without a value":               {git.Commit, commitTop + "gpgsig\n" + signature + "\nm\n", git.RuleForeignSignature},
		"6: gpgsig and TAB":                       {git.Commit, commitTop + "gpgsig\tx\n\nm\n", git.RuleForeignSignature},
		"6: gpgsig in a tag":                      {git.Tag, tagTop + fold("gpgsig", armorX509) + "\nm\n" + armorX509, git.RuleForeignSignature},
		"6: gpgsig-sha256 in a tag":               {git.Tag, tagTop + fold("gpgsig-sha256", armorX509) + "\nm\n" + armorX509, git.RuleForeignSignature},
		"6: gpgsigfoo in an unsigned tag":         {git.Tag, tagTop + "gpgsigfoo x\n\nm\n", git.RuleForeignSignature},
		"7: TAB after the signature":              {git.Commit, commitTop + signature + "\tx\n\nm\n", git.RuleTabLine},
		"7: TAB inside of the signature":          {git.Commit, commitTop + strings.Replace(signature, "\n AQID", "\n\tAQID", 1) + "\nm\n", git.RuleTabLine},
		"7: TAB in a tag's headers":               {git.Tag, tagTop + "\tx\n\nm\n" + armorX509, git.RuleTabLine},
		"9: a tag's final newline removed":        {git.Tag, strings.TrimSuffix(tag(armorX509), "\n"), git.RuleArmorEnd},
		"9: a newline added to a tag":             {git.Tag, tag(armorX509 + "\n"), git.RuleArmorTrailing},
		"9: a newline added to the signature":     {git.Commit, commit(armorX509 + "\n\n"), git.RuleArmorTrailing},
		"10: NUL in the signature":                {git.Commit, commit(strings.Replace(armorX509, "AQID", "AQ\x00D", 1)), git.RuleSignatureNUL},
		"10: NUL in a tag's signature":            {git.Tag, tag(strings.Replace(armorX509, "AQID", "AQ\x00D", 1)), git.RuleSignatureNUL},
		"11: empty":                               {git.Commit, "", git.RuleObjectKind},
		"11: an empty tag":                        {git.Tag, "", git.RuleObjectKind},
		"11: no blank line":                       {git.Commit, commitTop + signature, git.RuleNoBlankLine},
		"11: cut in the signature":                {git.Commit, commitTop + signature[:40], git.RuleNoBlankLine},
		"11: no blank line in a tag":              {git.Tag, tagTop + armorX509, git.RuleNoBlankLine},
		"17: a tag as a commit":                   {git.Commit, tag(armorX509), git.RuleObjectKind},
		"17: a commit as a tag":                   {git.Tag, commit(armorX509), git.RuleObjectKind},
		"17: a commit as a push certificate":      {git.PushCertificate, commit(armorX509), git.RuleObjectKind},
		"17: a commit of a SHA-256 repository":    {git.Commit, long(commit(armorX509)), git.RuleObjectFormat},
		"17: a tag of a SHA-256 repository":       {git.Tag, long(tag(armorX509)), git.RuleObjectFormat},
		"30: no END":                              {git.Commit, commit(beginLine + "MIIB\n"), git.RuleArmorEnd},
		"30: the END of another sort":             {git.Commit, commit(beginLine + "MIIB\n-----END PGP SIGNATURE-----\n"), git.RuleArmorBlocks},
		"30: bytes on the BEGIN line":             {git.Commit, commit(strings.Replace(armorX509, "-\nMIIB", "- x\nMIIB", 1)), git.RuleArmorBegin},
		"30: CRLF":                                {git.Commit, commit(strings.ReplaceAll(armorX509, "\n", "\r\n")), git.RuleArmorBegin},
		"30: CRLF in a tag":                       {git.Tag, tag(strings.ReplaceAll(armorX509, "\n", "\r\n")), git.RuleArmorBegin},
		"a signature over the bound":              {git.Commit, commit(strings.Replace(armorX509, "AQID\n", strings.Repeat("AQID\n", 210_000), 1)), git.RuleSignatureSize},
		"no type":                                 {"", commit(armorX509), git.RuleUsage},
		"a type that is not signed":               {"blob", commit(armorX509), git.RuleUsage},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := git.Split(git.SHA1, tt.typ, []byte(tt.raw))
			if o != nil {
				t.Errorf("an object beside the error: %+v", o)
			}
			wantRule(t, err, tt.rule)
		})
	}
}

// Attack 6 the other way round: in a SHA-256 repository gpgsig is foreign.
func TestSplitRefusesSHA1SignatureInSHA256(t *testing.T) {
	_, err := git.Split(git.SHA256, git.Commit, []byte(long(commitTop)+fold("gpgsig", armorX509)+"\nm\n"))
	wantRule(t, err, git.RuleForeignSignature)
	_, err = git.Split(git.SHA256, git.Commit, []byte(commitTop+fold("gpgsig-sha256", armorX509)+"\nm\n"))
	wantRule(t, err, git.RuleObjectFormat)
	_, err = git.Split(0, git.Commit, []byte(commitTop+"\nm\n"))
	wantRule(t, err, git.RuleUsage)
}

// What breaks the headers' grammar passes Split, which leaves it to the
// payload's parser; the two together let none of these through.
func TestHeadersAreRefused(t *testing.T) {
	signature := fold("gpgsig", armorX509)
	tree, author, committer := "tree "+id1+"\n", "author "+alice+"\n", "committer "+bob+"\n"
	for name, tt := range map[string]struct{ raw, rule string }{
		"1: two trees":                        {tree + tree + author + committer + signature + "\nm\n", payload.RuleHeaderOrder},
		"1: two trees, the signature between": {tree + signature + tree + author + committer + "\nm\n", payload.RuleHeaderOrder},
		"2: two authors":                      {tree + author + author + committer + signature + "\nm\n", payload.RuleHeaderOrder},
		"2: committer before author":          {tree + committer + author + signature + "\nm\n", payload.RuleHeaderOrder},
		"2: a committer after the signature":  {tree + author + committer + signature + committer + "\nm\n", payload.RuleHeaderOrder},
		"6: a signature in capitals":          {tree + author + committer + signature + "GPGSIG x\n\nm\n", payload.RuleSignatureHeader},
		"10: NUL in a header":                 {tree + author + committer + signature + "x y\x00\n\nm\n", payload.RuleNUL},
		"13: encoding twice":                  {tree + author + committer + "encoding a\n" + signature + "encoding b\n\nm\n", payload.RuleEncoding},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := git.Split(git.SHA1, git.Commit, []byte(tt.raw))
			if err != nil {
				t.Fatal(err)
			}
			p, err := payload.Parse(o.Payload)
			if p != nil || err == nil {
				t.Fatalf("accepted: %+v", p)
			}
			// Nor is it ever made: Join says the same.
			_, err = git.Join(git.SHA1, git.Commit, o.Payload, o.Signature)
			wantRule(t, err, tt.rule)
		})
	}
}

func TestJoinRefuses(t *testing.T) {
	const commit, tag = commitTop + "\nm\n", tagTop + "\nm\n"
	for name, tt := range map[string]struct {
		typ                git.Type
		payload, signature string
		rule               string
	}{
		"no signature":                       {git.Commit, commit, "", git.RuleJoin},
		"no signature for a tag":             {git.Tag, tag, "", git.RuleJoin},
		"a signature without final newline":  {git.Commit, commit, strings.TrimSuffix(armorX509, "\n"), git.RuleJoin},
		"a signature that git does not know": {git.Commit, commit, "hello\n", git.RuleJoin},
		"two blocks":                         {git.Commit, commit, armorX509 + armorX509, git.RuleArmorBlocks},
		"two blocks for a tag":               {git.Tag, tag, armorX509 + armorX509, git.RuleJoin},
		"text before the block of a tag":     {git.Tag, tag, "x\n" + armorX509, git.RuleJoin},
		"a tag's last line is open":          {git.Tag, strings.TrimSuffix(tag, "\n"), armorX509, git.RuleJoin},
		"a payload that is signed":           {git.Commit, commitTop + fold("gpgsig", armorX509) + "\nm\n", armorX509, payload.RuleSignatureHeader},
		"a payload of another type":          {git.Tag, commit, armorX509, git.RuleObjectKind},
		"a payload of another format":        {git.Commit, long(commit), armorX509, git.RuleObjectFormat},
		"a payload without a blank line":     {git.Commit, commitTop, armorX509, payload.RuleNoBlankLine},
		"no type":                            {"", commit, armorX509, git.RuleUsage},
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := git.Join(git.SHA1, tt.typ, []byte(tt.payload), []byte(tt.signature))
			if raw != nil {
				t.Errorf("an object beside the error: %q", raw)
			}
			wantRule(t, err, tt.rule)
		})
	}
}
