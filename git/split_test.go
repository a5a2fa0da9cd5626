package git_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/paraph/paraph/git"
)

func TestSplit(t *testing.T) {
	const mergetag = "mergetag object " + id2 + "\n type commit\n tag v1\n tagger " + alice + "\n \n gpgsig x\n author y\n"
	for name, tt := range map[string]struct {
		format             git.Format
		typ                git.Type
		raw                string
		payload, signature string
		armor              git.Armor
	}{
		"commit": {
			git.SHA1, git.Commit, commitTop + fold("gpgsig", armorX509) + "\nm\n",
			commitTop + "\nm\n", armorX509, git.X509,
		},
		"commit in a SHA-256 repository": {
			git.SHA256, git.Commit, long(commitTop) + fold("gpgsig-sha256", armorX509) + "\nm\n",
			long(commitTop) + "\nm\n", armorX509, git.X509,
		},
		"signature before other headers": {
			git.SHA1, git.Commit, commitTop + fold("gpgsig", armorX509) + "encoding x\nHG:extra y\n\nm\n",
			commitTop + "encoding x\nHG:extra y\n\nm\n", armorX509, git.X509,
		},
		"signature before the author": {
			git.SHA1, git.Commit, "tree " + id1 + "\n" + fold("gpgsig", armorX509) + "author " + alice + "\ncommitter " + bob + "\n\nm\n",
			"tree " + id1 + "\nauthor " + alice + "\ncommitter " + bob + "\n\nm\n", armorX509, git.X509,
		},
		"14: mergetag with headers of its own": {
			git.SHA1, git.Commit, commitTop + mergetag + fold("gpgsig", armorX509) + "\nm\n",
			commitTop + mergetag + "\nm\n", armorX509, git.X509,
		},
		"15: armor in a commit's message": {
			git.SHA1, git.Commit, commitTop + fold("gpgsig", armorX509) + "\nm\n" + armorSSH,
			commitTop + "\nm\n" + armorSSH, armorX509, git.X509,
		},
		"15: headers in a commit's message": {
			git.SHA1, git.Commit, commitTop + fold("gpgsig", armorX509) + "\ngpgsig x\n\ty\n",
			commitTop + "\ngpgsig x\n\ty\n", armorX509, git.X509,
		},
		"15: two armors in a tag": {
			git.SHA1, git.Tag, tagTop + "\nm\n" + armorX509 + armorX509,
			tagTop + "\nm\n" + armorX509, armorX509, git.X509,
		},
		"15: armor of another sort before in a tag": {
			git.SHA1, git.Tag, tagTop + "\nm\n" + armorPGP + "text\n" + armorX509,
			tagTop + "\nm\n" + armorPGP + "text\n", armorX509, git.X509,
		},
		"15: a marker inside a line of a tag": {
			git.SHA1, git.Tag, tagTop + "\nm -----BEGIN SIGNED MESSAGE-----\n" + armorX509,
			tagTop + "\nm -----BEGIN SIGNED MESSAGE-----\n", armorX509, git.X509,
		},
		"tag without a message": {
			git.SHA1, git.Tag, tagTop + "\n" + armorX509,
			tagTop + "\n", armorX509, git.X509,
		},
		"tag in a SHA-256 repository": {
			git.SHA256, git.Tag, long(tagTop) + "\nm\n" + armorX509,
			long(tagTop) + "\nm\n", armorX509, git.X509,
		},
		"push certificate": {
			git.SHA1, git.PushCertificate, certTop + "\n" + id1 + " " + id2 + " refs/heads/main\n" + armorX509,
			certTop + "\n" + id1 + " " + id2 + " refs/heads/main\n", armorX509, git.X509,
		},
		"OpenPGP commit with a blank line at its end, as GitHub writes it": {
			git.SHA1, git.Commit, commitTop + fold("gpgsig", armorPGP) + " \n\nm\n",
			commitTop + "\nm\n", armorPGP + "\n", git.OpenPGP,
		},
		"OpenPGP tag, the older marker": {
			git.SHA1, git.Tag, tagTop + "\nm\n" + armorMail,
			tagTop + "\nm\n", armorMail, git.OpenPGP,
		},
		"SSH commit": {
			git.SHA1, git.Commit, commitTop + fold("gpgsig", armorSSH) + "\nm\n",
			commitTop + "\nm\n", armorSSH, git.SSH,
		},
		"a signature that git does not know": {
			git.SHA1, git.Commit, commitTop + "gpgsig hello\n world\n\nm\n",
			commitTop + "\nm\n", "hello\nworld\n", git.UnknownArmor,
		},
		"an empty signature": {
			git.SHA1, git.Commit, commitTop + "gpgsig \n\nm\n",
			commitTop + "\nm\n", "\n", git.UnknownArmor,
		},
		"10: NUL in the message": {
			git.SHA1, git.Commit, commitTop + fold("gpgsig", armorX509) + "\nm\x00\n",
			commitTop + "\nm\x00\n", armorX509, git.X509,
		},
		"12: a line of 70 KiB": {
			git.SHA1, git.Commit, commitTop + fold("gpgsig", armorX509) + "x " + strings.Repeat("y", 70<<10) + "\n\nm\n",
			commitTop + "x " + strings.Repeat("y", 70<<10) + "\n\nm\n", armorX509, git.X509,
		},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := git.Split(tt.format, tt.typ, []byte(tt.raw))
			if err != nil {
				t.Fatal(err)
			}
			if string(o.Payload) != tt.payload {
				t.Errorf("payload\n%q, want\n%q", o.Payload, tt.payload)
			}
			if string(o.Signature) != tt.signature {
				t.Errorf("signature\n%q, want\n%q", o.Signature, tt.signature)
			}
			if o.Armor != tt.armor || o.Format != tt.format || o.Type != tt.typ {
				t.Errorf("%s signature of a %s %s", o.Armor, o.Format, o.Type)
			}
			if back, err := o.Bytes(); err != nil || string(back) != tt.raw {
				t.Errorf("Bytes: %v\n%q, want\n%q", err, back, tt.raw)
			}
		})
	}
}

