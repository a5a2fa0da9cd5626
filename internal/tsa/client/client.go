// Package client asks an RFC 3161 timestamp authority for a token.
//
// It reads the answer's frame and believes nothing of the token in it: the
// caller verifies that, and that it has the nonce of this request.
package client

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/paraph/paraph/internal/httpclient"
)

const (
	maxAnswer = 64 << 10 // bytes of a TimeStampResp
	maxText   = 200      // bytes of status text that are shown
	nonceSize = 8        // bytes: RFC 3161 section 2.4.1 speaks of 64 bits, and some authorities read no more
)

var oidSHA256 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}

// Timestamp asks the authority at url, a whole path, for a token over message.
// It returns a bare TimeStampToken (DER of a ContentInfo) and the nonce of the
// request, which the token must repeat.
func Timestamp(ctx context.Context, hc *httpclient.Client, url string, message []byte) (token []byte, nonce *big.Int, err error) {
	random := make([]byte, nonceSize)
	rand.Read(random) // never fails
	nonce = new(big.Int).SetBytes(random)
	request, err := marshalRequest(message, nonce)
	if err != nil {
		return nil, nil, fmt.Errorf("timestamp authority: %w", err)
	}
	resp, err := hc.Do(ctx, httpclient.Request{
		Method: http.MethodPost, URL: url, Body: request,
		ContentType: "application/timestamp-query", Accept: "application/timestamp-reply",
		Expect: []int{http.StatusOK, http.StatusCreated}, MaxBody: maxAnswer,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("timestamp authority: %w", err)
	}
	if token, err = parseAnswer(resp.Body); err != nil {
		return nil, nil, fmt.Errorf("timestamp authority: %w", err)
	}
	return token, nonce, nil
}

// marshalRequest makes the DER of RFC 3161 section 2.4.1:
//
//	TimeStampReq ::= SEQUENCE {
//	    version INTEGER { v1(1) },
//	    messageImprint SEQUENCE { hashAlgorithm AlgorithmIdentifier, hashedMessage OCTET STRING },
//	    reqPolicy OBJECT IDENTIFIER OPTIONAL,
//	    nonce INTEGER OPTIONAL,
//	    certReq BOOLEAN DEFAULT FALSE,
//	    extensions [0] IMPLICIT Extensions OPTIONAL }
//
// The parameters of SHA-256 are absent (RFC 5754 section 2).
func marshalRequest(message []byte, nonce *big.Int) ([]byte, error) {
	imprint := sha256.Sum256(message)
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oidSHA256) })
			b.AddASN1OctetString(imprint[:])
		})
		b.AddASN1BigInt(nonce)
		b.AddASN1Boolean(true)
	})
	return b.Bytes()
}

// Values of PKIStatus that come with a token (RFC 3161 section 2.4.2).
const (
	granted         = 0
	grantedWithMods = 1
)

var errAnswer = errors.New("the answer is not a TimeStampResp")

// parseAnswer reads RFC 3161 section 2.4.2 and returns the token:
//
//	TimeStampResp ::= SEQUENCE { status PKIStatusInfo, timeStampToken ContentInfo OPTIONAL }
//	PKIStatusInfo ::= SEQUENCE {
//	    status INTEGER, statusString SEQUENCE OF UTF8String OPTIONAL, failInfo BIT STRING OPTIONAL }
func parseAnswer(der []byte) ([]byte, error) {
	in := cryptobyte.String(der)
	var body, info, texts, failure, token cryptobyte.String
	var status int64
	var hasTexts, hasFailure bool
	if !in.ReadASN1(&body, cbasn1.SEQUENCE) || !in.Empty() ||
		!body.ReadASN1(&info, cbasn1.SEQUENCE) ||
		!info.ReadASN1Integer(&status) ||
		!info.ReadOptionalASN1(&texts, &hasTexts, cbasn1.SEQUENCE) ||
		!info.ReadOptionalASN1(&failure, &hasFailure, cbasn1.BIT_STRING) || !info.Empty() {
		return nil, errAnswer
	}
	if status != granted && status != grantedWithMods {
		return nil, refused(status, texts, failure)
	}
	if !body.ReadASN1Element(&token, cbasn1.SEQUENCE) || !body.Empty() {
		return nil, errAnswer
	}
	return token, nil
}

// statuses and failures have the names of RFC 3161 section 2.4.2; failures by
// bit number.
var (
	statuses = map[int64]string{2: "rejection", 3: "waiting", 4: "revocationWarning", 5: "revocationNotification"}
	failures = map[int64]string{
		0: "badAlg", 2: "badRequest", 5: "badDataFormat", 14: "timeNotAvailable", 15: "unacceptedPolicy",
		16: "unacceptedExtension", 17: "addInfoNotAvailable", 25: "systemFailure",
	}
)

// refused makes the error for a status without a token. What the authority
// wrote is escaped.
func refused(status int64, texts, failure cryptobyte.String) error {
	words := []string{"it gives no timestamp: status " + named(status, statuses)}
	var text cryptobyte.String
	var said []string
	for texts.ReadASN1(&text, cbasn1.UTF8String) {
		said = append(said, string(text))
	}
	if all := strings.Join(said, " "); all != "" {
		words = append(words, strconv.Quote(all[:min(len(all), maxText)]))
	}
	// The content of a BIT STRING starts with the number of unused bits.
	for bit := 0; len(failure) > 1 && bit < (len(failure)-1)*8 && bit < 32; bit++ {
		if failure[1+bit/8]&(0x80>>(bit%8)) != 0 {
			words = append(words, "failure "+named(int64(bit), failures))
		}
	}
	return errors.New(strings.Join(words, ", "))
}

// named is a number with its name, if it has one.
func named(n int64, names map[int64]string) string {
	if names[n] == "" {
		return strconv.FormatInt(n, 10)
	}
	return fmt.Sprintf("%d (%s)", n, names[n])
}
