package strictjson

import (
	"strings"
	"testing"
	"unicode/utf8"
)

type value struct {
	A int            `json:"a"`
	B map[string]int `json:"b"`
}

func TestUnmarshal(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":1,"b":{"x":2}}`:         "",
		` {"a":1} ` + "\n":            "",
		`{"a":1,"a":2}`:               "a member twice",
		`{"a":1,"A":2}`:               "a member twice",
		`{"b":{"x":1,"x":1}}`:         "a member twice",
		`{"a":1}{}`:                   "more after the value",
		`{"a":1}x`:                    "more after the value",
		`{"a":`:                       "EOF",
		``:                            "EOF",
		`{"a":"1"}`:                   "cannot unmarshal",
		strings.Repeat("[", 20):       "nested too deeply",
		strings.Repeat(" ", 99) + "1": "at most 60",
	} {
		for _, read := range []func([]byte, int, any) error{Unmarshal, UnmarshalKnown} {
			var v value
			err := read([]byte(text), 60, &v)
			if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %v, want %q", text, err, want)
			}
		}
	}
	var v value
	if err := Unmarshal([]byte(`{"a":1,"c":2}`), 60, &v); err != nil || v.A != 1 {
		t.Errorf("%v, %+v", err, v)
	}
	if err := UnmarshalKnown([]byte(`{"a":1,"c":2}`), 60, &v); err == nil || !strings.Contains(err.Error(), "unknown field") {
		t.Errorf("an unknown member: %v", err)
	}
}

// An error quotes no more of a text than people read.
func TestLongErrors(t *testing.T) {
	type number int
	long := strings.Repeat("x", 10000)
	var v struct {
		A number `json:"a"`
		B []byte `json:"b"`
	}
	for _, text := range []string{`{"` + long + `":1}`, `{"a":` + strings.Repeat("1", 10000) + `}`, `{"` + strings.Repeat("\u202e", 5000) + `":1}`} {
		err := UnmarshalKnown([]byte(text), 1<<20, &v)
		if err == nil || len(err.Error()) > maxError+3 || !utf8.ValidString(err.Error()) {
			t.Errorf("%.50s: %d bytes of error", text, len(err.Error()))
		}
	}
}
