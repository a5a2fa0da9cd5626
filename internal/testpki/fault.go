package testpki

import (
	"crypto"
	"io"
	"net/http"
	"net/http/httptest"
	"time"
)

// A Fault is what a service does wrong. The zero Fault is nothing.
type Fault struct {
	// answer takes the place of the service's handler.
	answer func(s *Server, h http.Handler, w http.ResponseWriter, r *http.Request)
	times  int    // how many requests meet it; 0 is all
	method string // whose requests meet it; "" is any

	// What the services themselves do wrong; each reads what concerns it.
	certificate []CertOption
	identity    *Identity
	key         crypto.PublicKey
	token       []TSAOption
	otherEntry  bool
	entry       func(p *PKI, l *Log, e *Entry)
	login       *Login
}

// Times makes f end after n requests.
func Times(n int, f Fault) Fault {
	f.times = n
	return f
}

// Only makes f meet the requests with this method only: Rekor v1 is searched
// with POST, and its entries are asked for with GET.
func Only(method string, f Fault) Fault {
	f.method = method
	return f
}

// Header adds a header to what f answers.
func Header(name, value string, f Fault) Fault {
	inner := f.answer
	f.answer = func(s *Server, h http.Handler, w http.ResponseWriter, r *http.Request) {
		w.Header().Set(name, value)
		inner(s, h, w, r)
	}
	return f
}

// Refuse answers with a status and a body.
func Refuse(status int, body string) Fault {
	return Fault{answer: func(_ *Server, _ http.Handler, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}}
}

// Stall never answers: it waits until the client gives up or the test ends.
func Stall() Fault {
	return Fault{answer: func(s *Server, _ http.Handler, _ http.ResponseWriter, r *http.Request) {
		// Only a request that was read to its end notices that the client left.
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-r.Context().Done():
		case <-s.stop:
		}
	}}
}

// Hold waits with the service's answer until f has returned.
func Hold(f func()) Fault {
	return Fault{answer: func(_ *Server, h http.Handler, w http.ResponseWriter, r *http.Request) {
		f()
		h.ServeHTTP(w, r)
	}}
}

// HangUp closes the connection instead of answering.
func HangUp() Fault {
	return Fault{answer: func(*Server, http.Handler, http.ResponseWriter, *http.Request) {
		panic(http.ErrAbortHandler)
	}}
}

// Garbage answers 200 with bytes that are neither JSON nor DER nor PEM.
func Garbage() Fault { return Refuse(http.StatusOK, "\xff\xfe}\x00 this is no answer\x1b[31m\n") }

// ChangeBody lets the service do its work and changes the bytes of its answer.
func ChangeBody(change func([]byte) []byte) Fault {
	return Fault{answer: func(_ *Server, h http.Handler, w http.ResponseWriter, r *http.Request) {
		recorded := record(h, r)
		copyHeader(w, recorded)
		w.WriteHeader(recorded.Code)
		_, _ = w.Write(change(recorded.Body.Bytes()))
	}}
}

// SlowBody answers what the service would, a byte each interval.
func SlowBody(interval time.Duration) Fault {
	return Fault{answer: func(s *Server, h http.Handler, w http.ResponseWriter, r *http.Request) {
		recorded := record(h, r)
		copyHeader(w, recorded)
		w.WriteHeader(recorded.Code)
		for _, b := range recorded.Body.Bytes() {
			if _, err := w.Write([]byte{b}); err != nil {
				return
			}
			w.(http.Flusher).Flush()
			select {
			case <-time.After(interval):
			case <-r.Context().Done():
				return
			case <-s.stop:
				return
			}
		}
	}}
}

// HugeBody answers 200 with n bytes of white space, which a JSON parser would
// read to the end.
func HugeBody(n int) Fault {
	return Fault{answer: func(_ *Server, _ http.Handler, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		chunk := make([]byte, 32<<10)
		for i := range chunk {
			chunk[i] = ' '
		}
		for n := n; n > 0; n -= len(chunk) {
			if _, err := w.Write(chunk[:min(n, len(chunk))]); err != nil {
				return
			}
		}
	}}
}

// Redirect sends the client to another URL, with 307: method and body stay.
func Redirect(url string) Fault {
	return Fault{answer: func(_ *Server, _ http.Handler, w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, url, http.StatusTemporaryRedirect)
	}}
}

// WrongKey has the service sign with another key under the same names: Fulcio
// certifies with another CA, a log signs SET and checkpoint, and the timestamp
// authority its tokens, with a key that is not theirs.
func WrongKey() Fault {
	return Fault{
		certificate: []CertOption{FromOtherCA()},
		token:       []TSAOption{WrongTSAKey()},
		entry:       signWithOtherKey,
	}
}

// WrongEntry has a log log another signature, and the timestamp authority
// stamp another message, than it was asked to.
func WrongEntry() Fault {
	return Fault{otherEntry: true, token: []TSAOption{WrongImprint()}}
}

// WrongIdentity has Fulcio certify somebody else than the token speaks of.
func WrongIdentity(id Identity) Fault { return Fault{identity: &id} }

// WrongPublicKey has Fulcio certify another key than it was sent.
func WrongPublicKey() Fault { return Fault{key: Key("somebody else").Public()} }

// WrongNonce has the timestamp authority answer with another nonce.
func WrongNonce() Fault {
	return Fault{token: []TSAOption{func(t *token) { t.nonce = t.serial }}}
}

// Certify has Fulcio issue with these options.
func Certify(options ...CertOption) Fault { return Fault{certificate: options} }

// Stamp has the timestamp authority make tokens with these options.
func Stamp(options ...TSAOption) Fault { return Fault{token: options} }

// Mangle changes the entry that a log answers, after it was signed.
func Mangle(f func(*Entry)) Fault {
	return Fault{entry: func(_ *PKI, _ *Log, e *Entry) { f(e) }}
}

// signWithOtherKey replaces a log's signatures by another log's. Log id and
// key hash stay, so that only the signatures are false.
func signWithOtherKey(p *PKI, l *Log, e *Entry) {
	other := p.Other().Rekor2
	if l.major == 1 {
		other = p.Other().Rekor1
		e.SET = other.SET(e)
	}
	text := l.checkpointText(e.Proof.TreeSize, e.Proof.RootHash)
	e.Proof.Checkpoint = text + "\n" + noteLine(l.Name(), l.ID()[:4], other.signText(text))
}

// record runs the handler and keeps its answer.
func record(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func copyHeader(w http.ResponseWriter, recorded *httptest.ResponseRecorder) {
	for name, values := range recorded.Header() {
		w.Header()[name] = values
	}
}
