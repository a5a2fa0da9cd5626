package strictjson

import (
	"strings"
	"testing"
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
