package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/paraph/paraph/internal/config"
	"github.com/paraph/paraph/internal/fulcio"
	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/history"
	"github.com/paraph/paraph/internal/payload"
	"github.com/paraph/paraph/internal/policy"
	"github.com/paraph/paraph/internal/report"
	"github.com/paraph/paraph/internal/trust/builtin"
	"github.com/paraph/paraph/internal/verify"
)

func (env Env) policyInitCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "init [A..B]", Short: "Propose a policy from who signed so far",
		Long: `Propose a policy from who signed so far: verify all that HEAD reaches and every
tag, or the range, and write ` + policy.Path + ` for those whose signatures hold.

It is a proposal: whoever signed stands in it. Read every line, commit it signed,
and let paraph policy pin name that commit. Nothing that exists is written over.`,
		Args: atMostOne("range"),
		RunE: func(cmd *cobra.Command, args []string) error {
			output, _ := cmd.Flags().GetString("output")
			if cmd.Flags().Changed("output") && output == "" {
				return usagef("--output: the value is empty")
			}
			return env.initPolicy(cmd.Context(), argument(args, ""), output)
		},
	}
	cmd.Flags().String("output", "", "write to `FILE` instead, or to standard output for -")
	return cmd
}

// initPolicy runs paraph policy init.
func (env Env) initPolicy(ctx context.Context, name, output string) error {
	repo := gitcmd.New("", env.Environ)
	file, err := initFile(ctx, repo, output)
	if err != nil {
		return err
	}
	cfg, err := env.verification(ctx, repo, nil)
	if err != nil {
		return err
	}
	s := &seen{by: map[string]*policy.Seen{}, keys: map[string]int{}}
	if err := env.see(ctx, repo, cfg, name, s); err != nil {
		return err
	}
	text, err := env.propose(ctx, repo, cfg, s)
	if err != nil {
		return err
	}
	say := env.Stdout
	if file == "" {
		say = env.Stderr
		_, err = env.Stdout.Write(text)
	} else {
		err = writeNew(file, text, 0o644)
	}
	if err != nil {
		return err
	}
	return s.say(say, file)
}

// initFile is the file to write, "" for standard output.
func initFile(ctx context.Context, repo *gitcmd.Repo, output string) (string, error) {
	if output == "-" {
		return "", nil
	}
	dir, err := top(ctx, repo)
	file := output
	switch {
	case err != nil:
		return "", err
	case output == "" && dir == "":
		return "", usagef("there is no work tree to write %s in; --output says where to", policy.Path)
	case output == "":
		file = filepath.Join(dir, filepath.FromSlash(policy.Path))
		if err := noLinks(dir, filepath.Dir(policy.Path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", usagef("%w", err)
		}
	}
	if _, err := os.Lstat(file); err == nil {
		return "", usagef("%s is there already, and stays as it is: paraph policy check reads it, paraph policy init --output - shows a proposal", file)
	}
	return file, nil
}

// see verifies what is named, or all that HEAD reaches and every tag.
func (env Env) see(ctx context.Context, repo *gitcmd.Repo, cfg *config.Verification, name string, s *seen) error {
	bar := env.errProgress(0)
	defer bar.close()
	done, told := 0, map[string]bool{}
	o := history.Options{Found: func(n int) { bar.total += n }, Tell: func(o report.Object) error {
		done++
		bar.show(done, func() string { return bar.rate(done) })
		if !told[o.ID] { // a tag's commit is in the history too
			told[o.ID] = true
			s.add(o)
		}
		return nil
	}}
	find := named(name)
	switch {
	case name == "":
		if _, err := repo.Output(ctx, "rev-parse", "--verify", "--quiet", "HEAD"); err != nil {
			return nil // nothing was committed yet
		}
		find = everything(ctx, repo)
	case !strings.Contains(name, ".."):
		return usagef("%q is no range: paraph policy init A..B", name)
	}
	return env.verifyThese(ctx, repo, cfg, o, find)
}

// everything finds what HEAD reaches, and every tag.
func everything(ctx context.Context, repo *gitcmd.Repo) finder {
	return func(h *history.Verification) ([]history.Target, error) {
		head, err := h.Reach("HEAD")
		if err != nil {
			return nil, err
		}
		refs, err := repo.Refs(ctx)
		tags := history.Target{Name: "refs/tags"}
		for _, ref := range refs {
			if ref.Type == string(payload.Tag) && !slices.Contains(tags.IDs, ref.ID) {
				tags.IDs = append(tags.IDs, ref.ID)
			}
		}
		if tags.IDs == nil {
			return []history.Target{head}, err
		}
		return []history.Target{head, tags}, err
	}
}

// propose writes a policy for those who were seen.
func (env Env) propose(ctx context.Context, repo *gitcmd.Repo, cfg *config.Verification, s *seen) ([]byte, error) {
	var all []policy.Seen
	for _, name := range s.order {
		all = append(all, *s.by[name])
	}
	var text []byte
	if len(all) == 0 {
		if cfg.Identity.Set() && cfg.Issuer.Set() {
			all = []policy.Seen{{Signer: &verify.Signer{Identity: fulcio.Identity{Name: cfg.Identity.Value, Issuer: cfg.Issuer.Value}, Instance: builtin.Instance}}}
		} else {
			text = env.skeleton(ctx, repo)
		}
	}
	var branches []string
	if head, err := repo.Output(ctx, "symbolic-ref", "--quiet", "HEAD"); err == nil {
		if branch, ok := strings.CutPrefix(strings.TrimSpace(string(head)), "refs/heads/"); ok {
			branches = []string{branch}
		}
	}
	text = append(text, policy.Propose(all, branches...)...)
	if _, err := policy.Parse(text, policy.Source{Name: policy.Path, Blob: "0"}, nil); err != nil {
		return nil, fmt.Errorf("internal error: the proposal is no policy: %w", err)
	}
	return text, nil
}

// skeleton is what stands above a proposal for nobody: how a signer is written.
func (env Env) skeleton(ctx context.Context, repo *gitcmd.Repo) []byte {
	address := "you@example.com"
	if out, err := repo.Output(ctx, "config", "user.email"); err == nil {
		if own := strings.TrimSpace(string(out)); own != "" && own == strings.Trim(report.Escape(own), "\"") && !strings.ContainsFunc(own, notASCII) {
			address = own
		}
	}
	return []byte(`; Nobody signed here yet. Whoever may sign stands in a section like this one,
; with the issuer that their certificates name (paraph whoami):
;
; [signer "me"]
;	identity = ` + address + `
;	issuer = https://accounts.google.com
;
`)
}

func notASCII(c rune) bool { return c <= ' ' || c >= 0x7f }
