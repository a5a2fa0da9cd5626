package cms

import (
	"bytes"
	"encoding/base64"
	"slices"
)

const (
	armorLabel = "SIGNED MESSAGE"
	// git knows a signature of this kind by the first of these lines and by
	// nothing else.
	armorBegin = "-----BEGIN " + armorLabel + "-----\n"
	armorEnd   = "-----END " + armorLabel + "-----\n"

	armorColumns = 64

	maxBase64 = (MaxSize + 2) / 3 * 4
	maxArmor  = len(armorBegin) + maxBase64 + (maxBase64+armorColumns-1)/armorColumns + len(armorEnd)
)

// Armor returns der as PEM (RFC 7468, the strict form of section 3) under
// the label SIGNED MESSAGE: lines of 64 columns, each with an LF, the last
// one too.
func Armor(der []byte) []byte {
	// Every verification comes by here: encoding/pem takes five times as long.
	text := base64.StdEncoding.AppendEncode(nil, der)
	out := make([]byte, 0, len(armorBegin)+len(text)+len(text)/armorColumns+1+len(armorEnd))
	out = append(out, armorBegin...)
	for line := range slices.Chunk(text, armorColumns) {
		out = append(append(out, line...), '\n')
	}
	return append(out, armorEnd...)
}

// Part returns size bytes of the message in an armor that [Unarmor] accepted
// before, from the byte begin on, and whether it has as many. Nothing is checked
// of the rest: that the bytes are the same ones is for the caller to know.
func Part(armored []byte, begin, size int) ([]byte, bool) {
	text, ok := bytes.CutPrefix(armored, []byte(armorBegin))
	if !ok || begin < 0 || size < 0 || begin > MaxSize || size > MaxSize {
		return nil, false
	}
	group := begin / 3
	from, to := columnAt(group*4), min(columnAt((begin+size+2)/3*4), len(text))
	if from > to {
		return nil, false
	}
	// The decoder skips the LF of each line.
	der, err := base64.StdEncoding.AppendDecode(nil, text[from:to])
	skip := begin - group*3
	if err != nil || len(der) < skip+size {
		return nil, false
	}
	return der[skip : skip+size], true
}

// columnAt is where a digit of the base64 stands among the lines.
func columnAt(digit int) int { return digit + digit/armorColumns }

// Unarmor undoes Armor for a message of at most [MaxSize] bytes. It accepts
// only what Armor writes, byte for byte: no headers, no text around it, no
// CR, no second block. Errors are an [*Error] of kind Syntax.
func Unarmor(armored []byte) ([]byte, error) {
	if len(armored) > maxArmor {
		return nil, syntaxf("armor-size", "the armored signature has %d bytes, more than %d", len(armored), maxArmor)
	}
	text, ok := bytes.CutPrefix(armored, []byte(armorBegin))
	if !ok {
		return nil, syntaxf("armor-begin", "the signature does not begin with %q", armorBegin)
	}
	if text, ok = bytes.CutSuffix(text, []byte(armorEnd)); !ok {
		return nil, syntaxf("armor-end", "the signature does not end with %q", armorEnd)
	}
	// The decoder skips CR and LF wherever they are; the comparison does not.
	der, err := base64.StdEncoding.Strict().AppendDecode(nil, text)
	if err != nil {
		return nil, syntaxf("armor-base64", "the armor is not base64: %w", err)
	}
	if len(der) > MaxSize {
		return nil, syntaxf("armor-size", "the message has %d bytes, more than %d", len(der), MaxSize)
	}
	if !bytes.Equal(Armor(der), armored) {
		return nil, syntaxf("armor-lines", "the armor is not in lines of 64 columns that end in LF")
	}
	return der, nil
}
