package agent

import (
	"context"
	"encoding/json"
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
func Doctor(ctx context.Context, path string, environ []string, version string, request DoctorRequest) (r *DoctorReply, err error) {
	data, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	err = oneShot(ctx, path, environ, data, func(out []byte) (bool, error) {
		r, err = parseDoctorReply(out, version)
		return err == nil && r.Error != "", err
	}, "doctor", "--client-version", version)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// parseDoctorReply is parseReply for a DoctorReply.
func parseDoctorReply(data []byte, version string) (*DoctorReply, error) {
	var r DoctorReply
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("%s answered in a form that is not its own: %w", Program, err)
	}
	if err := checkVersion(r.Version, version); err != nil {
		return nil, err
	}
	if (len(r.Checks) == 0) == (r.Error == "") {
		return nil, fmt.Errorf("%s answered neither with checks nor with an error", Program)
	}
	for _, c := range r.Checks {
		switch c.Status {
		case OK, Warn, Fail, Skip:
		default:
			return nil, fmt.Errorf("%s answered with a check whose status is %.20q", Program, c.Status)
		}
	}
	return &r, nil
}
