package git_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paraph/paraph/git"
)

const mergetag = "mergetag object " + id2 + "\n type commit\n tag v1\n tagger " + alice + "\n \n m\n gpgsig x\n -----BEGIN SIGNED MESSAGE-----\n"

// What Split returns is, byte for byte, what git hands to its signing program.
func TestSplitAsGit(t *testing.T) {
	sha1, sha256 := newRealRepo(t, git.SHA1), newRealRepo(t, git.SHA256)
	signature := fold("gpgsig", armorX509)
	for name, tt := range map[string]struct {
		typ git.Type
		raw string
	}{
		"commit":                         {git.Commit, commitTop + signature + "\nm\n"},
		"root commit":                    {git.Commit, strings.Replace(commitTop, "parent "+id2+"\n", "", 1) + signature + "\nm\n"},
		"merge":                          {git.Commit, strings.Replace(commitTop, "author", "parent "+id3+"\nauthor", 1) + signature + "\nm\n"},
		"no message":                     {git.Commit, commitTop + signature + "\n"},
		"message without final newline":  {git.Commit, commitTop + signature + "\nm"},
		"NUL and CR in the message":      {git.Commit, commitTop + signature + "\nm\x00\r\n\r\n"},
		"CR in a name":                   {git.Commit, strings.Replace(commitTop, "Alice A", "Alice\r A", 1) + signature + "\nm\n"},
		"encoding":                       {git.Commit, commitTop + "encoding ISO-8859-1\n" + signature + "\n\xe4\n"},
		"mergetag":                       {git.Commit, commitTop + mergetag + signature + "\nm\n"},
		"two mergetags":                  {git.Commit, commitTop + mergetag + mergetag + signature + "\nm\n"},
		"signature before the mergetag":  {git.Commit, commitTop + signature + mergetag + "\nm\n"},
		"signature before other headers": {git.Commit, commitTop + signature + "encoding x\nHG:extra y\n z\n\nm\n"},
		"signature before the committer": {git.Commit, strings.Replace(commitTop, "committer", signature+"committer", 1) + "\nm\n"},
		"unknown headers":                {git.Commit, commitTop + "HG:extra a:b\nHG:extra c:d\nchange-id x\n" + signature + "\nm\n"},
		"a signature in capitals":        {git.Commit, commitTop + "GPGSIG x\n y\n" + signature + "\nm\n"},
		"a header gpg":                   {git.Commit, commitTop + "gpg sig\n" + signature + "\nm\n"},
		"a line of 70 KiB":               {git.Commit, commitTop + "x " + strings.Repeat("y", 70<<10) + "\n" + signature + "\nm\n"},
		"a signature of 100 KiB":         {git.Commit, commitTop + strings.Replace(signature, " AQID\n", strings.Repeat(" AQID\n", 20<<10), 1) + "\nm\n"},
		"armor and headers in message":   {git.Commit, commitTop + signature + "\n" + armorX509 + signature + "\ttree\n"},
		"two trees":                      {git.Commit, "tree " + id1 + "\n" + commitTop + signature + "\nm\n"},
		"tag":                            {git.Tag, tagTop + "\nm\n" + armorX509},
		"tag of a tag":                   {git.Tag, strings.Replace(tagTop, "type commit", "type tag", 1) + "\nm\n" + armorX509},
		"tag without a message":          {git.Tag, tagTop + "\n" + armorX509},
		"tag with two armors":            {git.Tag, tagTop + "\nm\n" + armorX509 + armorX509},
		"tag with armor of another sort": {git.Tag, tagTop + "\nm\n" + armorPGP + armorSSH + "text\n" + armorX509},
		"tag with a marker in a line":    {git.Tag, tagTop + "\n -----BEGIN SIGNED MESSAGE-----\n" + armorX509},
		"tag with NUL and CR":            {git.Tag, tagTop + "\nm\x00\r\n" + armorX509},
		"tag with gpgsig in its message": {git.Tag, tagTop + "\ngpgsig x\n y\n" + armorX509},
	} {
		t.Run(name, func(t *testing.T) {
			sha1.t = t
			sameAsGit(t, sha1, tt.typ, tt.raw)
		})
		t.Run(name+" in a SHA-256 repository", func(t *testing.T) {
			sha256.t = t
			raw := tt.raw
			if tt.typ == git.Commit {
				raw = strings.ReplaceAll(raw, "\ngpgsig -", "\ngpgsig-sha256 -")
			}
			sameAsGit(t, sha256, tt.typ, long(raw))
		})
	}
}

