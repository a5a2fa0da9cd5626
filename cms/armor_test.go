package cms_test

import (
	"bytes"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/paraph/paraph/cms"
)

const (
	begin = "-----BEGIN SIGNED MESSAGE-----\n"
	end   = "-----END SIGNED MESSAGE-----\n"
)

func TestArmor(t *testing.T) {
	for _, n := range []int{1, 2, 3, 47, 48, 49, 95, 96, 97, 1000, cms.MaxSize} {
		der := bytes.Repeat([]byte{0xfb, 0xef, 0x01}, n)[:n]
		armored := cms.Armor(der)
		back, err := cms.Unarmor(armored)
		if err != nil || !bytes.Equal(back, der) {
			t.Errorf("%d bytes do not come back (%v)", n, err)
		}
		block, rest := pem.Decode(armored)
		if !bytes.Equal(armored, pem.EncodeToMemory(&pem.Block{Type: "SIGNED MESSAGE", Bytes: der})) {
			t.Errorf("%d bytes are not written as package pem does", n)
		}
		if block == nil || block.Type != "SIGNED MESSAGE" || len(rest) != 0 || !bytes.Equal(block.Bytes, der) {
			t.Errorf("%d bytes are not one PEM block", n)
		}
		lines := strings.Split(string(armored), "\n")
		if lines[len(lines)-1] != "" || lines[len(lines)-2] == "" {
			t.Errorf("%d bytes do not end in one LF", n)
		}
		for _, l := range lines[1 : len(lines)-3] {
			if len(l) != 64 {
				t.Errorf("%d bytes have a line of %d columns", n, len(l))
			}
		}
	}
}

// armorVectors must be refused by Unarmor. The good form of the first ones is
// begin + "AAAA\n" + end.
var armorVectors = []struct{ name, rule, armored string }{
	{"nothing", "armor-begin", ""},
	{"text before", "armor-begin", "text\n" + begin + "AAAA\n" + end},
	{"empty line before", "armor-begin", "\n" + begin + "AAAA\n" + end},
	{"wrong label", "armor-begin", "-----BEGIN CMS-----\nAAAA\n-----END CMS-----\n"},
	{"PGP", "armor-begin", "-----BEGIN PGP SIGNATURE-----\nAAAA\n-----END PGP SIGNATURE-----\n"},
	{"lower case", "armor-begin", strings.ToLower(begin) + "AAAA\n" + end},
	{"space after BEGIN", "armor-begin", "-----BEGIN SIGNED MESSAGE----- \nAAAA\n" + end},
	{"CR after BEGIN", "armor-begin", "-----BEGIN SIGNED MESSAGE-----\r\nAAAA\n" + end},
	{"no END", "armor-end", begin + "AAAA\n"},
	{"no LF after END", "armor-end", begin + "AAAA\n" + strings.TrimSuffix(end, "\n")},
	{"two LF after END", "armor-end", begin + "AAAA\n" + end + "\n"},
	{"CR after END", "armor-end", begin + "AAAA\n" + strings.TrimSuffix(end, "\n") + "\r\n"},
	{"text after END", "armor-end", begin + "AAAA\n" + end + "text\n"},
	{"NUL after END", "armor-end", begin + "AAAA\n" + end + "\x00"},
	{"END of another label", "armor-end", begin + "AAAA\n-----END CMS-----\n"},
	{"second block", "armor-base64", begin + "AAAA\n" + end + begin + "AAAA\n" + end},
	{"second block without a first END", "armor-base64", begin + "AAAA\n" + begin + "AAAA\n" + end},
	{"header", "armor-base64", begin + "Version: 1\n\nAAAA\n" + end},
	{"NUL", "armor-base64", begin + "AA\x00AA\n" + end},
	{"space", "armor-base64", begin + "AA AA\n" + end},
	{"TAB", "armor-base64", begin + "\tAAAA\n" + end},
	{"padding missing", "armor-base64", begin + "AAA\n" + end},
	{"padding too long", "armor-base64", begin + "AAA==\n" + end},
	{"padding in the middle", "armor-base64", begin + "AA==AAAA\n" + end},
	{"bits after the last byte", "armor-base64", begin + "AAB=\n" + end},
	{"URL alphabet", "armor-base64", begin + "AA-_\n" + end},
	{"CR", "armor-lines", begin + "AAAA\r\n" + end},
	{"no LF before END", "armor-lines", begin + "AAAA" + end},
	{"empty line at the start", "armor-lines", begin + "\nAAAA\n" + end},
	{"empty line at the end", "armor-lines", begin + "AAAA\n\n" + end},
	{"short lines", "armor-lines", begin + "AAAA\nAAAA\n" + end},
	{"line of 68", "armor-lines", begin + strings.Repeat("A", 68) + "\n" + end},
	{"line of 76", "armor-lines", begin + strings.Repeat("A", 76) + "\nAAAA\n" + end},
	{"one byte of DER too many", "armor-size", string(cms.Armor(make([]byte, cms.MaxSize+1)))},
	{"ten megabytes of NUL", "armor-size", string(make([]byte, 10<<20))},
	{"ten megabytes", "armor-size", begin + strings.Repeat("A", 10<<20) + "\n" + end},
}

// A part of a message is what stands there, wherever a line ends, and none is
// beyond its end.
func TestPart(t *testing.T) {
	for _, n := range []int{0, 1, 2, 47, 48, 49, 150} {
		der := make([]byte, n)
		for i := range der {
			der[i] = byte(i)
		}
		armored := cms.Armor(der)
		for from := range n + 3 {
			for size := range n + 5 {
				got, ok := cms.Part(armored, from, size)
				inside := from+size <= n
				if inside && !ok || ok && size > 0 && (!inside || !bytes.Equal(got, der[from:from+size])) {
					t.Fatalf("%d bytes from %d of %d: %x, %t", size, from, n, got, ok)
				}
			}
		}
	}
	for _, armored := range []string{"", begin, end, begin + "====\n" + end} {
		if got, ok := cms.Part([]byte(armored), 0, 3); ok {
			t.Errorf("%q has %x", armored, got)
		}
	}
	for _, at := range [][2]int{{-1, 3}, {0, -1}, {cms.MaxSize + 1, 1}, {0, cms.MaxSize + 1}} {
		if _, ok := cms.Part(cms.Armor([]byte("abcdef")), at[0], at[1]); ok {
			t.Errorf("%v is inside", at)
		}
	}
}

func TestUnarmorRefuses(t *testing.T) {
	if _, err := cms.Unarmor([]byte(begin + "AAAA\n" + end)); err != nil {
		t.Fatal("the form that the vectors differ from is refused:", err)
	}
	for _, v := range armorVectors {
		t.Run(v.rule+"/"+v.name, func(t *testing.T) {
			_, err := cms.Unarmor([]byte(v.armored))
			wantRule(t, err, cms.Syntax, v.rule)
		})
	}
}

// TestArmorFlip flips each bit of an armored message: what is accepted must
// be the armor of something else.
func TestArmorFlip(t *testing.T) {
	armored := cms.Armor([]byte("a message of more than one line of base64 in its armor"))
	for i := range armored {
		for bit := range 8 {
			armored[i] ^= 1 << bit
			if der, err := cms.Unarmor(armored); err == nil && !bytes.Equal(cms.Armor(der), armored) {
				t.Errorf("byte %d, bit %d: accepted, and Armor writes it otherwise", i, bit)
			}
			armored[i] ^= 1 << bit
		}
	}
}
