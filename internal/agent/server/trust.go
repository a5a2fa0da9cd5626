package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/paraph/paraph/internal/agent"
	"github.com/paraph/paraph/internal/config"
	"github.com/paraph/paraph/internal/httpclient"
	"github.com/paraph/paraph/internal/trust/store"
	"github.com/paraph/paraph/internal/trust/tuf"
	"github.com/paraph/paraph/internal/version"
)

// trust changes what is known of Sigstore instances, for a client of the same
// build.
func (env Env) trust(ctx context.Context, client string) int {
	if err := checkClient(client); err != nil {
		return env.trustReply(agent.TrustReply{Error: err.Error()})
	}
	data, err := io.ReadAll(io.LimitReader(env.Stdin, agent.MaxTrust+1))
	if err == nil && len(data) > agent.MaxTrust {
		err = fmt.Errorf("the request has more than %d bytes", agent.MaxTrust)
	}
	var r agent.TrustRequest
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err != nil {
		return env.trustReply(agent.TrustReply{Error: "reading the request: " + err.Error()})
	}
	k := keeper{tuf.Updater{Store: store.New(env.Environ), Now: env.Now}, httpclient.New()}
	do := map[string]func(context.Context, agent.TrustRequest, string) (*tuf.Change, error){
		agent.TrustUpdate: k.update, agent.TrustAdd: k.add, agent.TrustImport: k.load,
	}[r.Do]
	if do == nil || r.Do != agent.TrustUpdate && len(r.Instances) != 1 {
		return env.trustReply(agent.TrustReply{Error: fmt.Sprintf("%q for %d instances is nothing to ask for", r.Do, len(r.Instances))})
	}
	var reply agent.TrustReply
	for _, name := range r.Instances {
		change, err := env.limited(ctx, func(ctx context.Context) (*tuf.Change, error) { return do(ctx, r, name) })
		result := agent.TrustResult{Instance: name}
		if err != nil {
			result.Error, result.Usage = err.Error(), isUsage(err)
		} else {
			result.Before, result.After, result.RootChanged = change.Before, change.After, change.RootChanged
		}
		reply.Results = append(reply.Results, result)
	}
	return env.trustReply(reply)
}

func (env Env) limited(ctx context.Context, f func(context.Context) (*tuf.Change, error)) (*tuf.Change, error) {
	ctx, cancel := context.WithTimeout(ctx, env.Limits.Whole)
	defer cancel()
	return f(ctx)
}

func (env Env) trustReply(r agent.TrustReply) int {
	r.Version = version.String()
	return env.answer(r, r.Error != "")
}

// A keeper does what a TrustRequest asks for, for one instance. A wrong name
// or URL is an error of usage; so is what cannot be done to the instance.
type keeper struct {
	tuf.Updater
	hc *httpclient.Client
}

func usagef(format string, args ...any) error {
	return &config.Error{Message: fmt.Sprintf(format, args...)}
}

// instance returns what is known of an instance.
func (k keeper) instance(name string) (*store.Instance, error) {
	i, err := k.Store.Instance(name)
	if err != nil {
		return nil, usagef("%v", err)
	}
	return i, nil
}

func (k keeper) update(ctx context.Context, _ agent.TrustRequest, name string) (*tuf.Change, error) {
	i, err := k.instance(name)
	if err != nil {
		return nil, err
	}
	if i.ByFile() {
		return nil, usagef("instance %s was added by file: paraph trust import --instance %s FILE gives it a new trusted root", name, name)
	}
	return k.Update(ctx, i, tuf.HTTP(k.hc, i.Repository))
}

func (k keeper) add(ctx context.Context, r agent.TrustRequest, name string) (*tuf.Change, error) {
	if err := store.CheckName(name); err != nil {
		return nil, usagef("%v", err)
	}
	if store.Known(name) {
		return nil, usagef("instance %s is known by name and cannot be another one: take another name", name)
	}
	i := &store.Instance{
		Name: name, Repository: r.Repository, TUFRoot: r.Root,
		TrustedRoot: r.TrustedRoot, SigningConfig: r.SigningConfig, Added: k.Now(),
	}
	change := new(tuf.Change)
	err := config.CheckURL(i.Repository)
	switch {
	case i.ByFile():
		err = k.AddFiles(ctx, i)
	case err != nil:
		return nil, usagef("--tuf: %q is not %v", i.Repository, err)
	default:
		change, err = k.Add(ctx, i, tuf.HTTP(k.hc, i.Repository))
	}
	if errors.Is(err, tuf.ErrTaken) {
		return nil, usagef("%v", err)
	}
	return change, err
}

// load is paraph trust import: a folder counts as the repository it is a copy
// of, a file as the user's word.
func (k keeper) load(ctx context.Context, r agent.TrustRequest, name string) (*tuf.Change, error) {
	i, err := k.instance(name)
	if err != nil {
		return nil, err
	}
	switch {
	case r.Folder != "" && i.ByFile():
		return nil, usagef("instance %s was added by file: import a trusted_root.json", name)
	case r.Folder != "":
		change, err := k.Update(ctx, i, tuf.Folder(r.Folder))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w: %s must be a whole copy of the TUF repository, with timestamp.json and the folder targets", err, r.Folder)
		}
		return change, err
	case !i.ByFile():
		return nil, usagef("instance %s has a TUF repository: import a folder with a copy of it, or add another instance by file", name)
	}
	i.TrustedRoot, i.Added = r.TrustedRoot, k.Now()
	return new(tuf.Change), k.ReplaceFiles(ctx, i)
}
