package policy

import (
	"strconv"
	"strings"
	"testing"
)

// What an allowed_signers file says, line by line.
func TestImportAllowedSigners(t *testing.T) {
	const key = ed25519Key
	for name, tt := range map[string]struct{ text, want, note string }{
		"a key":               {"alice@example.com " + key + " a comment\n", "[signer \"alice\"] ssh = " + key, ""},
		"comments and blanks": {"# x\n\n  alice@example.com\t" + key + "\r\n", "[signer \"alice\"] ssh = " + key, ""},
		"two keys of one":     {"a@b " + key + "\na@b " + key + "\n", "[signer \"a\"] ssh = " + key + " ssh = " + key, ""},
		"two who differ":      {"a@b " + key + "\na@c " + key + "\n", "[signer \"a\"] ssh = " + key + " [signer \"a-2\"] ssh = " + key, ""},
		"two who differ in time": {
			"a@b " + key + "\na@b valid-before=\"20270101Z\" " + key + "\n",
			"[signer \"a\"] ssh = " + key + " [signer \"a-2\"] ssh = " + key + " notAfter = 2027-01-01T00:00:00Z", "",
		},
		"for git":               {"a@b namespaces=\"git\" " + key, "[signer \"a\"] ssh = " + key, ""},
		"for git too":           {"a@b namespaces=\"file,g*\" " + key, "[signer \"a\"] ssh = " + key, ""},
		"not for git":           {"a@b namespaces=\"file\" " + key, "", NoteNamespace},
		"for all but git":       {"a@b namespaces=\"*,!git\" " + key, "", NoteNamespace},
		"times":                 {"a@b valid-after=\"20260102Z\",VALID-BEFORE=\"202702031405Z\" " + key, "[signer \"a\"] ssh = " + key + " notBefore = 2026-01-02T00:00:00Z notAfter = 2027-02-03T14:05:00Z", ""},
		"seconds":               {"a@b valid-after=20260102030405Z " + key, "[signer \"a\"] ssh = " + key + " notBefore = 2026-01-02T03:04:05Z", ""},
		"a time of no zone":     {"a@b valid-after=20260102 " + key, "[signer \"a\"] ssh = " + key + " notBefore = 2026-01-02T00:00:00Z", NoteLocalTime},
		"no time":               {"a@b valid-after=2026 " + key, "", NoteLeftOut},
		"a day that is none":    {"a@b valid-after=20260230Z " + key, "", NoteLeftOut},
		"an end before":         {"a@b valid-after=20260102Z,valid-before=20260101Z " + key, "", NoteLeftOut},
		"an authority":          {"*@b cert-authority " + key, "", NoteLeftOut},
		"an unknown option":     {"a@b verify-required " + key, "", NoteLeftOut},
		"a pattern":             {"*@example.com,!bob@example.com " + key, "[signer \"signer\"] ssh = " + key, NotePattern},
		"a workflow":            {"https://example.com " + ed25519Key, "[signer \"example.com\"] ssh = " + ed25519Key, ""},
		"a name without end":    {strings.Repeat("x", 200) + "@b " + ed25519Key, "[signer \"" + strings.Repeat("x", 90) + "\"] ssh = " + ed25519Key, ""},
		"principals in quotes":  {"\"a b@c,d\" " + key, "[signer \"a-b\"] ssh = " + key, ""},
		"no principal":          {", " + key, "", NoteLeftOut},
		"no key":                {"a@b", "", NoteLeftOut},
		"a key of another type": {"a@b ssh-rsa " + strings.Fields(key)[1], "", NoteLeftOut},
		"an old key":            {"a@b ssh-dss AAAAB3NzaC1kc3MAAAAA", "", NoteLeftOut},
		"a foreign name":        {"ä@b\"] " + key, "", NoteLeftOut},
	} {
		t.Run(name, func(t *testing.T) {
			got, notes, err := ImportAllowedSigners([]byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			for line := range strings.Lines(string(got)) {
				if line = strings.TrimSpace(line); line[0] != ';' {
					lines = append(lines, line)
				}
			}
			if all := strings.Join(lines, " "); all != tt.want {
				t.Errorf("%s\nwant %s", all, tt.want)
			}
			if len(notes) > 1 || len(notes) == 1 != (tt.note != "") || tt.note != "" && (notes[0].Rule != tt.note || notes[0].Line != 1) {
				t.Errorf("%v, want %q", notes, tt.note)
			}
			must(t, head+string(got))
		})
	}
	var tooMany strings.Builder
	for n := range maxImported + 1 {
		tooMany.WriteString(strconv.Itoa(n) + "@b " + ed25519Key + "\n")
	}
	for _, bad := range []string{"", "# nothing\n", "\xff", strings.Repeat("a", MaxSize+1), strings.Repeat("\n", 3), tooMany.String()} {
		if got, _, err := ImportAllowedSigners([]byte(bad)); err == nil {
			t.Errorf("%.20q became %q", bad, got)
		}
	}
}

// What becomes of an allowed_signers file is always a policy's part.
func FuzzImport(f *testing.F) {
	f.Add([]byte("a@b,*c namespaces=\"git\",valid-after=20260101 " + ed25519Key + "\n"))
	f.Add([]byte("\"a b\" " + ed25519Key))
	f.Fuzz(func(t *testing.T, data []byte) {
		if got, _, err := ImportAllowedSigners(data); err == nil {
			must(t, head+string(got))
		}
	})
}
