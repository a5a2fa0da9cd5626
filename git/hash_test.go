package git

import (
	"encoding/hex"
	"errors"
	"testing"

	"github.com/paraph/paraph/internal/verdict"
)

func TestHash(t *testing.T) {
	for name, tt := range map[string]struct {
		format Format
		typ    Type
		raw    string
		want   string
	}{
		// What `git hash-object --literally --stdin -t TYPE` says.
		"commit":                             {SHA1, Commit, "hello\n", "656d88de433ec9f9c5d4ed9b2c643844127a0fb4"},
		"tag":                                {SHA1, Tag, "hello\n", "57f49ce8d3d3f00202b6d7e56edbb69bc94b7aa8"},
		"push certificate is a blob":         {SHA1, PushCertificate, "hello\n", "ce013625030ba8dba906f756967f9e9ca394464a"},
		"empty":                              {SHA1, PushCertificate, "", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"},
		"SHA-256 commit":                     {SHA256, Commit, "hello\n", "0dc599b3b0ab7db2ef28ab7bcd9a37ac991827a78d0d53a1ae438f3731f374d7"},
		"SHA-256 push certificate is a blob": {SHA256, PushCertificate, "hello\n", "2cf8d83d9ee29543b34a87727421fdecb7e3f3a183d337639025de576db9ebb4"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Hash(tt.format, tt.typ, []byte(tt.raw))
			if err != nil || got != tt.want {
				t.Errorf("%s, %v; want %s", got, err, tt.want)
			}
		})
	}
}

func TestHashRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		format Format
		typ    Type
	}{
		"no format":                  {0, Commit},
		"a format there is not":      {3, Commit},
		"no type":                    {SHA1, ""},
		"a type that nobody signs":   {SHA1, "blob"},
		"a type that ends in a NUL":  {SHA1, "commit\x00"},
		"a type of another spelling": {SHA256, "Commit"},
	} {
		t.Run(name, func(t *testing.T) {
			id, err := Hash(tt.format, tt.typ, []byte("x"))
			var e *Error
			if id != "" || !errors.As(err, &e) || e.Rule != RuleUsage {
				t.Errorf("%q, %v; want rule %s", id, err, RuleUsage)
			}
		})
	}
}

// shattered is the beginning of the first of two different files with one
// SHA-1: prefix and collision blocks of Stevens, Bursztein, Karpman, Albertini
// and Markov, "The first collision for full SHA-1", 2017 (shattered.io). A
// git object with a collision of its own has not been published, so this goes
// to the function below Hash, without a git header before it.
const shattered = "" +
	"255044462d312e330a25e2e3cfd30a0a0a312030206f626a0a3c3c2f57696474682032203020522f" +
	"4865696768742033203020522f547970652034203020522f537562747970652035203020522f4669" +
	"6c7465722036203020522f436f6c6f7253706163652037203020522f4c656e677468203820302052" +
	"2f42697473506572436f6d706f6e656e7420383e3e0a73747265616d0affd8fffe00245348412d31" +
	"20697320646561642121212121852fec092339759c39b1a1c63c4c97e1fffe017346dc9166b67e11" +
	"8f029ab621b2560ff9ca67cca8c7f85ba84c79030c2b3de218f86db3a90901d5df45c14f26fedfb3" +
	"dc38e96ac22fe7bd728f0e45bce046d23c570feb141398bb552ef5a0a82be331fea48037b8b5d71f" +
	"0e332edf93ac3500eb4ddc0decc1a864790c782c76215660dd309791d06bd0af3f98cda4bc4629b1"

func TestCollisionIsFound(t *testing.T) {
	raw, err := hex.DecodeString(shattered)
	if err != nil {
		t.Fatal(err)
	}
	id, err := sha1Hex(raw[:100], raw[100:])
	var public *Error
	if id != "" || !errors.As(err, &public) || public.Rule != RuleCollision {
		t.Errorf("%q, %v; want rule %s", id, err, RuleCollision)
	}
	if e := verdict.As(err, verdict.Infrastructure, ""); e.Class != verdict.Syntax {
		t.Errorf("class %s", e.Class)
	}
	raw[300] ^= 1
	if _, err := sha1Hex(raw); err != nil {
		t.Errorf("with one bit of the collision blocks changed: %v", err)
	}
}
