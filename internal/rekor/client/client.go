// Package client adds signatures to Rekor, v1 or v2, and looks up in v1 what
// others added.
//
// It checks that an answer is an entry for what was asked. What the entry
// proves is checked by [rekor.Verify], which the caller runs before it
// believes any of it.
package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"time"

	"github.com/paraph/paraph/internal/httpclient"
	"github.com/paraph/paraph/internal/rekor"
)

const (
	pathV1 = "/api/v1/log/entries"
	pathV2 = "/api/v2/log/entries"

	maxAnswer   = 128 << 10        // bytes of an entry as JSON
	timeoutV2   = 20 * time.Second // an entry waits for the log's next checkpoint
	contentType = "application/json"

	// statusClosed is "client closed request": the status that grpc-gateway
	// makes of the gRPC code CANCELLED. net/http has no name for it.
	statusClosed = 499
	attemptsV2   = 3
	// pauseV2 is the time between two attempts. Rekor v2 looks for a checkpoint
	// once a second and forgets what it told its clients only then, so that all
	// attempts together must take longer than that.
	pauseV2 = 600 * time.Millisecond
)

// AddV1 adds a signature to the Rekor v1 at base as a hashedrekord 0.0.1 and
// returns its entry, with body. digest is the SHA-256 of the artifact,
// signature the DER ECDSA P-256 signature over it, leaf the signer's DER
// certificate. An entry that the log has already is fetched.
func AddV1(ctx context.Context, hc *httpclient.Client, base string, digest [sha256.Size]byte, signature, leaf []byte) (*rekor.Entry, error) {
	endpoint, err := url.JoinPath(base, pathV1)
	if err != nil {
		return nil, fmt.Errorf("rekor: %w", err)
	}
	resp, err := hc.Do(ctx, httpclient.Request{
		Method: http.MethodPost, URL: endpoint, ContentType: contentType, Accept: contentType,
		Body:   rekor.BodyV1(digest, signature, leaf), // the log keeps what it is sent
		Expect: []int{http.StatusCreated, http.StatusConflict}, MaxBody: maxAnswer,
	})
	if err != nil {
		return nil, fmt.Errorf("rekor: %w", err)
	}
	if resp.Status == http.StatusConflict {
		if resp, err = fetchV1(ctx, hc, endpoint, resp.Header.Get("Location")); err != nil {
			return nil, fmt.Errorf("rekor: %w", err)
		}
	}
	e, err := rekor.ParseV1Response(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("rekor: %w", err)
	}
	return check(e, 1, digest, signature, leaf)
}

// fetchV1 gets the entry that a Location header names. Of the header only the
// UUID counts, so that the answer comes from the log that was asked.
func fetchV1(ctx context.Context, hc *httpclient.Client, endpoint, location string) (*httpclient.Response, error) {
	u, err := url.Parse(location)
	if err != nil {
		return nil, fmt.Errorf("the log has the entry already and does not say where: %w", err)
	}
	uuid := path.Base(u.Path)
	if !isUUID(uuid) {
		return nil, fmt.Errorf("the log has the entry already and does not say where: %.100q", location)
	}
	return getV1(ctx, hc, endpoint, uuid)
}

// isUUID reports whether s is the name of a Rekor v1 entry: the hex of its
// leaf hash, usually after the 8 bytes of its tree's number.
func isUUID(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && (len(b) == sha256.Size || len(b) == 8+sha256.Size)
}

// AddV2 adds a signature to the Rekor v2 at base as a hashedrekord 0.0.2 and
// returns its entry, with body. The arguments are those of [AddV1].
//
// Status 499 makes it ask again: Rekor v2 (tessera 1.0.2,
// PublicationAwaiter.Await) answers so to all who wait for the next checkpoint
// when one of them hangs up. By then it has the entry, as a rule, and refuses
// the same request with status 409, which names an index and no proof: the
// error is [rekor.ErrExists].
func AddV2(ctx context.Context, hc *httpclient.Client, base string, digest [sha256.Size]byte, signature, leaf []byte) (*rekor.Entry, error) {
	ctx, cancel := context.WithTimeout(ctx, timeoutV2)
	defer cancel()
	endpoint, err := url.JoinPath(base, pathV2)
	if err != nil {
		return nil, fmt.Errorf("rekor: %w", err)
	}
	body, err := json.Marshal(requestV2{HashedRekord: hashedRekordV2{
		Digest: digest[:],
		Signature: signatureV2{
			Content:  signature,
			Verifier: verifierV2{Certificate: certificateV2{RawBytes: leaf}, KeyDetails: rekor.KeyDetails},
		},
	}})
	if err != nil {
		return nil, fmt.Errorf("rekor: %w", err)
	}
	resp, err := postV2(ctx, hc, endpoint, body)
	if err != nil {
		return nil, fmt.Errorf("rekor: %w", err)
	}
	e, err := rekor.ParseV2Response(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("rekor: %w", err)
	}
	return check(e, 2, digest, signature, leaf)
}

// postV2 sends a request until the log's answer is about the request, and not
// about another client that hung up.
func postV2(ctx context.Context, hc *httpclient.Client, endpoint string, body []byte) (*httpclient.Response, error) {
	for attempt := 1; ; attempt++ {
		resp, err := hc.Do(ctx, httpclient.Request{
			Method: http.MethodPost, URL: endpoint, ContentType: contentType, Accept: contentType,
			Body: body, Expect: []int{http.StatusCreated, http.StatusOK}, MaxBody: maxAnswer,
		})
		switch status := statusOf(err); {
		case status == http.StatusConflict:
			return nil, fmt.Errorf("%w: %w", rekor.ErrExists, err)
		case status != statusClosed:
			return resp, err
		case attempt == attemptsV2:
			return nil, fmt.Errorf("asked %d times: %w", attemptsV2, err)
		}
		select {
		case <-time.After(pauseV2):
		case <-ctx.Done():
			return nil, fmt.Errorf("%w, after %w", ctx.Err(), err)
		}
	}
}

// statusOf is the HTTP status for which a request failed, or 0.
func statusOf(err error) int {
	var e *httpclient.Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.Status
}

// The protojson form of dev.sigstore.rekor.v2.CreateEntryRequest.
type (
	requestV2 struct {
		HashedRekord hashedRekordV2 `json:"hashedRekordRequestV002"`
	}
	hashedRekordV2 struct {
		Digest    []byte      `json:"digest"`
		Signature signatureV2 `json:"signature"`
	}
	signatureV2 struct {
		Content  []byte     `json:"content"`
		Verifier verifierV2 `json:"verifier"`
	}
	verifierV2 struct {
		Certificate certificateV2 `json:"x509Certificate"`
		KeyDetails  string        `json:"keyDetails"`
	}
	certificateV2 struct {
		RawBytes []byte `json:"rawBytes"`
	}
)

// check checks that an entry is of the version and for the signature that was
// asked for. It proves nothing.
func check(e *rekor.Entry, major int, digest [sha256.Size]byte, signature, leaf []byte) (*rekor.Entry, error) {
	if err := e.CheckKind(); err != nil {
		return nil, fmt.Errorf("rekor: %w", err)
	}
	if got := e.MajorVersion(); got != major {
		return nil, fmt.Errorf("rekor: the log answered with an entry of Rekor v%d, it was asked as v%d", got, major)
	}
	if _, err := e.RebuiltBody(digest, signature, leaf); err != nil {
		return nil, fmt.Errorf("rekor: %w", err)
	}
	return e, nil
}