func TestSplitUnsigned(t *testing.T) {
	for name, tt := range map[string]struct {
		typ git.Type
		raw string
	}{
		"commit":                      {git.Commit, commitTop + "\nm\n"},
		"commit with armor in it":     {git.Commit, commitTop + "\nm\n" + armorX509},
		"commit with signed mergetag": {git.Commit, commitTop + "mergetag x\n gpgsig y\n\nm\n"},
		"tag":                         {git.Tag, tagTop + "\nm\n"},
		"tag with armor in a line":    {git.Tag, tagTop + "\nm\n " + armorX509},
		"tag with a certificate":      {git.Tag, tagTop + "\nm\n-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"},
		"push certificate":            {git.PushCertificate, certTop + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := git.Split(git.SHA1, tt.typ, []byte(tt.raw))
			if o != nil || !errors.Is(err, git.ErrUnsigned) {
				t.Errorf("%+v, %v; want ErrUnsigned", o, err)
			}
		})
	}
}

// Attack 12.
func TestSplitLargeMessage(t *testing.T) {
	message := strings.Repeat("All work and no play.\n", (50<<20)/22)
	o, err := git.Split(git.SHA1, git.Commit, []byte(commitTop+fold("gpgsig", armorX509)+"\n"+message))
	if err != nil {
		t.Fatal(err)
	}
	if len(o.Payload) != len(commitTop)+1+len(message) {
		t.Errorf("payload of %d bytes", len(o.Payload))
	}
}

func TestBytesOfOtherObjects(t *testing.T) {
	for name, tt := range map[string]struct {
		object git.Object
		rule   string
	}{
		"zero": {git.Object{}, git.RuleUsage},
		"commit that Split did not make": {
			git.Object{Format: git.SHA1, Type: git.Commit, Payload: []byte(commitTop + "\nm\n"), Signature: []byte(armorX509)},
			git.RulePosition,
		},
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := tt.object.Bytes()
			if raw != nil {
				t.Errorf("bytes beside an error: %q", raw)
			}
			wantRule(t, err, tt.rule)
		})
	}
	o, err := git.Split(git.SHA1, git.Commit, []byte(commitTop+fold("gpgsig", armorX509)+"\nm\n"))
	if err != nil {
		t.Fatal(err)
	}
	o.Payload = o.Payload[:20]
	_, err = o.Bytes()
	wantRule(t, err, git.RulePosition)
}

func TestJoin(t *testing.T) {
	const extra = "encoding x\nmergetag y\n z\n"
	for name, tt := range map[string]struct {
		format  git.Format
		typ     git.Type
		payload string
		want    string
	}{
		"commit":           {git.SHA1, git.Commit, commitTop + extra + "\nm\n\nm\n", commitTop + extra + fold("gpgsig", armorX509) + "\nm\n\nm\n"},
		"SHA-256 commit":   {git.SHA256, git.Commit, long(commitTop) + "\n", long(commitTop) + fold("gpgsig-sha256", armorX509) + "\n"},
		"tag":              {git.SHA1, git.Tag, tagTop + "\nm\n", tagTop + "\nm\n" + armorX509},
		"SHA-256 tag":      {git.SHA256, git.Tag, long(tagTop) + "\nm\n", long(tagTop) + "\nm\n" + armorX509},
		"push certificate": {git.SHA256, git.PushCertificate, certTop + "\n", certTop + "\n" + armorX509},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := git.Join(tt.format, tt.typ, []byte(tt.payload), []byte(armorX509))
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != tt.want {
				t.Errorf("got\n%q, want\n%q", got, tt.want)
			}
		})
	}
}
