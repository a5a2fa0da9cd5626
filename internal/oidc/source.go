package oidc

import (
	"fmt"
	"time"

	"github.com/paraph/paraph/internal/bounded"
)

// A Source says where to take the token from.
type Source struct {
	Kind string // auto, env or file
	// Value is the token of the environment, EnvName the variable it came
	// from; File is the path of a file that holds one, FileSource the setting
	// that named it.
	Value, EnvName   string
	File, FileSource string
}

// Get returns the token, at time now. A variable counts before a file.
func (s Source) Get(now time.Time) (*Token, error) {
	switch {
	case s.Value != "" && s.Kind != "file":
		t, err := Parse(s.Value, now)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.EnvName, err)
		}
		return t, nil
	case s.File != "" && s.Kind != "env":
		return s.fromFile(now)
	}
	return nil, fmt.Errorf("no identity token: set PARAPH_ID_TOKEN or SIGSTORE_ID_TOKEN, or paraph.tokenFile (login in a browser is not in this version yet)")
}

func (s Source) fromFile(now time.Time) (*Token, error) {
	data, err := bounded.ReadFile(s.File, maxToken)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.FileSource, err)
	}
	t, err := Parse(string(data), now)
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", s.FileSource, s.File, err)
	}
	return t, nil
}
