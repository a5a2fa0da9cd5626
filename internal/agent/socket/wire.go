package socket

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Bounds on what either side reads.
const (
	MaxRequest = 256 << 10 // bytes of a request, its line feed included
	maxAnswer  = 1 << 20   // bytes of an answer
)

// What can be asked for.
const (
	DoStatus      = "status"
	DoCertificate = "certificate"
	DoSign        = "sign"
	DoKey         = "key"
	DoProve       = "prove"
	DoStore       = "store"
	DoToken       = "token"
	DoAcquire     = "acquire"
	DoRelease     = "release"
	DoForget      = "forget"
	DoOffer       = "offer"
	DoStop        = "stop"
)

// A Head begins every request. Status, certificate, key and stop are nothing
// but a head.
type Head struct {
	Version int    `json:"version"`
	Do      string `json:"do"`
}

// The requests by what they ask for. A member that is not listed is refused.
type (
	// A SignRequest is followed by Size bytes of payload.
	SignRequest struct {
		Head
		Key  string `json:"key"`
		Size int    `json:"size"`
	}
	// A KeyRequest is for token and forget.
	KeyRequest struct {
		Head
		Key string `json:"key"`
	}
	// A ProveRequest has the agent sign SHA-256 of the subject.
	ProveRequest struct {
		Head
		Key     string `json:"key"`
		Subject string `json:"subject"`
	}
	// A StoreRequest brings the certificate for a key.
	StoreRequest struct {
		Head
		Key         string `json:"key"`
		Instance    string `json:"instance"`
		Issuer      string `json:"issuer"`
		Certificate []byte `json:"certificate"`
		Token       string `json:"token"`
	}
	// A LeaseRequest is for acquire and release; acquire has no error.
	LeaseRequest struct {
		Head
		Name  string `json:"name"`
		Error string `json:"error,omitempty"`
	}
	// An OfferRequest chooses what the other socket signs with. Confirm is
	// true where it is missing.
	OfferRequest struct {
		Head
		Key     string `json:"key"`
		Confirm *bool  `json:"confirm,omitempty"`
	}
)

// An Answer is what the agent says. Times are in seconds since 1970, 0 for
// none.
type Answer struct {
	Version int    `json:"version"`
	Error   string `json:"error,omitempty"`
	Code    string `json:"code,omitempty"`

	*StatusAnswer             // status
	Entries       []WireEntry `json:"entries,omitempty"` // certificate
	Signed        []byte      `json:"signed,omitempty"`  // sign: CMS SignedData, DER
	Key           string      `json:"key,omitempty"`     // key: the hex SHA-256 of Public
	Public        []byte      `json:"public,omitempty"`  // key: SubjectPublicKeyInfo, DER
	Proof         []byte      `json:"proof,omitempty"`   // prove: ECDSA-Sig-Value, DER
	Token         string      `json:"token,omitempty"`   // token
	Count         int         `json:"count,omitempty"`   // forget
}

// A StatusAnswer is the answer to status.
type StatusAnswer struct {
	Build        string `json:"build"`
	PID          int    `json:"pid"`
	Remote       bool   `json:"remote"`
	Held         int    `json:"held"`
	Until        int64  `json:"until"`
	MemoryLocked bool   `json:"memoryLocked"`
}

// A WireEntry is an [Entry] on its way.
type WireEntry struct {
	Key         string `json:"key"`
	Instance    string `json:"instance"`
	Issuer      string `json:"issuer"`
	Certificate []byte `json:"certificate"`
	TokenUntil  int64  `json:"tokenUntil,omitempty"`
}

// errLine says that a line is longer than may be.
var errLine = errors.New("the line is too long")

// ReadRequest reads a request's line, without its line feed. The error is
// io.EOF where there are no more, and io.ErrUnexpectedEOF where the line is
// cut short.
func ReadRequest(r *bufio.Reader) ([]byte, error) { return readLine(r, MaxRequest) }

// readLine reads a line of at most limit bytes with its line feed. Memory is
// taken for what came, not for what may come.
func readLine(r *bufio.Reader, limit int) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > limit {
			return nil, fmt.Errorf("%w: at most %d bytes are read", errLine, limit)
		}
		line = append(line, part...)
		switch {
		case err == nil:
			return line[:len(line)-1], nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(line) > 0:
			return nil, io.ErrUnexpectedEOF
		default:
			return nil, err
		}
	}
}

// writeLine writes a request or an answer as a line.
func writeLine(w io.Writer, v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = w.Write(append(line, '\n'))
	return err
}

// WriteAnswer writes an answer of this version.
func WriteAnswer(w io.Writer, a Answer) error {
	a.Version = Version
	return writeLine(w, a)
}
