package agent

import (
	"context"
	"errors"
	"fmt"
)

// A DoctorRequest asks the agent what it finds wrong here ([Doctor]).
type DoctorRequest struct {
	// Online has it ask each service whether it is there.
	Online bool `json:"online"`
}

// A DoctorReply is what the agent found, or why it could not look.
type DoctorReply struct {
	Version string  `json:"version"`
	Checks  []Check `json:"checks"`
	Error   string  `json:"error,omitempty"`
}

// A Status says how a check went.
type Status string

// How a check went. Only a Fail keeps something from working.
const (
	OK   Status = "ok"
	Warn Status = "warn"
	Fail Status = "fail"
	Skip Status = "skip" // there was nothing to check
)

// A Check is one thing that was looked at. No secret stands in it; all else
// may, and is escaped by whoever shows it.
type Check struct {
	Name   string `json:"name"`
	Status Status `json:"status"`
	Detail string `json:"detail"`
	// Next is what to do, "" for nothing.
	Next string `json:"next,omitempty"`
}

// MaxDoctor is the length of a DoctorRequest, in bytes.
const MaxDoctor = 4 << 10

// Doctor has the agent at path look at what is wrong here.
func Doctor(ctx context.Context, path string, environ []string, version string, request DoctorRequest) (*DoctorReply, error) {
	r := new(DoctorReply)
	return only(r, ask(ctx, path, environ, version, "doctor", request, r))
}

func (r *DoctorReply) said() (version, failure string) { return r.Version, r.Error }

func (r *DoctorReply) check() error {
	if (len(r.Checks) == 0) == (r.Error == "") {
		return errors.New("neither with checks nor with an error")
	}
	for _, c := range r.Checks {
		switch c.Status {
		case OK, Warn, Fail, Skip:
		default:
			return fmt.Errorf("with a check whose status is %.20q", c.Status)
		}
	}
	return nil
}