func sameAsGit(t *testing.T, repo *realRepo, typ git.Type, raw string) {
	t.Helper()
	id := repo.write(typ, raw)
	if got, err := git.Hash(repo.format, typ, []byte(raw)); err != nil || got != id {
		t.Errorf("Hash: %s, %v; git says %s", got, err, id)
	}
	signed, signature, ok := repo.verify(typ, id)
	if !ok {
		t.Fatal("git did not start the program")
	}
	o, err := git.Split(repo.format, typ, []byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	if string(o.Payload) != signed {
		t.Errorf("payload\n%q, git hands\n%q", o.Payload, signed)
	}
	if string(o.Signature) != signature {
		t.Errorf("signature\n%q, git hands\n%q", o.Signature, signature)
	}
	if back, err := o.Bytes(); err != nil || string(back) != raw {
		t.Errorf("Bytes: %v\n%q, want\n%q", err, back, raw)
	}
}

// Where git joins, drops or splits by bytes that nobody signed, Split refuses.
// What git does is asserted too: should it change, the reason for the rule has.
func TestSplitRefusesWhatGitTakes(t *testing.T) {
	const commit, tag = commitTop + "\nm\n", tagTop + "\nm\n"
	repo := newRealRepo(t, git.SHA1)
	signature := fold("gpgsig", armorX509)
	for name, tt := range map[string]struct {
		typ               git.Type
		raw               string
		rule              string
		signed, signature string // what git hands to its program
	}{
		"3: git joins two signatures": {
			git.Commit, commitTop + signature + signature + "\nm\n", git.RuleDuplicateSignature,
			commit, armorX509 + armorX509,
		},
		"3: git joins a signature and garbage": {
			git.Commit, commitTop + signature + "gpgsig garbage\n\nm\n", git.RuleDuplicateSignature,
			commit, armorX509 + "garbage\n",
		},
		"4: git joins two signatures that stand apart": {
			git.Commit, commitTop + signature + "encoding x\n" + signature + "\nm\n", git.RuleDuplicateSignature,
			commitTop + "encoding x\n\nm\n", armorX509 + armorX509,
		},
		"5: git hands over two blocks": {
			git.Commit, commitTop + fold("gpgsig", armorX509+armorX509) + "\nm\n", git.RuleArmorBlocks,
			commit, armorX509 + armorX509,
		},
		"5: git hands over what follows END": {
			git.Tag, tag + armorX509 + "more\n", git.RuleArmorTrailing,
			tag, armorX509 + "more\n",
		},
		"6: git drops gpgsigfoo with its lines": {
			git.Commit, commitTop + "gpgsigfoo x\n y\n" + signature + "\nm\n", git.RuleForeignSignature,
			commit, armorX509,
		},
		"6: git drops gpgsig-sha256": {
			git.Commit, commitTop + signature + fold("gpgsig-sha256", armorX509) + "\nm\n", git.RuleForeignSignature,
			commit, armorX509,
		},
		"6: git drops gpgsig without a value": {
			git.Commit, commitTop + "gpgsig\n" + signature + "\nm\n", git.RuleForeignSignature,
			commit, armorX509,
		},
		"6: git drops gpgsig-sha256 from a tag": {
			git.Tag, tagTop + fold("gpgsig-sha256", armorX509) + "\nm\n" + armorX509, git.RuleForeignSignature,
			tag, armorX509,
		},
		"7: git keeps a line that begins with TAB": {
			git.Commit, commitTop + signature + "\tx\n\nm\n", git.RuleTabLine,
			commitTop + "\tx\n\nm\n", armorX509,
		},
		"9: git takes a tag without its final newline": {
			git.Tag, tag + strings.TrimSuffix(armorX509, "\n"), git.RuleArmorEnd,
			tag, strings.TrimSuffix(armorX509, "\n"),
		},
		"10: git hands over a NUL": {
			git.Commit, commitTop + fold("gpgsig", armorX509+"\x00\n") + "\nm\n", git.RuleSignatureNUL,
			commit, armorX509 + "\x00\n",
		},
		"11: git takes a commit without a blank line": {
			git.Commit, commitTop + signature, git.RuleNoBlankLine,
			commitTop, armorX509,
		},
		"30: git takes more on the BEGIN line": {
			git.Commit, commitTop + strings.Replace(signature, "-\n MIIB", "- x\n MIIB", 1) + "\nm\n", git.RuleArmorBegin,
			commit, strings.Replace(armorX509, "-\nMIIB", "- x\nMIIB", 1),
		},
	} {
		t.Run(name, func(t *testing.T) {
			repo.t = t
			signed, sig, ok := repo.verify(tt.typ, repo.write(tt.typ, tt.raw))
			if !ok {
				t.Fatal("git did not start the program")
			}
			if signed != tt.signed || sig != tt.signature {
				t.Errorf("git hands payload\n%q, want\n%q\nsignature\n%q, want\n%q", signed, tt.signed, sig, tt.signature)
			}
			_, err := git.Split(git.SHA1, tt.typ, []byte(tt.raw))
			wantRule(t, err, tt.rule)
		})
	}
}

// What is unsigned for git is so for Split, or it is refused.
func TestUnsignedAsGit(t *testing.T) {
	repo := newRealRepo(t, git.SHA1)
	for name, tt := range map[string]struct {
		typ  git.Type
		raw  string
		rule string // "" for ErrUnsigned
	}{
		"commit":                         {git.Commit, commitTop + "\nm\n", ""},
		"commit with armor in message":   {git.Commit, commitTop + "\n" + armorX509, ""},
		"commit with mergetag":           {git.Commit, commitTop + mergetag + "\nm\n", ""},
		"tag":                            {git.Tag, tagTop + "\nm\n", ""},
		"tag with armor in a line":       {git.Tag, tagTop + "\n " + armorX509, ""},
		"6: commit with gpgsig-sha256":   {git.Commit, commitTop + fold("gpgsig-sha256", armorX509) + "\nm\n", git.RuleForeignSignature},
		"6: tag with a signature header": {git.Tag, tagTop + fold("gpgsig", armorX509) + "\nm\n", git.RuleForeignSignature},
	} {
		t.Run(name, func(t *testing.T) {
			repo.t = t
			if _, _, ok := repo.verify(tt.typ, repo.write(tt.typ, tt.raw)); ok {
				t.Error("git takes it for signed")
			}
			_, err := git.Split(git.SHA1, tt.typ, []byte(tt.raw))
			if tt.rule != "" {
				wantRule(t, err, tt.rule)
			} else if !errors.Is(err, git.ErrUnsigned) {
				t.Errorf("%v, want ErrUnsigned", err)
			}
		})
	}
}

// What git makes of a payload and a signature is what Join makes of them.
func TestJoinAsGit(t *testing.T) {
	for _, format := range []git.Format{git.SHA1, git.SHA256} {
		repo := newRealRepo(t, format)
		repo.git("", "commit", "-q", "--allow-empty", "-m", "root")
		for name, tt := range map[string]struct {
			typ  git.Type
			make []string
		}{
			"commit":                {git.Commit, []string{"commit", "-q", "-S", "--allow-empty", "-m", "subject\n\nbody\n\nend"}},
			"commit, empty message": {git.Commit, []string{"commit", "-q", "-S", "--allow-empty", "--allow-empty-message", "-m", ""}},
			"commit, encoding":      {git.Commit, []string{"-c", "i18n.commitEncoding=ISO-8859-1", "commit", "-q", "-S", "--allow-empty", "-m", "\xe4"}},
			"amend":                 {git.Commit, []string{"commit", "-q", "-S", "--amend", "--allow-empty", "-m", "again"}},
			"tag":                   {git.Tag, []string{"tag", "-s", "-m", "message", "v1", "HEAD"}},
			"tag, empty message":    {git.Tag, []string{"tag", "-s", "-m", "", "v2", "HEAD"}},
		} {
			t.Run(format.String()+" "+name, func(t *testing.T) {
				repo.t = t
				repo.git("", tt.make...)
				name := "HEAD"
				if tt.typ == git.Tag {
					name = tt.make[len(tt.make)-2]
				}
				joinedAsGit(t, repo, tt.typ, repo.git("", "cat-file", string(tt.typ), name))
			})
		}
	}
}

// joinedAsGit compares an object that git signed with what Join makes of what
// it handed to its program.
func joinedAsGit(t *testing.T, repo *realRepo, typ git.Type, raw string) {
	t.Helper()
	signed, ok := repo.recorded("payload")
	if !ok {
		t.Fatal("git did not start the program")
	}
	got, err := git.Join(repo.format, typ, []byte(signed), []byte(armorX509))
	if err != nil || string(got) != raw {
		t.Errorf("Join: %v\n%q, git makes\n%q", err, got, raw)
	}
	o, err := git.Split(repo.format, typ, []byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	if string(o.Payload) != signed || string(o.Signature) != armorX509 {
		t.Errorf("payload\n%q, git signed\n%q\nsignature\n%q", o.Payload, signed, o.Signature)
	}
}

// A push certificate of a real push, as the receiving git stores it.
func TestPushCertificateAsGit(t *testing.T) {
	for _, format := range []git.Format{git.SHA1, git.SHA256} {
		t.Run(format.String(), func(t *testing.T) {
			repo := newRealRepo(t, format)
			bare := t.TempDir()
			repo.git("", "init", "-q", "--bare", "--object-format="+format.String(), bare)
			repo.configure(bare)
			repo.git("", "-C", bare, "config", "receive.certNonceSeed", "seed")
			repo.git("", "-C", bare, "config", "receive.advertisePushOptions", "true")
			hook := "#!/bin/sh\ngit cat-file blob $GIT_PUSH_CERT >" + repo.record + "/certificate\necho $GIT_PUSH_CERT >" + repo.record + "/id\n"
			if err := os.WriteFile(filepath.Join(bare, "hooks", "post-receive"), []byte(hook), 0o700); err != nil {
				t.Fatal(err)
			}
			repo.git("", "commit", "-q", "--allow-empty", "-m", "root")
			repo.git("", "push", "-q", "--signed", "-o", "an option", bare, "HEAD:refs/heads/main")

			raw, ok := repo.recorded("certificate")
			if !ok {
				t.Fatal("no certificate was received")
			}
			joinedAsGit(t, repo, git.PushCertificate, raw)
			id, _ := repo.recorded("id")
			if got, err := git.Hash(format, git.PushCertificate, []byte(raw)); err != nil || got != strings.TrimSpace(id) {
				t.Errorf("Hash: %s, %v; git says %s", got, err, id)
			}
			if signature, _ := repo.recorded("signature"); signature != armorX509 {
				t.Errorf("git hands the signature %q", signature)
			}
		})
	}
}
