package server

import (
	"errors"
	"io"
)

// terminal opens the user's terminal, if there is one.
func (env Env) terminal() (io.ReadWriteCloser, error) {
	if env.Terminal == nil {
		return nil, errors.New("none was given")
	}
	return env.Terminal()
}
