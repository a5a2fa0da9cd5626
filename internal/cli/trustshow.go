package cli

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/paraph/paraph/internal/report"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/trust/store"
)

func (env Env) trustShowCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "show", Short: "Show the instances that are known here, and what each is trusted for",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			format, _ := cmd.Flags().GetString("format")
			return env.trustShow(format, time.Now())
		},
	}
	cmd.Flags().String("format", "text", "`FORMAT`: text or json")
	return cmd
}

// A shownInstance is an instance as paraph trust show --format json has it.
type shownInstance struct {
	Name       string          `json:"name"`
	Repository *string         `json:"tuf"` // null: it was added by file
	Error      *string         `json:"error"`
	Origin     string          `json:"origin,omitempty"`
	Checked    *time.Time      `json:"checked"`
	Age        int64           `json:"ageSeconds"`
	Expires    *time.Time      `json:"expires"`
	Expired    bool            `json:"expired"`
	Versions   *store.Versions `json:"versions"`
	Digest     string          `json:"sha256,omitempty"`
	CAs        []shownService  `json:"certificateAuthorities"`
	CTLogs     []shownService  `json:"ctLogs"`
	Logs       []shownService  `json:"logs"`
	TSAs       []shownService  `json:"timestampAuthorities"`
}

// A shownService is what signs for an instance, in an interval that contains
// its ends.
type shownService struct {
	URL  string `json:"url"`
	Name string `json:"name"` // the CA's, or the log's id
	From string `json:"from"`
	To   string `json:"to,omitempty"`
}

// trustShow is paraph trust show.
func (env Env) trustShow(format string, now time.Time) error {
	if format != "text" && format != "json" {
		return usagef("--format: %q is none of text, json", format)
	}
	known := store.New(env.Environ)
	names, err := known.Names()
	if err != nil {
		return err
	}
	var all []shownInstance
	for _, name := range names {
		all = append(all, shown(known, name, now))
	}
	if format == "json" {
		out, err := json.MarshalIndent(struct {
			Schema    int             `json:"schema"`
			Instances []shownInstance `json:"instances"`
		}{1, all}, "", "  ")
		if err != nil {
			return err
		}
		return report.WriteJSON(env.Stdout, out)
	}
	var text strings.Builder
	for _, s := range all {
		s.write(&text)
	}
	_, err = fmt.Fprint(env.Stdout, text.String())
	return err
}

// shown collects what is known of an instance.
func shown(known store.Store, name string, now time.Time) (s shownInstance) {
	s.Name = name
	failed := func(err error) shownInstance {
		message := err.Error()
		s.Error = &message
		return s
	}
	i, err := known.Instance(name)
	if err != nil {
		return failed(err)
	}
	if !i.ByFile() {
		s.Repository = &i.Repository
	}
	h, err := known.InHand(name)
	if err != nil {
		return failed(err)
	}
	r := h.Root
	s.Origin, s.Digest = r.Origin, hex.EncodeToString(r.Digest[:])
	if !r.Checked.IsZero() {
		checked := r.Checked.UTC().Truncate(time.Second)
		s.Checked, s.Age = &checked, int64(now.Sub(checked)/time.Second)
	}
	if !r.Expires.IsZero() {
		s.Expires, s.Expired = &r.Expires, now.After(r.Expires)
	}
	if h.Versions != (store.Versions{}) {
		s.Versions = &h.Versions
	}
	s.CAs, s.TSAs = shownAuthorities(r.CAs), shownAuthorities(r.TSAs)
	s.CTLogs, s.Logs = shownLogs(r.CTLogs), shownLogs(r.Logs)
	return s
}

func shownAuthorities(list []*trust.Authority) []shownService {
	out := []shownService{}
	for _, a := range list {
		out = append(out, service(a.URL, a.Chain[0].Subject.String(), a.Valid))
	}
	return out
}

func shownLogs(list []*trust.Log) []shownService {
	out := []shownService{}
	for _, l := range list {
		out = append(out, service(l.URL, hex.EncodeToString(l.ID[:]), l.Valid))
	}
	return out
}

func service(url, name string, valid trust.Interval) shownService {
	s := shownService{URL: url, Name: name, From: valid.Start.UTC().Format(time.RFC3339)}
	if !valid.End.IsZero() {
		s.To = valid.End.UTC().Format(time.RFC3339)
	}
	return s
}

// write writes what people read.
func (s shownInstance) write(w *strings.Builder) {
	how := "by file"
	if s.Repository != nil {
		how = "TUF, " + *s.Repository
	}
	line := func(format string, args ...any) {
		fmt.Fprintln(w, report.Escape(fmt.Sprintf(format, args...)))
	}
	line("%s (%s)", s.Name, how)
	if s.Error != nil {
		line("  %s", *s.Error)
		return
	}
	line("  trusted root: %s", s.Origin)
	line("  sha256: %s", s.Digest)
	if s.Checked != nil {
		line("  checked: %s, %s", s.Checked.Format(time.RFC3339), ago(s.Age))
	}
	if s.Versions != nil && s.Versions.Timestamp == 0 {
		line("  TUF versions: root %d", s.Versions.Root)
	} else if s.Versions != nil {
		line("  TUF versions: %s", s.Versions)
	}
	if s.Expires != nil {
		over := ""
		if s.Expired {
			over = ", which is over: the root serves on, paraph trust update makes sure of it"
		}
		line("  TUF metadata ends: %s%s", s.Expires.Format(time.RFC3339), over)
	}
	for _, l := range []struct {
		kind string
		list []shownService
	}{{"CA", s.CAs}, {"CT log", s.CTLogs}, {"log", s.Logs}, {"TSA", s.TSAs}} {
		for _, v := range l.list {
			to := "open"
			if v.To != "" {
				to = v.To
			}
			line("  %s: %s, %s to %s, %s", l.kind, v.URL, v.From, to, v.Name)
		}
	}
}

// ago says for people how long something is ago.
func ago(seconds int64) string {
	switch hours := seconds / 3600; {
	case seconds < 0:
		return "which is to come: a clock is wrong"
	case hours < 1:
		return "less than an hour ago"
	case hours < 48:
		return fmt.Sprintf("%d hours ago", hours)
	default:
		return fmt.Sprintf("%d days ago", hours/24)
	}
}
