//go:build unix

package agent

import (
	"os"
	"strings"
	"testing"
)

func TestDoctor(t *testing.T) {
	path := program(t, `r=$(cat); printf '{"version":"v1","checks":[{"name":"x","status":"ok","detail":"%s %s: %s"}]}' "$1" "$3" "$(printf %s "$r" | tr -d '"')"`)
	r, err := Doctor(t.Context(), path, os.Environ(), "v1", DoctorRequest{Online: true})
	if err != nil || r.Checks[0].Detail != "doctor v1: {online:true}" {
		t.Errorf("%+v, %v", r, err)
	}
	for name, tt := range map[string]struct{ body, want string }{
		"crash":          {"cat >/dev/null; exit 2", "ended without an answer: exit status 2"},
		"garbage":        {answer("{"), "in a form that is not its own"},
		"other version":  {answer(`{"version":"v2","error":"x"}`), "install both from one build"},
		"nothing":        {answer(`{"version":"v1"}`), "neither with checks nor with an error"},
		"another status": {answer(`{"version":"v1","checks":[{"status":"well"}]}`), `a check whose status is "well"`},
		"answers, fails": {answer(`{"version":"v1","checks":[{"status":"ok"}]}`) + "; exit 1", "answered, and failed"},
	} {
		if r, err := Doctor(t.Context(), program(t, tt.body), os.Environ(), "v1", DoctorRequest{}); r != nil || err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %+v, %v, want ...%s...", name, r, err, tt.want)
		}
	}
}
