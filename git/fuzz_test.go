package git_test

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/internal/payload"
)

// What Split takes apart, Bytes puts together; what Join puts together, Split
// takes apart; neither panics nor changes what it was given.
func FuzzSplitJoin(f *testing.F) {
	for _, seed := range []string{
		commitTop + fold("gpgsig", armorX509) + "\nm\n",
		commitTop + "encoding x\n" + fold("gpgsig", armorPGP) + "mergetag y\n z\n\nm\n",
		"tree " + id1 + "\n" + fold("gpgsig", armorSSH) + "author " + alice + "\n\n",
		commitTop + "gpgsig x\n \n\n",
		tagTop + "\nm\n" + armorX509,
		certTop + "\nm\n" + armorX509,
	} {
		f.Add(false, []byte(seed), []byte(armorX509))
		f.Add(true, []byte(long(seed)), []byte(armorSSH))
	}
	f.Add(false, []byte(commitTop+"\nm\n"), []byte(armorX509))
	f.Add(true, []byte(long(tagTop)+"\nm\n"), []byte(armorPGP))
	f.Fuzz(func(t *testing.T, sha256 bool, raw, signature []byte) {
		format := git.SHA1
		if sha256 {
			format = git.SHA256
		}
		for _, typ := range []git.Type{git.Commit, git.Tag, git.PushCertificate} {
			before := bytes.Clone(raw)
			splitThenBytes(t, format, typ, raw)
			joinThenSplit(t, format, typ, raw, signature)
			if !bytes.Equal(raw, before) {
				t.Fatal("the input was changed")
			}
		}
	})
}

func splitThenBytes(t *testing.T, format git.Format, typ git.Type, raw []byte) {
	o, err := git.Split(format, typ, raw)
	var e *git.Error
	switch {
	case err != nil && o != nil:
		t.Fatal("an object beside an error")
	case err != nil && !errors.Is(err, git.ErrUnsigned) && !errors.As(err, &e):
		t.Fatalf("an error of type %T", err)
	case err != nil:
		return
	}
	if back, err := o.Bytes(); err != nil || !bytes.Equal(back, raw) {
		t.Fatalf("Bytes: %v\n%q, want\n%q", err, back, raw)
	}
	p, err := payload.Parse(o.Payload)
	if err != nil {
		return
	}
	if again, err := payload.Parse(o.Payload); err != nil || !reflect.DeepEqual(p, again) {
		t.Fatalf("parsed twice: %+v and %+v", p, again)
	}
	if string(p.Kind) != string(typ) {
		t.Fatalf("a %s whose payload is a %s", typ, p.Kind)
	}
}

func joinThenSplit(t *testing.T, format git.Format, typ git.Type, signed, signature []byte) {
	raw, err := git.Join(format, typ, signed, signature)
	if err != nil {
		return
	}
	o, err := git.Split(format, typ, raw)
	if err != nil {
		t.Fatalf("Split of what Join made: %v", err)
	}
	if !bytes.Equal(o.Payload, signed) || !bytes.Equal(o.Signature, signature) || o.Armor == git.UnknownArmor {
		t.Fatalf("payload\n%q, want\n%q\n%s signature\n%q, want\n%q", o.Payload, signed, o.Armor, o.Signature, signature)
	}
}
