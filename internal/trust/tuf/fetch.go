package tuf

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/paraph/paraph/internal/httpclient"
)

// A Fetcher returns a file of a TUF repository, by its path below the
// repository's URL, and refuses one of more than limit bytes. A file that is
// not there is fs.ErrNotExist.
type Fetcher func(ctx context.Context, path string, limit int64) ([]byte, error)

// HTTP fetches from a repository's URL.
func HTTP(client *httpclient.Client, url string) Fetcher {
	return func(ctx context.Context, path string, limit int64) ([]byte, error) {
		resp, err := client.Do(ctx, httpclient.Request{
			Method: http.MethodGet, URL: strings.TrimRight(url, "/") + "/" + path,
			Expect: []int{http.StatusOK}, MaxBody: limit,
		})
		var e *httpclient.Error
		if errors.As(err, &e) && (e.Status == http.StatusNotFound || e.Status == http.StatusForbidden) {
			// Object stores that do not list their files forbid what is not there.
			return nil, fmt.Errorf("%w: %w", fs.ErrNotExist, err)
		}
		if err != nil {
			return nil, err
		}
		return resp.Body, nil
	}
}

// Folder fetches from a copy of a repository. Nothing outside of it is read,
// links included.
func Folder(dir string) Fetcher {
	return func(_ context.Context, path string, limit int64) ([]byte, error) {
		root, err := os.OpenRoot(dir)
		if err != nil {
			return nil, err
		}
		defer root.Close()
		info, err := root.Stat(path)
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() {
			return nil, fmt.Errorf("%s in %s is not a file", path, dir)
		}
		f, err := root.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		data, err := io.ReadAll(io.LimitReader(f, limit+1))
		if err == nil && int64(len(data)) > limit {
			err = fmt.Errorf("%s in %s has more than %d bytes", path, dir, limit)
		}
		return data, err
	}
}

// base is what go-tuf takes for the repository's URL. Which one it is is the
// Fetcher's business.
const base = "repository"

// fetcher is a Fetcher as go-tuf calls it. It hides how many bytes the
// metadata says that a file has where that is more than anybody needs, and
// lets go-tuf ask for nothing but plain names.
type fetcher struct {
	ctx   context.Context
	fetch Fetcher
}

// DownloadFile implements go-tuf's interface. There are no retries: whoever
// calls may do so again.
func (f fetcher) DownloadFile(url string, length int64, _ time.Duration) ([]byte, error) {
	path, below := strings.CutPrefix(url, base+"/")
	if !below || !plain(strings.TrimPrefix(path, "targets/")) {
		return nil, fmt.Errorf("%q is not the path of a file in a TUF repository", path)
	}
	if length <= 0 {
		return nil, &metadata.ErrLengthOrHashMismatch{Msg: fmt.Sprintf("%s has a length of %d bytes", path, length)}
	}
	data, err := f.fetch(f.ctx, path, min(length, maxFile))
	if errors.Is(err, fs.ErrNotExist) && strings.HasSuffix(path, ".root.json") {
		return nil, &metadata.ErrDownloadHTTP{StatusCode: http.StatusNotFound, URL: path} // the end of the roots
	}
	return data, err
}

// plain reports whether a name has neither separators nor anything else that
// a URL or a file system takes for more than a name.
func plain(name string) bool {
	for _, c := range []byte(name) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == '_' || c == '-') {
			return false
		}
	}
	return name != "" && name[0] != '.'
}
