package oidc

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paraph/paraph/internal/bounded"
)

// DefaultAudience is whom tokens are for where no client ID is set: the one
// that the public instance takes.
const DefaultAudience = "sigstore"

// ErrNone says that there is no token, and what to do.
var ErrNone = errors.New("no identity token: set PARAPH_ID_TOKEN or SIGSTORE_ID_TOKEN, or paraph.tokenFile")

// A Source says where to take the token from.
type Source struct {
	Kind string // auto, env, file or a platform's name
	// Audience is whom the token must be for. The zero Source takes none.
	Audience string
	// Value is the token of the environment, EnvName the variable it came
	// from; File is the path of a file that holds one, FileSource the setting
	// that named it.
	Value, EnvName   string
	File, FileSource string
	// Platform asks the platform of that name for a token, "auto" for whatever
	// this one is, and returns its name and the token; two empty strings where
	// it is none. See package ambient.
	Platform func(ctx context.Context, name string) (platform, token string, err error)
}

// Get returns the token, at time now. A variable counts before a file, and a
// file before what the platform says.
func (s Source) Get(ctx context.Context, now time.Time) (*Token, error) {
	from, raw, err := s.find(ctx)
	if err != nil {
		return nil, err
	}
	if from == "" {
		return nil, ErrNone
	}
	t, err := Parse(raw, now)
	if err == nil {
		err = t.CheckAudience(s.Audience)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", from, err)
	}
	return t, nil
}

// find returns a token and where it came from, in words; "" if from nowhere.
func (s Source) find(ctx context.Context) (from, raw string, err error) {
	auto := s.Kind == "auto"
	switch {
	case s.Value != "" && (auto || s.Kind == "env"):
		return s.EnvName, s.Value, nil
	case s.File != "" && (auto || s.Kind == "file"):
		return s.fromFile()
	case s.Kind == "env" || s.Kind == "file" || s.Platform == nil:
		return "", "", nil
	}
	platform, raw, err := s.Platform(ctx, s.Kind)
	if platform == "" || err != nil {
		return "", "", err
	}
	return "the identity token of " + platform, raw, nil
}

func (s Source) fromFile() (from, raw string, err error) {
	data, err := bounded.ReadFile(s.File, maxToken)
	if err != nil {
		return "", "", fmt.Errorf("%s: %w", s.FileSource, err)
	}
	return s.FileSource + ": " + s.File, string(data), nil
}
