package policy

import (
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/paraph/paraph/internal/verdict"
)

const (
	digest     = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	ed25519Key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBnsLsUyb2LJ2cZkBHQZ1f1K0Oh0b7Rn7AwTIc9GqSRW"
)

// document is docs/policy.md's example.
const document = `; who may sign what
[policy]
    version = 1
    mode = enforce                     ; audit
[instance "acme"]
    ca = ` + digest + `
[signer "alice"]
    identity = alice@example.com
    issuer = https://accounts.google.com
    email = alice@example.com
    notAfter = 2027-01-01T00:00:00Z
[signer "release"]
    identityPattern = https://github.com/acme/app/.github/workflows/*.yml@refs/heads/main
    issuer = https://token.actions.githubusercontent.com
    claim = sourceRepositoryID=123456
[signer "build"]
    instance = acme
    identity = build@acme.internal
    issuer = https://login.acme.internal
[signer "web"]
    openpgp = .paraph/keys/web.asc
    mergesOnly = true
[signer "dan"]
    ssh = ` + ed25519Key + `
[signer "eve"]
    smime = eve@example.com
    smimeCA = ` + digest + `
[signer "bob"]
    identity = bob@example.com
    issuer = https://accounts.google.com
[revoked "bob"]
    since = 2026-10-01T00:00:00Z
[branch "main"]
    allow = alice
    allow = web
    contribute = *
    push = alice
    rewind = alice
[tag "v*"]
    allow = release
[path ".paraph/**"]
    allow = alice
[history]
    trustUpTo = 0123456789012345678901234567890123456789
    trustTag = 0123456789012345678901234567890123456789
`

// head is the least that a policy says, without the section of a signer.
const head = `[policy]
version = 1
[path ".paraph/**"]
allow = *
`

var (
	inRepository = Source{Name: "0123:" + Path, Blob: "4567"}
	inFile       = Source{Name: "/etc/policy"}
)

// many are signers, as many as are asked for.
func many(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("[signer \"s" + strconv.Itoa(i) + "\"]\nssh = " + ed25519Key + "\n")
	}
	return b.String()
}

func keyFile(path string) ([]byte, error) {
	if strings.HasSuffix(path, "web.asc") {
		return []byte("a key of " + path), nil
	}
	return nil, os.ErrNotExist
}

