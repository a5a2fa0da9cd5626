// Package fetch brings proof notes. It walks a history, has the log asked about
// each signature that carries no proof, verifies what the log answers, and
// keeps what proves in notes.
//
// The log is asked by a function, so that the story can be read and tested
// without a network, and without believing anybody.
package fetch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/internal/agent"
	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/history"
	"github.com/paraph/paraph/internal/proof"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// perCommit is how many objects are looked up before their notes are written:
// what an interruption can lose, and what is kept in memory.
const perCommit = 1000

// perRead is how many notes are in memory at once, each of at most
// proof.MaxNote bytes.
const perRead = 64

// maxChunk bounds the bytes that are kept in memory with them: one object more
// may come on top.
const maxChunk = 64 << 20

// maxFailures bounds the failures that a summary tells one by one.
const maxFailures = 10

// A Fetcher looks up the proof of old signatures.
type Fetcher struct {
	Repo  *gitcmd.Repo
	Trust verify.Trust
	// Ask has a log asked about certificates and calls answer for each, in any
	// order: agent.Lookup.
	Ask func(ctx context.Context, requests iter.Seq[agent.Request], answer func(agent.Answer) error) error
	Now func() time.Time
	// Progress hears how far it is, often.
	Progress func(Summary)
}

// A Summary counts what became of signed objects. A number that stays 0 is
// worth nothing before Run has ended.
type Summary struct {
	Done     int // objects that are dealt with, signed or not
	Objects  int // signed objects that were looked at
	Embedded int // carry their proof, or need none that a log has
	Noted    int // had a note that proves
	Fetched  int // have one now
	Absent   int // the log has no entry that proves
	Failed   int // could not be looked up, or judged
	// Failures says of the first ones why.
	Failures []string
}

func (s *Summary) failed(format string, args ...any) {
	s.Failed++
	if len(s.Failures) < maxFailures {
		s.Failures = append(s.Failures, fmt.Sprintf(format, args...))
	}
}

// Run looks up all commits of a history, and the tags with it, with the tags
// that those lead to. What was found before an error is kept, and counted in
// the summary.
func (f *Fetcher) Run(ctx context.Context, h gitcmd.History, tags []string) (Summary, error) {
	r := &run{Fetcher: f}
	visit := func(o gitcmd.RawObject) error { return r.visit(ctx, o) }
	err := r.tags(ctx, tags)
	if err == nil {
		err = f.Repo.Commits(ctx, h, visit)
	}
	return r.Summary, errors.Join(err, r.flush(ctx))
}

// A run is one walk.
type run struct {
	*Fetcher
	Summary
	read []signed // with what is signed, their notes not looked at yet
	size int      // bytes of that
}

// A signed is an object whose signature is opened.
type signed struct {
	id     string
	opened *verify.Opened
	leaf   []byte
	result *verify.Result
}

// visit takes an object into the chunk, and looks the chunk up once it is full.
func (r *run) visit(ctx context.Context, raw gitcmd.RawObject) error {
	if raw.Type == "" {
		return fmt.Errorf("%s: %w", raw.ID, gitcmd.ErrMissing)
	}
	o, err := history.Open(raw)
	if errors.Is(err, git.ErrUnsigned) {
		r.Done++
		return nil
	}
	r.Objects++
	if err != nil || o.Armor != git.X509 {
		r.Done++
		r.Embedded++ // no proof helps it
		return nil
	}
	r.read = append(r.read, signed{id: raw.ID, opened: verify.Open(o.Payload, o.Signature)})
	r.size += len(raw.Raw)
	if len(r.read) < perCommit && r.size < maxChunk {
		return nil
	}
	return r.flush(ctx)
}

// flush looks up the objects of a chunk and writes their notes.
func (r *run) flush(ctx context.Context) error {
	if len(r.read) == 0 || ctx.Err() != nil {
		return ctx.Err()
	}
	chunk := r.read
	r.read, r.size = nil, 0
	var open []signed
	for part := range slices.Chunk(chunk, perRead) {
		unproven, err := r.unproven(ctx, part)
		if err != nil {
			return err
		}
		open = append(open, unproven...)
	}
	if len(open) == 0 {
		return nil
	}
	found, askErr := r.ask(ctx, open)
	return errors.Join(askErr, r.keep(ctx, found))
}

