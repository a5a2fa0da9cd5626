//go:build unix

package main

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func init() { scriptCommands["conforms"] = conforms }

// repository is where the sources are, as tests see it.
const repository = "../.."

// conforms SCHEMA holds the standard output of the last program to a JSON
// schema of this repository, each of its JSON values.
func conforms(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: conforms SCHEMA")
	}
	schema := compileSchema(ts, filepath.Join(repository, args[0]))
	values := strings.SplitAfter(ts.ReadFile("stdout"), "\n")
	if !strings.HasPrefix(values[0], `{"schema":`) {
		values = []string{strings.Join(values, "")}
	}
	held := 0
	for _, value := range values {
		if value == "" {
			continue
		}
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(value))
		ts.Check(err)
		if err := schema.Validate(doc); err != nil {
			ts.Fatalf("%v\n%s", err, value)
		}
		held++
	}
	if held == 0 {
		ts.Fatalf("there is no output")
	}
}

func compileSchema(ts *testscript.TestScript, name string) *jsonschema.Schema {
	f, err := os.Open(name)
	ts.Check(err)
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(name, ".gz") {
		r, err = gzip.NewReader(f)
		ts.Check(err)
	}
	doc, err := jsonschema.UnmarshalJSON(r)
	ts.Check(err)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	ts.Check(c.AddResource("schema.json", doc))
	schema, err := c.Compile("schema.json")
	ts.Check(err)
	return schema
}
