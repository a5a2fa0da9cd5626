package payload

import (
	"strconv"
	"strings"
	"time"
)

// maxSeconds is the last second of the year 9999: what comes later has no
// form in RFC 3339, and no honest clock shows it.
const maxSeconds = 253402300799

// ident takes a header whose value is a person at a time.
func (h *headers) ident(name string) (Ident, error) {
	value, err := h.expect(name)
	if err != nil {
		return Ident{}, err
	}
	who, rest, ok := cutTime(value)
	if !ok {
		return Ident{}, broken(RuleIdent, "the %s has no date of the form \"seconds zone\"", name)
	}
	out := Ident{Raw: value}
	if out.Name, out.Email, ok = cutPerson(who); !ok {
		return Ident{}, broken(RuleIdent, "the %s is not of the form \"name <email>\"", name)
	}
	if !out.setTime(rest) {
		return Ident{}, broken(RuleIdent, "the %s has no date of the form \"seconds zone\"", name)
	}
	return out, nil
}

// parsePusher reads the pusher of a push certificate: what names the key, in
// whatever form, and a date. Only with the form of a person it has a name.
func parsePusher(value string) (Ident, error) {
	out := Ident{Raw: value}
	who, rest, ok := cutTime(value)
	if !ok || who == "" || !out.setTime(rest) {
		return Ident{}, broken(RuleIdent, "the pusher is not of the form \"key seconds zone\"")
	}
	if name, email, ok := cutPerson(who); ok {
		out.Name, out.Email = name, email
	}
	return out, nil
}

// cutTime cuts "who SP seconds SP zone" in who and the rest.
func cutTime(s string) (who, rest string, ok bool) {
	zone := strings.LastIndexByte(s, ' ')
	if zone < 0 {
		return "", "", false
	}
	seconds := strings.LastIndexByte(s[:zone], ' ')
	if seconds < 0 {
		return "", "", false
	}
	return s[:seconds], s[seconds+1:], true
}

// cutPerson reads "name SP <email>" as git's fsck.c:fsck_ident does. One angle
// bracket more, and readers disagree about which of them holds the address.
func cutPerson(s string) (name, email string, ok bool) {
	name, email, ok = strings.Cut(s, " <")
	if !ok || !strings.HasSuffix(email, ">") {
		return "", "", false
	}
	email = email[:len(email)-1]
	if strings.ContainsAny(name, "<>") || strings.ContainsAny(email, "<>") {
		return "", "", false
	}
	return name, email, true
}

// setTime reads "seconds SP zone": decimal without leading zeros, and a sign
// with four digits.
func (i *Ident) setTime(s string) bool {
	digits, zone, _ := strings.Cut(s, " ")
	if !isDigits(digits) || (digits[0] == '0' && digits != "0") {
		return false
	}
	if len(zone) != 5 || (zone[0] != '+' && zone[0] != '-') || !isDigits(zone[1:]) {
		return false
	}
	seconds, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || seconds > maxSeconds {
		return false
	}
	i.Time, i.Zone = time.Unix(seconds, 0).UTC(), zone
	return true
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