// must parses a policy that is right.
func must(t testing.TB, text string) *Policy {
	t.Helper()
	p, err := Parse([]byte(text), inRepository, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestParseDocument(t *testing.T) {
	p := must(t, document)
	if len(p.signers) != 7 || len(p.refs) != 2 || len(p.paths) != 1 || len(p.instances) != 1 {
		t.Errorf("%+v", p)
	}
	if p.Mode != Enforce || len(p.TrustUpTo) != 1 || len(p.TrustTags) != 1 || p.Source != inRepository {
		t.Errorf("%+v", p)
	}
	if must(t, strings.Replace(document, "mode = enforce", "mode = audit", 1)).Mode != Audit {
		t.Error("audit is not read")
	}
	if string(p.signers[3].keys[0].OpenPGP) != "a key of .paraph/keys/web.asc" {
		t.Errorf("%+v", p.signers[3].keys)
	}
}

// Each text breaks one rule, in the line that is named; `$` marks it.
func TestParseRefuses(t *testing.T) {
	alice := "[signer \"alice\"]\nidentity = a@b.c\nissuer = https://d\n"
	for name, tt := range map[string]struct{ text, rule string }{
		"no section of the policy":        {"[path \"**\"]\nallow = *\n", ProblemMissing},
		"a byte order mark":               {"$\uFEFF" + head, ProblemEncoding},
		"UTF-16":                          {"$\xff\xfe[\x00", ProblemEncoding},
		"Latin-1":                         {head + "$; gr\xf6\xdfe\n", ProblemEncoding},
		"NUL":                             {head + "$; \x00\n", ProblemEncoding},
		"more than is read":               {head + strings.Repeat("; x\n", MaxSize/4), ProblemSize},
		"a control character":             {head + "$; \x1b[2J\n", ProblemCharacter},
		"CR alone":                        {head + "$; a\rb\n", ProblemCharacter},
		"text from right to left":         {head + "$; \u202e\n", ProblemCharacter},
		"zero width":                      {head + alice + "$email = a\u200b@b.c\n", ProblemCharacter},
		"a blank that is none":            {head + alice + "$email = a@b.c\u00a0\n", ProblemCharacter},
		"a section with a dot":            {head + "$[signer.alice]\nidentity = a\n", ProblemSyntax},
		"a key beside its section":        {head + "$[signer \"alice\"] identity = a\n", ProblemSyntax},
		"a section that does not end":     {head + "$[signer \"alice\"\nidentity = a\n", ProblemSyntax},
		"a name that does not end":        {head + "$[signer \"alice]\nidentity = a\n", ProblemSyntax},
		"a name that touches":             {head + "$[signer\"alice\"]\nidentity = a\n", ProblemSyntax},
		"a blank after the word":          {head + "$[history ]\ntrustTag = a\n", ProblemSyntax},
		"a blank before the word":         {head + "$[ history]\ntrustTag = a\n", ProblemSyntax},
		"a name without quotes":           {head + "$[signer alice]\nidentity = a\n", ProblemSyntax},
		"a backslash in a name":           {head + "$[signer \"a\\l\"]\nidentity = a\n", ProblemSyntax},
		"a number for a section":          {head + "$[1]\na = b\n", ProblemSyntax},
		"a comment that touches":          {head + "$[history];x\ntrustUpTo = a\n", ProblemSyntax},
		"a key before all sections":       {"$version = 1\n" + head, ProblemSyntax},
		"a key without a value":           {head + alice + "$mergesOnly\n", ProblemSyntax},
		"an empty value":                  {head + alice + "$email =\n", ProblemSyntax},
		"an empty value in quotes":        {head + alice + "$email = \"\"\n", ProblemSyntax},
		"a comment for a value":           {head + alice + "$email = ;x\n", ProblemSyntax},
		"a hash within":                   {head + alice + "$email = a#b\n", ProblemSyntax},
		"a semicolon within":              {head + alice + "$email = a;b\n", ProblemSyntax},
		"a continuation":                  {head + alice + "$email = a\\\nemail = b\n", ProblemSyntax},
		"an escape":                       {head + alice + "$email = \"a\\\"b\"\n", ProblemSyntax},
		"quotes within":                   {head + alice + "$email = a\"b\"\n", ProblemSyntax},
		"quotes that do not end":          {head + alice + "$email = \"a\n", ProblemSyntax},
		"something after quotes":          {head + alice + "$email = \"a\"b\n", ProblemSyntax},
		"a comment at quotes":             {head + alice + "$email = \"a\";b\n", ProblemSyntax},
		"a tab within":                    {head + alice + "$email = a\tb\n", ProblemSyntax},
		"a key that begins with a number": {head + alice + "$1email = a\n", ProblemSyntax},
		"a key with a dot":                {head + alice + "$a.b = a\n", ProblemSyntax},
		"an include":                      {head + "$[include]\npath = /x\n", ProblemSection},
		"a conditional include":           {head + "$[includeIf \"gitdir:/\"]\npath = /x\n", ProblemSection},
		"an unknown section":              {head + "$[signers \"alice\"]\nidentity = a\n", ProblemSection},
		"an unknown key":                  {head + alice + "$identities = a\n", ProblemKey},
		"a key of another section":        {head + "[tag \"v*\"]\nallow = *\n$contribute = *\n", ProblemKey},
		"who may push to a path":          {head + "[path \"a\"]\nallow = *\n$push = *\n", ProblemKey},
		"a section twice":                 {head + alice + "$" + alice, ProblemTwice},
		"a section twice in another case": {head + alice + "$[Signer \"alice\"]\nidentity = x\nissuer = y\n", ProblemTwice},
		"a key twice":                     {head + alice + "$issuer = https://e\n", ProblemTwice},
		"an empty section":                {head + "$[signer \"alice\"]\n", ProblemEmpty},
		"an empty section with comments":  {head + "$[history]\n; nothing\n\n", ProblemEmpty},
		"no version":                      {"[policy]\nmode = audit\n[path \"**\"]\nallow = *\n", ProblemMissing},
		"another version":                 {"[policy]\n$version = 2\n[path \"**\"]\nallow = *\n", ProblemValue},
		"a branch of an empty name":       {head + "$[branch \"\"]\nallow = *\n", ProblemName},
		"an ssh key of another type":      {head + "[signer \"x\"]\n$ssh = ssh-rsa " + ed25519Key[12:] + "\n", ProblemValue},
		"an S/MIME CA by its name":        {head + "[signer \"x\"]\nsmime = a@b.c\n$smimeCA = CN=x\n", ProblemValue},
		"a broken line, and its lack":     {head + "[signer \"x\"]\nidentity = a\n$issuer\n", ProblemSyntax},
		"sections without end":            {head + many(maxSections-2) + "$[x \"last\"]\ny = z\n", ProblemSize},
		"two who must sign":               {head + "[branch \"a\"]\nallow = *\n$threshold = 2\n", ProblemValue},
		"a wrong mode":                    {"[policy]\nversion = 1\n$mode = off\n[path \"**\"]\nallow = *\n", ProblemValue},
		"signers that differ in case":     {head + alice + "$[signer \"Alice\"]\nidentity = x\nissuer = y\n", ProblemName},
		"a signer of no name":             {head + "$[signer]\nidentity = x\nissuer = y\n", ProblemName},
		"a signer of an empty name":       {head + "$[signer \"\"]\nidentity = x\nissuer = y\n", ProblemName},
		"a signer who is everybody":       {head + "$[signer \"*\"]\nidentity = x\nissuer = y\n", ProblemName},
		"a signer of foreign letters":     {head + "$[signer \"аlice\"]\nidentity = x\nissuer = y\n", ProblemName},
		"a policy of a name":              {head + "$[history \"x\"]\ntrustUpTo = 0123456789012345678901234567890123456789\n", ProblemName},
		"an instance called public":       {head + "$[instance \"public\"]\nca = " + digest + "\n", ProblemName},
		"an instance called smime":        {head + "$[instance \"smime\"]\nca = " + digest + "\n", ProblemName},
		"a digest without its name":       {head + "[instance \"x\"]\n$ca = " + digest[7:] + "\n", ProblemValue},
		"a digest that is too short":      {head + "[instance \"x\"]\n$ca = " + digest[:69] + "\n", ProblemValue},
		"an instance that nobody has":     {head + alice + "$instance = acme\n", ProblemNobody},
		"a name that nobody has":          {head + "[branch \"main\"]\n$allow = bob\n", ProblemNobody},
		"a name in another case":          {head + alice + "[branch \"main\"]\n$allow = Alice\n", ProblemNobody},
		"two names in a line":             {head + alice + "[branch \"main\"]\n$allow = alice, bob\n", ProblemNobody},
		"a pattern for a name":            {head + alice + "[branch \"main\"]\n$allow = al*\n", ProblemNobody},
		"revoked, and nobody":             {head + "$[revoked \"bob\"]\nsince = 2026-10-01T00:00:00Z\n", ProblemNobody},
		"everybody by a star":             {head + "[signer \"x\"]\nissuer = https://d\nidentity = y\n$identityPattern = *\n", ProblemPattern},
		"everybody by an address":         {head + "[signer \"x\"]\nissuer = https://d\nidentity = y\n$identityPattern = *@*.*\n", ProblemPattern},
		"everything by https":             {head + "[signer \"x\"]\nissuer = https://d\nidentity = y\n$identityPattern = https://**\n", ProblemPattern},
		"three stars":                     {head + "[signer \"x\"]\nissuer = https://d\nidentity = y\n$identityPattern = a***\n", ProblemPattern},
		"three stars in a path":           {head + "$[path \"a/***\"]\nallow = *\n", ProblemPattern},
		"an unknown key alone":            {head + many(1) + "[revoked \"s0\"]\n$until = 2026-10-01T00:00:00Z\n", ProblemKey},
		"a long pattern":                  {head + "[signer \"x\"]\nissuer = https://d\nidentity = y\n$identityPattern = " + strings.Repeat("a", maxPattern+1) + "\n", ProblemPattern},
		"a branch by its full name":       {head + "$[branch \"refs/heads/main\"]\nallow = *\n", ProblemPattern},
		"a branch that cannot be":         {head + "$[branch \"a b\"]\nallow = *\n", ProblemPattern},
		"a path from the root":            {head + "$[path \"/a\"]\nallow = *\n", ProblemPattern},
		"a folder by its slash":           {head + "$[path \"a/\"]\nallow = *\n", ProblemPattern},
		"a path that leads up":            {head + "$[path \"a/../b\"]\nallow = *\n", ProblemPattern},
		"a section that allows nobody":    {head + "$[branch \"main\"]\ncontribute = *\n", ProblemMissing},
		"an issuer alone":                 {head + "$[signer \"x\"]\nissuer = https://d\n", ProblemMissing},
		"an identity alone":               {head + "$[signer \"x\"]\nidentity = d\n", ProblemMissing},
		"a signer who is nobody":          {head + "$[signer \"x\"]\nemail = d\n", ProblemMissing},
		"an S/MIME signer of any CA":      {head + "$[signer \"x\"]\nsmime = a@b.c\n", ProblemMissing},
		"an S/MIME CA of any signer":      {head + "$[signer \"x\"]\nsmimeCA = " + digest + "\n", ProblemMissing},
		"two kinds in one":                {head + "$" + alice + "ssh = " + ed25519Key + "\n", ProblemValue},
		"a time without a zone":           {head + alice + "$notAfter = 2027-01-01T00:00:00\n", ProblemValue},
		"a day":                           {head + alice + "$notBefore = 2027-01-01\n", ProblemValue},
		"an end before its beginning":     {head + "$" + alice + "notAfter = 2026-01-01T00:00:00Z\nnotBefore = 2027-01-01T00:00:00Z\n", ProblemValue},
		"a boolean that git would read":   {head + alice + "$mergesOnly = yes\n", ProblemValue},
		"an unknown claim":                {head + alice + "$claim = repositoryID=1\n", ProblemValue},
		"a claim of nothing":              {head + alice + "$claim = sourceRepositoryID=\n", ProblemValue},
		"a claim without a name":          {head + alice + "$claim = sourceRepositoryID\n", ProblemValue},
		"an abbreviated id":               {head + "[history]\n$trustUpTo = 0123456\n", ProblemValue},
		"an id in capitals":               {head + "[history]\n$trustTag = ABCDEF6789012345678901234567890123456789\n", ProblemValue},
		"a branch in the history":         {head + "[history]\n$trustUpTo = main\n", ProblemValue},
		"a key file that is not there":    {head + "[signer \"x\"]\n$openpgp = .paraph/x.asc\n", ProblemKeyFile},
		"a key file outside":              {head + "[signer \"x\"]\n$openpgp = keys/web.asc\n", ProblemKeyFile},
		"a key file that leads out":       {head + "[signer \"x\"]\n$openpgp = .paraph/../web.asc\n", ProblemKeyFile},
		"a key file of this machine":      {head + "[signer \"x\"]\n$openpgp = /web.asc\n", ProblemKeyFile},
		"the policy for a key file":       {head + "[signer \"x\"]\n$openpgp = " + Path + "\n", ProblemKeyFile},
		"a policy that anybody changes":   {"[policy]\nversion = 1\n[branch \"main\"]\nallow = *\n", ProblemOpen},
		"a policy that is half protected": {"[policy]\nversion = 1\n[path \".paraph/*\"]\nallow = *\n", ProblemOpen},
	} {
		t.Run(name, func(t *testing.T) {
			before, _, marked := strings.Cut(tt.text, "$")
			_, err := Parse([]byte(strings.Replace(tt.text, "$", "", 1)), inRepository, keyFile)
			var e *Error
			if !errors.As(err, &e) || len(e.Problems) != 1 {
				t.Fatalf("%v, want one problem", err)
			}
			line := 0
			if marked {
				line = 1 + strings.Count(before, "\n")
			}
			if got := e.Problems[0]; got.Rule != tt.rule || got.Line != line {
				t.Errorf("%s in line %d: %s; want %s in line %d", got.Rule, got.Line, got.Message, tt.rule, line)
			}
			if !strings.Contains(err.Error(), inRepository.Name) || line > 0 && !strings.Contains(err.Error(), "line "+strconv.Itoa(line)) {
				t.Errorf("%q does not say where", err)
			}
		})
	}
}

// All problems are told in the order of their lines, and not without end.
func TestParseTellsAll(t *testing.T) {
	_, err := Parse([]byte("[policy]\nversion = 2\n[branch \"x\"]\nallow = bob\n[x]\ny = z\n"), inFile, nil)
	var e *Error
	if !errors.As(err, &e) || len(e.Problems) != 4 {
		t.Fatal(err)
	}
	if !slices.IsSortedFunc(e.Problems, func(a, b Problem) int { return a.Line - b.Line }) {
		t.Error(err)
	}
	_, err = Parse([]byte(head+strings.Repeat("x\n", 10000)), inFile, nil)
	if !errors.As(err, &e) || len(e.Problems) != maxProblems+1 || e.Problems[maxProblems].Rule != ProblemMany {
		t.Errorf("%d problems", len(e.Problems))
	}
}

// A policy that is a file names key files by absolute paths; who cannot tell
// what is in a file says so.
func TestKeyFiles(t *testing.T) {
	web := func(path string) []byte { return []byte(head + "[signer \"web\"]\nopenpgp = " + path + "\n") }
	if _, err := Parse(web("/etc/web.asc"), inFile, keyFile); err != nil {
		t.Error(err)
	}
	for _, path := range []string{".paraph/web.asc", "web.asc", "/etc/../web.asc"} {
		if _, err := Parse(web(path), inFile, keyFile); err == nil {
			t.Errorf("%s was accepted", path)
		}
	}
	if _, err := Parse(web("/etc/web.asc"), inFile, nil); err == nil {
		t.Error("a file that nobody read was accepted")
	}
	for _, size := range []int{0, MaxKeyFile + 1} {
		if _, err := Parse(web("/x"), inFile, func(string) ([]byte, error) { return make([]byte, size), nil }); err == nil {
			t.Errorf("a key file of %d bytes was accepted", size)
		}
	}
	lost := verdict.Errorf(verdict.Infrastructure, "missing-object", "the object is not here")
	_, err := Parse(web("/x"), inFile, func(string) ([]byte, error) { return nil, lost })
	if !errors.Is(err, lost) {
		t.Errorf("%v, want what happened", err)
	}
	text := head
	for n := range maxKeyFiles + 1 {
		text += "[signer \"web" + strconv.Itoa(n) + "\"]\nopenpgp = /web.asc\n"
	}
	if _, err := Parse([]byte(text), inFile, keyFile); err == nil {
		t.Error("files without end were read")
	}
}
