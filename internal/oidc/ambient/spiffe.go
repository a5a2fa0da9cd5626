package ambient

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// endpointSocket names the socket of the workload API.
const endpointSocket = "SPIFFE_ENDPOINT_SOCKET"

func onSPIFFE(e *Env) bool { return e.getenv(endpointSocket) != "" }

// fromSPIFFE asks the workload API for a JWT-SVID. That is one unary gRPC call
// over a local socket: HTTP/2 without TLS, and a frame each way, for which
// nobody needs all of gRPC.
//
// Specifications: SPIFFE, "Workload Endpoint" 3 and 4, "Workload API" 6;
// gRPC, "gRPC over HTTP2".
func fromSPIFFE(ctx context.Context, e *Env) (string, error) {
	v, err := e.require(endpointSocket)
	if err != nil {
		return "", err
	}
	path, err := socketPath(v[0])
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://localhost/SpiffeWorkloadAPI/FetchJWTSVID", bytes.NewReader(frame(svidRequest(e.Audience))))
	if err != nil {
		return "", err
	}
	req.Header = http.Header{"Content-Type": {"application/grpc"}, "Te": {"trailers"}, "Workload.spiffe.io": {"true"}}
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		},
		Protocols: new(http.Protocols), MaxResponseHeaderBytes: 64 << 10,
	}
	transport.Protocols.SetUnencryptedHTTP2(true)
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		if ctx.Err() != nil {
			err = errors.New("no answer in time")
		}
		return "", fmt.Errorf("%s: %w", path, err)
	}
	defer resp.Body.Close()
	token, err := svid(resp)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return token, nil
}

// socketPath reads the address of the workload API: unix:///path.
func socketPath(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "unix" || u.Host != "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || !strings.HasPrefix(u.Path, "/") {
		return "", fmt.Errorf("%s is not of the form unix:///path", endpointSocket)
	}
	return u.Path, nil
}

// svidRequest is a JWTSVIDRequest { repeated string audience = 1; }.
func svidRequest(audience string) []byte {
	return protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), audience)
}

// frameHead is the length of what goes before a message: a flag for
// compression, and four bytes of length.
const frameHead = 5

func frame(message []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))), message...)
}

// svid reads the answer: a frame with a JWTSVIDResponse, and a status in the
// trailer, or in the header where there is no frame.
func svid(resp *http.Response) (string, error) {
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	status, words := resp.Trailer.Get("Grpc-Status"), resp.Trailer.Get("Grpc-Message")
	if status == "" {
		status, words = resp.Header.Get("Grpc-Status"), resp.Header.Get("Grpc-Message")
	}
	switch {
	case resp.StatusCode != http.StatusOK:
		return "", fmt.Errorf("status %d", resp.StatusCode)
	case err != nil:
		return "", fmt.Errorf("reading the answer: %w", err)
	case len(body) > maxAnswer:
		return "", fmt.Errorf("the answer has more than %d bytes", maxAnswer)
	case status != "0":
		return "", fmt.Errorf("gRPC status %.20q: %.200q", status, words)
	case len(body) < frameHead || body[0] != 0 || int(binary.BigEndian.Uint32(body[1:])) != len(body)-frameHead:
		return "", errors.New("the answer is not one message")
	}
	return firstSVID(body[frameHead:])
}

// firstSVID takes the token out of
//
//	JWTSVIDResponse { repeated JWTSVID svids = 1; }
//	JWTSVID { string spiffe_id = 1; string svid = 2; string hint = 3; }
//
// Of several the first is the default identity ("Workload API" 6.2.2).
func firstSVID(message []byte) (string, error) {
	first, err := field(message, 1)
	if err != nil {
		return "", err
	}
	token, err := field(first, 2)
	return string(token), err
}

// field is the first value of a message's field of bytes, nil if it has none.
func field(message []byte, number protowire.Number) ([]byte, error) {
	for len(message) > 0 {
		n, kind, tag := protowire.ConsumeTag(message)
		if tag < 0 {
			return nil, errors.New("the answer cannot be parsed")
		}
		size := protowire.ConsumeFieldValue(n, kind, message[tag:])
		if size < 0 {
			return nil, errors.New("the answer cannot be parsed")
		}
		if n == number && kind == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(message[tag:])
			return value, nil
		}
		message = message[tag+size:]
	}
	return nil, nil
}
