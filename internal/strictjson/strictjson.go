// Package strictjson reads JSON that a stranger wrote so that two readers of
// one text see the same: encoding/json takes the last of two members of one
// name and does not look at the case of a name, so such names are refused, as
// is anything after the value.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

const (
	maxDepth = 16  // nested values
	maxError = 400 // bytes of an error, which quotes what a stranger wrote
)

// Unmarshal reads one JSON value of at most limit bytes into v. Members that v
// does not have are ignored.
func Unmarshal(data []byte, limit int, v any) error {
	return short(unmarshal(data, limit, v, false))
}

// UnmarshalKnown is Unmarshal, and refuses members that v does not have.
func UnmarshalKnown(data []byte, limit int, v any) error {
	return short(unmarshal(data, limit, v, true))
}

func unmarshal(data []byte, limit int, v any, known bool) error {
	if len(data) > limit {
		return fmt.Errorf("it has %d bytes, at most %d are read", len(data), limit)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if err := checkMembers(d, 0); err != nil {
		return err
	}
	if _, end := d.Token(); end != io.EOF {
		return errors.New("there is more after the value")
	}
	d = json.NewDecoder(bytes.NewReader(data))
	if known {
		d.DisallowUnknownFields()
	}
	return d.Decode(v)
}

// short cuts an error that is too long to read.
func short(err error) error {
	if err == nil || len(err.Error()) <= maxError {
		return err
	}
	return errors.New(strings.ToValidUTF8(err.Error()[:maxError], "") + "...")
}

// checkMembers reads one JSON value and refuses members of one name.
func checkMembers(d *json.Decoder, depth int) error {
	if depth == maxDepth {
		return errors.New("it is nested too deeply")
	}
	t, err := d.Token()
	open, ok := t.(json.Delim)
	if err != nil || !ok {
		return err
	}
	seen := make(map[string]bool)
	for d.More() {
		if open == '{' {
			name, err := d.Token()
			if err != nil {
				return err
			}
			// Between braces the decoder gives names only, which are strings.
			folded := strings.ToLower(strings.ToUpper(name.(string)))
			if seen[folded] {
				return errors.New("it has a member twice")
			}
			seen[folded] = true
		}
		if err := checkMembers(d, depth+1); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}
