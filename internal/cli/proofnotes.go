package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/history"
	"github.com/paraph/paraph/internal/proof/fetch"
	"github.com/paraph/paraph/internal/report"
	"github.com/paraph/paraph/internal/verify"
)

// proofVerify is paraph proof verify.
func (env Env) proofVerify(cmd *cobra.Command, args []string) error {
	repo := gitcmd.New("", env.Environ)
	_, t, err := env.proofTrust(cmd, repo)
	if err != nil {
		return err
	}
	proven, void, elsewhere := 0, 0, 0
	err = env.eachNote(cmd, repo, args, &t, func(l fetch.Line) error {
		switch {
		case l.Err == nil:
			proven++
		case errors.Is(l.Err, history.ErrElsewhere):
			elsewhere++
			_, err := fmt.Fprintf(env.Stdout, "%s line %d: not here: %s\n", l.ID, l.Number, l.Err.Message)
			return err
		default:
			void++
			_, err := fmt.Fprintf(env.Stdout, "%s line %d: proves nothing: %s (%s)\n", l.ID, l.Number, report.Escape(l.Err.Message), l.Err.Rule)
			return err
		}
		return nil
	})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(env.Stdout, "%d lines prove, %d do not, %d are of objects that are not here\n", proven, void, elsewhere); err != nil {
		return err
	}
	switch {
	case void > 0:
		return &exitError{exitVerdict, nil}
	case elsewhere > 0:
		return &exitError{exitUnchecked, nil}
	}
	return nil
}

// proofList is paraph proof list.
func (env Env) proofList(cmd *cobra.Command, args []string) error {
	repo := gitcmd.New("", env.Environ)
	return env.eachNote(cmd, repo, args, nil, func(l fetch.Line) error {
		claim := "cannot be read"
		if l.Bundle != nil {
			e := l.Bundle.Entry
			claim = fmt.Sprintf("index %d of log %x", e.LogIndex, e.LogID)
			if e.IntegratedTime != 0 {
				claim = time.Unix(e.IntegratedTime, 0).UTC().Format(time.RFC3339) + ", " + claim
			}
		} else if l.Err != nil {
			claim += ": " + l.Err.Rule
		}
		_, err := fmt.Fprintf(env.Stdout, "%s line %d: %s\n", l.ID, l.Number, claim)
		return err
	})
}

// eachNote hands the lines of the notes that arguments and --all name to visit.
func (env Env) eachNote(cmd *cobra.Command, repo *gitcmd.Repo, args []string, t *verify.Trust, visit func(fetch.Line) error) error {
	ctx := cmd.Context()
	all, _ := cmd.Flags().GetBool("all")
	if all && len(args) > 0 {
		return usagef("either a range or --all")
	}
	ids, err := fetch.Noted(ctx, repo, args)
	if err == nil {
		err = fetch.Notes(ctx, repo, ids, t, visit)
	}
	if err != nil {
		return unchecked(ctx, err)
	}
	return nil
}

// sharedNotes sets up what lets two people's notes become one.
type sharedNotes struct {
	repo *gitcmd.Repo
	say  func(line string)
}

// prepare sets the merge strategy and the refspecs, where nobody set them, and
// merges what was fetched from remotes: whatever they proved is not looked up
// again.
func (s *sharedNotes) prepare(ctx context.Context) error {
	strategy := "notes." + notesName + ".mergeStrategy"
	if err := s.set(ctx, strategy, "cat_sort_uniq", func(string) bool { return true }); err != nil {
		return err
	}
	remotes, err := s.repo.Remotes(ctx)
	if err != nil {
		return err
	}
	for _, remote := range remotes {
		if remote == notesName || remote == "commits" { // git's own notes
			s.say("the notes of remote " + remote + " are not fetched: beside refs/notes/" + remote + " there can be nothing below it")
			continue
		}
		tracking := "refs/notes/" + remote + "/" + notesName
		// A pattern: git fetch fails where the one ref that it names is not there.
		key, spec := "remote."+remote+".fetch", "+refs/notes/"+notesName+"*:"+tracking+"*"
		if err := s.set(ctx, key, spec, fetchesNotes); err != nil {
			return err
		}
		merged, err := s.repo.MergeNotes(ctx, "refs/notes/"+notesName, tracking)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil: // what another repository has there keeps nobody from looking up
			s.say(fmt.Sprintf("not merged: %s: %v", tracking, err))
		case merged:
			s.say("merged " + tracking)
		}
	}
	return nil
}

// fetchesNotes reports whether refspecs bring notes along.
func fetchesNotes(specs string) bool {
	return strings.Contains(specs, "refs/notes/") || strings.Contains(specs, "refs/*")
}

// set sets a key where it does not stand already, and says so.
func (s *sharedNotes) set(ctx context.Context, key, value string, stands func(string) bool) error {
	set, err := s.repo.AddConfig(ctx, key, value, stands)
	if set {
		s.say("set " + key + " = " + value)
	}
	return err
}

// notesName is the notes ref as git's configuration calls it.
const notesName = "sigstore"
