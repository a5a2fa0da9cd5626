package store

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/trust/builtin"
)

// errNoCache is a user without a home.
var errNoCache = errors.New("there is no cache folder: neither HOME nor XDG_CACHE_HOME is set")

// InHand is a trusted root, and what TUF knew when it brought it.
type InHand struct {
	Root *trust.Root
	// Versions are zero where TUF did not bring it. Of a built-in root only the
	// TUF root's version is known.
	Versions Versions
}

// TrustedRoot returns the best trusted root of an instance that is in hand: of
// what TUF brought and what is built in, the one under the higher version of
// the TUF root; at equal versions the one that was checked later.
//
// It never fails for a broken cache where something else is in hand. Origin
// says so then.
func (s Store) TrustedRoot(name string) (*trust.Root, error) {
	return s.TrustedRootBy(name, trust.Parse)
}

// TrustedRootBy is TrustedRoot, read by the given parser.
func (s Store) TrustedRootBy(name string, parse trust.Parser) (*trust.Root, error) {
	h, err := s.inHand(name, parse)
	if err != nil {
		return nil, err
	}
	return h.Root, nil
}

// InHand is TrustedRoot, with what TUF knew.
func (s Store) InHand(name string) (*InHand, error) { return s.inHand(name, trust.Parse) }

func (s Store) inHand(name string, parse trust.Parser) (*InHand, error) {
	i, err := s.Instance(name)
	if err != nil {
		return nil, err
	}
	if i.ByFile() {
		r, err := i.root(parse)
		if err != nil {
			return nil, err
		}
		return &InHand{Root: r}, nil
	}
	h, broken := s.cached(i, parse)
	if h == nil && name == builtin.Instance {
		r, err := builtin.RootBy(parse)
		if err != nil {
			return nil, err
		}
		h = &InHand{r, Versions{Root: builtin.PublicVersion}}
	}
	if h == nil {
		if broken != nil {
			return nil, fmt.Errorf("instance %s: its trusted root cannot be used (%w): run paraph trust update %s", name, broken, name)
		}
		return nil, fmt.Errorf("instance %s: no trusted root is in hand: run paraph trust update %s", name, name)
	}
	if broken != nil {
		h.Root.Origin += fmt.Sprintf("; the cached root cannot be used (%v), paraph trust update mends it", broken)
	}
	return h, nil
}

// cached returns what TUF brought, nil where there is nothing or the built-in
// root is better, and what is wrong with the files.
func (s Store) cached(i *Instance, parse trust.Parser) (h *InHand, broken error) {
	if s.cache == "" {
		return nil, nil
	}
	head, root, err := s.readRoot(i)
	if err == nil {
		if builtInIsBetter(i, head.State) {
			return nil, nil
		}
		if h, err = head.inHand(i, root, parse); err == nil && hex.EncodeToString(h.Root.Digest[:]) != head.Digest {
			err = errNotWhole
		}
		if err == nil {
			return h, nil
		}
	}
	// A root.json that is not there may have been lost in a crash: that it is
	// missing is not worth a word.
	if !errors.Is(err, fs.ErrNotExist) {
		broken = fmt.Errorf("%s: %w", i.Name+rootSuffix, err)
	}
	head, documents, err := s.readTUF(i)
	if err == nil {
		if builtInIsBetter(i, head.State) {
			return nil, broken
		}
		if h, err = head.inHand(i, documents.TrustedRoot, parse); err == nil {
			return h, broken
		}
	}
	if !errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%s: %w", i.Name+tufSuffix, err)
		if broken != nil {
			err = fmt.Errorf("%w; %w", broken, err)
		}
		broken = err
	}
	return nil, broken
}

// builtInIsBetter compares what TUF brought with what is built in.
func builtInIsBetter(i *Instance, s State) bool {
	if i.Name != builtin.Instance {
		return false
	}
	if s.Versions.Root != builtin.PublicVersion {
		return s.Versions.Root < builtin.PublicVersion
	}
	return s.Checked.Before(builtin.Checked())
}

// inHand parses the trusted root that belongs to the head.
func (h *head) inHand(i *Instance, root []byte, parse trust.Parser) (*InHand, error) {
	r, err := parse(root, i.Name)
	if err != nil {
		return nil, err
	}
	r.Origin = "updated by TUF on " + h.Checked.UTC().Format(time.DateOnly)
	r.Checked, r.Expires = h.Checked, h.Expires
	return &InHand{r, h.Versions}, nil
}

// SigningConfig returns which services an instance offers for signing. With
// v2 it is the one that lists Rekor v2.
func (s Store) SigningConfig(name string, v2 bool) (*trust.SigningConfig, error) {
	i, err := s.Instance(name)
	if err != nil {
		return nil, err
	}
	data := i.SigningConfig
	if !i.ByFile() {
		c, err := s.Load(i)
		if errors.Is(err, fs.ErrNotExist) {
			err = errors.New("none is in hand")
		}
		if err != nil {
			return nil, fmt.Errorf("signing config of instance %s: %w: run paraph trust update %s", name, err, name)
		}
		if data = c.SigningConfig; v2 {
			data = c.SigningConfigV2
		}
	}
	if len(data) == 0 {
		return nil, fmt.Errorf("instance %s has no signing config%s: set paraph.signingConfig to a file", name, forV2(v2))
	}
	c, err := trust.ParseSigningConfig(data)
	if err != nil {
		return nil, fmt.Errorf("instance %s: %w", name, err)
	}
	return c, nil
}

func forV2(v2 bool) string {
	if v2 {
		return " for Rekor v2"
	}
	return ""
}
