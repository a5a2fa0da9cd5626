package config

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// The tables of docs/configuration.md are those of keys: every key, in its
// order, with the same words. The default is for people and only must not be
// forgotten where a key works.
func TestDocumentedKeys(t *testing.T) {
	rows := table(t, "| Key | Environment |")
	if len(rows) != len(keys) {
		t.Errorf("%d keys are documented, there are %d", len(rows), len(keys))
	}
	for i, k := range keys {
		if i >= len(rows) {
			t.Errorf("%s is not documented", k.name)
			continue
		}
		name := "`paraph." + k.name + "`"
		if k.envOnly {
			name = ""
		}
		got := rows[i]
		want := []string{name, "`" + EnvName(k.name) + "`", valuesOf(k), got[3], usedBy(k.use), stateOf(k)}
		if !slices.Equal(got, want) {
			t.Errorf("documented as\n%q, want\n%q", got, want)
		}
		if got[3] == "" && !k.pending {
			t.Errorf("%s: the default is not documented", k.name)
		}
	}
}

func TestDocumentedForeignKeys(t *testing.T) {
	rows := table(t, "| Key | also, for signing |")
	for _, k := range keys {
		also := append([]string{}, k.environ...)
		if k.gitsign != "" {
			also = append(also, "gitsign."+k.gitsign)
		}
		name := "paraph." + k.name
		if k.envOnly {
			name = EnvName(k.name)
		}
		i := slices.IndexFunc(rows, func(row []string) bool { return row[0] == "`"+name+"`" })
		switch {
		case i < 0 && len(also) > 0:
			t.Errorf("%s: what else it takes is not documented", name)
		case i >= 0 && rows[i][1] != quoted(also):
			t.Errorf("%s: documented as %s, want %s", name, rows[i][1], quoted(also))
		}
	}
}

// table returns the cells below a table's head.
func table(t *testing.T, head string) (rows [][]string) {
	t.Helper()
	doc, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	_, body, found := strings.Cut(string(doc), "\n"+head)
	if !found {
		t.Fatalf("there is no table %s", head)
	}
	for i, line := range strings.Split(body, "\n")[1:] {
		if !strings.HasPrefix(line, "|") {
			break
		}
		if i == 0 {
			continue // the rule under the head
		}
		var cells []string
		for cell := range strings.SplitSeq(strings.Trim(line, "|"), "|") {
			cells = append(cells, strings.TrimSpace(cell))
		}
		rows = append(rows, cells)
	}
	return rows
}

func quoted(words []string) string { return "`" + strings.Join(words, "`, `") + "`" }

func valuesOf(k key) string {
	if k.kind == one {
		return quoted(k.words)
	}
	return map[kind]string{
		text: "text", boolean: "true, false", path: "path", url: "URL", duration: "duration such as `12h`", names: "names, joined by commas",
		spec: "absolute path, or COMMITID:PATH",
	}[k.kind]
}

func usedBy(u use) string {
	return map[use]string{forSign: "signing", forVerify: "verification", forBoth: "signing, verification", forHooks: "hooks", forBoth | forHooks: "signing, verification, hooks", forVerify | forHooks: "verification, hooks"}[u]
}

func stateOf(k key) string {
	switch {
	case !k.pending:
		return "works"
	case len(k.ready) == 0:
		return "to come"
	}
	return "to come, but for " + quoted(k.ready)
}

// A key whose work is still to come is refused wherever it is set, unless it
// is set to what is simply true already.
func TestPendingKeys(t *testing.T) {
	sample := map[kind]string{text: "x", boolean: "true", path: "/x", url: "https://x.example", duration: "12h"}
	for _, k := range keys {
		if !k.pending || k.use == forHooks {
			continue
		}
		value := sample[k.kind]
		if k.kind == one {
			value = k.words[len(k.words)-1]
		}
		resolve := func(src Source) error {
			if k.use&forSign != 0 {
				_, err := ForSigning(src)
				return err
			}
			_, err := ForVerification(src)
			return err
		}
		for name, src := range map[string]Source{
			"environment": {Env: []string{EnvName(k.name) + "=" + value}},
			"git":         {Git: git("paraph."+k.name, value)},
		} {
			if err := resolve(src); err == nil || !strings.Contains(err.Error(), k.name+" is not in this version of paraph yet") {
				t.Errorf("%s, %s: %v", k.name, name, err)
			}
		}
		for _, value := range k.ready {
			if err := resolve(Source{Env: []string{EnvName(k.name) + "=" + value}}); err != nil {
				t.Errorf("%s=%s: %v", k.name, value, err)
			}
		}
	}
}