// unproven are the objects of a part of a chunk that a log entry would help.
func (r *run) unproven(ctx context.Context, chunk []signed) (open []signed, err error) {
	ids := make([]string, len(chunk))
	for i, s := range chunk {
		ids[i] = s.id
	}
	notes, err := r.Repo.Notes(ctx, proof.Ref, proof.MaxNote, ids...)
	if err != nil {
		return nil, err
	}
	for _, s := range chunk {
		read := func() ([]byte, error) { return notes[s.id], nil }
		s.result = s.opened.Beside(verify.Note{ObjectID: s.id, Read: read}).Against(r.Trust)
		s.opened.Beside(verify.Note{}) // the notes are no longer needed
		switch {
		case s.result.Verdict == verdict.Unproven && s.result.Err.Rule == verify.RuleNoEntry && s.result.Signer != nil:
			s.leaf = s.result.Leaf.Raw
			open = append(open, s)
			continue
		case s.result.Log != nil && s.result.Log.Source == verify.SourceNote:
			r.Noted++
		default:
			r.Embedded++
		}
		r.Done++
	}
	r.report()
	return open, nil
}

// found are the notes of a chunk: of each object the line that proves.
type found map[string][]byte

// ask looks up the certificates of a chunk, each once.
func (r *run) ask(ctx context.Context, open []signed) (found, error) {
	type group struct {
		instance string
		leaf     []byte
		objects  []signed
	}
	var groups []*group
	byLeaf := map[string]*group{}
	for _, s := range open {
		g := byLeaf[string(s.leaf)]
		if g == nil {
			g = &group{instance: s.result.Signer.Instance, leaf: s.leaf}
			byLeaf[string(s.leaf)] = g
			groups = append(groups, g)
		}
		g.objects = append(g.objects, s)
	}
	requests := func(yield func(agent.Request) bool) {
		for n, g := range groups {
			if !yield(agent.Request{N: n, Instance: g.instance, Leaf: g.leaf}) {
				return
			}
		}
	}
	notes, answered := found{}, 0
	err := r.Ask(ctx, requests, func(a agent.Answer) error {
		if a.N < 0 || a.N >= len(groups) || groups[a.N] == nil {
			return fmt.Errorf("an answer to request %d, which nobody asked", a.N)
		}
		g := groups[a.N]
		groups[a.N] = nil
		answered += len(g.objects)
		r.Done += len(g.objects)
		candidates := byDigest(a.Entries)
		for _, s := range g.objects {
			r.settle(s, a, candidates, notes)
		}
		r.report()
		return nil
	})
	if n := len(open) - answered; err != nil && n > 0 {
		r.Failed += n
	}
	return notes, err
}

// settle tries every candidate of an answer on an object.
func (r *run) settle(s signed, a agent.Answer, candidates map[[32]byte][]*proof.Bundle, notes found) {
	for _, id := range s.opened.LoggedIDs(s.id) {
		for _, b := range candidates[id.Digest()] {
			if _, err := s.opened.Prove(b, s.id, r.Trust); err != nil {
				continue
			}
			line, err := b.JSON()
			if err != nil {
				r.failed("%s: %v", s.id, err)
				return
			}
			notes[s.id] = append(line, '\n')
			return
		}
	}
	if a.Error != "" {
		r.failed("%s: %s", s.id, a.Error)
		return
	}
	r.Absent++
}

// byDigest are the candidates that can prove something at all, by what they
// are over: one certificate may have signed many objects.
func byDigest(entries []json.RawMessage) map[[32]byte][]*proof.Bundle {
	out := map[[32]byte][]*proof.Bundle{}
	for _, raw := range entries {
		if b, err := fromAnswer(raw); err == nil {
			out[b.Digest] = append(out[b.Digest], b)
		}
	}
	return out
}

func (r *run) report() {
	if r.Progress != nil {
		r.Progress(r.Summary)
	}
}
