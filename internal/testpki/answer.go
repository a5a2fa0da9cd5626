package testpki

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// maxRequest bounds what a service reads, in bytes.
const maxRequest = 4 << 20

// Codes of gRPC (google.rpc.Code) that gateways put into error bodies.
const (
	grpcInvalidArgument = 3
	grpcNotFound        = 5
	grpcAlreadyExists   = 6
	grpcUnimplemented   = 12
	grpcInternal        = 13
)

// answerJSON answers with v as JSON.
func answerJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(must(json.Marshal(v)))
}

// answerGRPC answers an error as grpc-gateway does, which Fulcio and Rekor v2
// have before them.
func answerGRPC(w http.ResponseWriter, status, code int, message string) {
	answerJSON(w, status, map[string]any{"code": code, "message": message, "details": []any{}})
}

// answerError answers an error as go-openapi does, which Rekor v1 and the
// timestamp authority are built with.
func answerError(w http.ResponseWriter, status int, format string, args ...any) {
	answerJSON(w, status, map[string]any{"code": status, "message": fmt.Sprintf(format, args...)})
}

// readJSON reads a request that is one JSON value without members that v does
// not have. Fulcio itself ignores unknown members; here a client that misspells
// one shall hear of it.
func readJSON(r *http.Request, v any) error {
	body, err := readBody(r)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("bytes after the JSON value")
	}
	return nil
}

func readBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest+1))
	if err == nil && len(body) > maxRequest {
		err = errors.New("request is too large")
	}
	return body, err
}

// gateway is a mux that answers like grpc-gateway where it has no handler: 404
// for a path, 501 for a method.
func gateway(method, path string, h http.HandlerFunc) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(method+" "+path, h)
	mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
		answerGRPC(w, http.StatusNotImplemented, grpcUnimplemented, "Method Not Allowed")
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		answerGRPC(w, http.StatusNotFound, grpcNotFound, "Not Found")
	})
	return mux
}
