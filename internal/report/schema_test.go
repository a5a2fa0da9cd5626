package report

import (
	"bytes"
	"compress/gzip"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/paraph/paraph/internal/fulcio"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

const outputSchema = "../../docs/output.schema.json"

// schemaOf compiles a schema.
func schemaOf(t *testing.T, text []byte) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	out, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// conforms holds JSON to a schema.
func conforms(t *testing.T, schema *jsonschema.Schema, text string) error {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return schema.Validate(doc)
}

// samples are objects of every kind and verdict.
func samples() []Object {
	id := strings.Repeat("a", 64)
	signer := &verify.Signer{Identity: fulcio.Identity{Name: "alice@example.com", Issuer: "https://accounts.example.com"}, Instance: "public"}
	key := Object{
		ID: id, Type: "commit", Key: "SSH SHA256:abc", SignerName: "dan", PolicySource: "/etc/policy", Rule: `[branch "main"] allow`, Line: 3,
		Result: &verify.Result{Verdict: verdict.Trusted},
	}
	out := []Object{full(), key}
	for _, v := range verdicts() {
		o := Object{ID: id, Type: "commit", Range: "a..b", Result: &verify.Result{Verdict: v}}
		switch v {
		case verdict.Trusted, verdict.Valid, verdict.Refused:
			o.Signer = signer
		case "":
			o.Err = verdict.Errorf(verdict.Infrastructure, "object-missing", "gone")
		}
		out = append(out, o)
	}
	for class := range verdict.Infrastructure {
		out = append(out, Object{ID: id, Type: "tag", Result: verify.Failed("commit", verdict.Errorf(class, "rule-"+class.String(), "{0} [x](https://example.com)"))})
	}
	return out
}

// Every output is as its schema says, also one that ended early.
func TestOutputSchema(t *testing.T) {
	schema := schemaOf(t, read(t, outputSchema))
	end := Summary{Ranges: []string{"a..b"}, Interrupted: true}
	for range maxUnchecked + 2 {
		end.Uncheck("x")
	}
	texts := []string{written(t, "json", Options{}), closed(t, "json", Options{}, end), written(t, "json", Options{}, samples()...), documented(t)}
	for line := range strings.Lines(written(t, "ndjson", Options{}, samples()...)) {
		texts = append(texts, line)
	}
	for _, text := range texts {
		if err := conforms(t, schema, text); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
	}
}

// The schema says no to what is not our output.
func TestOutputSchemaRefuses(t *testing.T) {
	schema := schemaOf(t, read(t, outputSchema))
	good := written(t, "ndjson", Options{}, samples()[1])
	if err := conforms(t, schema, good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"another verdict":          {`"verdict":"trusted"`, `"verdict":"fine"`},
		"trusted without a signer": {`"signer":{`, `"signer":null,"was":{`},
		"no schema":                {`"schema":1,`, ``},
		"another schema":           {`"schema":1,`, `"schema":2,`},
		"no checks":                {`"checks":[],`, ``},
		"an identity for a key":    {`"identity":null`, `"identity":"alice@example.com"`},
		"an id that is none":       {`"id":"a`, `"id":"g`},
	} {
		bad := strings.Replace(good, change[0], change[1], 1)
		if bad == good {
			t.Errorf("%s: nothing changed", name)
		}
		if conforms(t, schema, bad) == nil {
			t.Errorf("%s: the schema allows %s", name, bad)
		}
	}
}

// The schema has the fields that the code writes, all of them and no others.
func TestOutputSchemaIsWhole(t *testing.T) {
	said, wrote := map[string]bool{}, map[string]bool{}
	schemaFields(schemaOf(t, read(t, outputSchema)), "", said)
	fieldsOf(reflect.TypeFor[document](), "", wrote)
	fieldsOf(reflect.TypeFor[resultJSON](), "", wrote) // a line
	delete(wrote, ".results.schema")
	delete(said, ".results.schema") // said to be absent there
	if !reflect.DeepEqual(said, wrote) {
		t.Errorf("the schema says %v, the code writes %v", said, wrote)
	}
}

// schemaFields collects the paths of all properties that a schema names.
func schemaFields(s *jsonschema.Schema, path string, out map[string]bool) {
	if s == nil {
		return
	}
	for name, member := range s.Properties {
		out[path+"."+name] = true
		schemaFields(member, path+"."+name, out)
	}
	schemaFields(s.Ref, path, out)
	schemaFields(s.Items2020, path, out)
	for _, branch := range append(s.OneOf, s.AllOf...) {
		schemaFields(branch, path, out)
	}
}

// officialSARIF is the schema of OASIS.
func officialSARIF(t *testing.T) *jsonschema.Schema {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(read(t, "testdata/sarif-schema-2.1.0.json.gz")))
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if _, err := text.ReadFrom(z); err != nil {
		t.Fatal(err)
	}
	return schemaOf(t, text.Bytes())
}

// documented is the example of docs/output.md.
func documented(t *testing.T) string {
	t.Helper()
	_, example, found := strings.Cut(string(read(t, "../../docs/output.md")), "\n```json\n")
	example, _, closed := strings.Cut(example, "\n```\n")
	if !found || !closed {
		t.Fatal("there is no example")
	}
	return example
}
