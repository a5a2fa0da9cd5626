package login

import (
	"crypto/sha256"
	"encoding/base64"
	"html"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/paraph/paraph/internal/report"
)

// A page is what the browser shows. It is complete: nothing is fetched for it,
// and nothing in it runs.
type page struct {
	status       int
	title, text  string
	detail       string // a name, or an error
	mark, colour string
}

const (
	green, red, grey   = "#15803d", "#b91c1c", "#6b7280"
	tick, cross, query = "&#10003;", "&#215;", "?"
)

func loggedIn(identity string) page {
	return page{http.StatusOK, "Logged in", "git goes on in your terminal. You can close this page.", report.Escape(identity), tick, green}
}

func failed(err error) page {
	return page{http.StatusOK, "Not logged in", "Nothing was signed. You can close this page; your terminal says the same.", quote(err.Error()), cross, red}
}

// The pages for requests that change nothing.

func nothingHere() page {
	return page{http.StatusNotFound, "Nothing here", "This address belongs to a login of paraph that is under way in a terminal.", "", query, grey}
}

func notThisLogin() page {
	return page{http.StatusBadRequest, "Not this login", "This answer belongs to another login, or to none. The one that is under way still waits: go on in the page that paraph opened last.", "", query, grey}
}

func answeredBefore() page {
	return page{http.StatusGone, "Answered before", "This login has its answer already. Your terminal says what came of it.", "", query, grey}
}

const style = `:root{color-scheme:light dark}
body{margin:0;min-height:100vh;display:grid;place-items:center;font:1.1rem/1.5 system-ui,sans-serif;background:#f3f4f6;color:#111827}
main{max-width:30rem;margin:1rem;padding:2.5rem 3rem;background:#fff;border-radius:1rem;box-shadow:0 .5rem 2rem #0002;text-align:center}
h1{margin:1rem 0 .5rem;font-size:1.6rem}
.detail{font-weight:600;overflow-wrap:anywhere}
footer{margin-top:2rem;font-size:.85rem;opacity:.6}
@media(prefers-color-scheme:dark){body{background:#111827;color:#f3f4f6}main{background:#1f2937}}`

const body = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title} - paraph</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<main>
<svg width="64" height="64" viewBox="0 0 64 64" aria-hidden="true"><circle cx="32" cy="32" r="32" fill="{colour}"/><text x="32" y="43" font-size="32" font-weight="700" text-anchor="middle" fill="#fff">{mark}</text></svg>
<h1>{title}</h1>
<p class="detail">{detail}</p>
<p>{text}</p>
<footer>paraph, signatures for git</footer>
</main>
</body>
</html>
`

// write sends the page, and forbids the browser to fetch, keep, run, embed or
// tell anything.
func (p page) write(w http.ResponseWriter) {
	sum := sha256.Sum256([]byte(style))
	whole := strings.NewReplacer(
		"{style}", style, "{title}", html.EscapeString(p.title), "{text}", html.EscapeString(p.text),
		"{detail}", html.EscapeString(p.detail), "{mark}", p.mark, "{colour}", p.colour,
	).Replace(body)
	for name, value := range map[string]string{
		"Content-Type": "text/html; charset=utf-8",
		"Content-Security-Policy": "default-src 'none'; img-src data:; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		"Cache-Control":          "no-store",
		"Referrer-Policy":        "no-referrer",
		"X-Content-Type-Options": "nosniff",
		"Connection":             "close",
		"Content-Length":         strconv.Itoa(len(whole)), // the listener closes after the last byte
	} {
		w.Header().Set(name, value)
	}
	w.WriteHeader(p.status)
	_, _ = io.WriteString(w, whole)
	_ = http.NewResponseController(w).Flush()
}
