package testpki

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"net/url"
	"slices"
	"sync"
)

const (
	// rekor1TreeID is in the origin of Rekor v1's checkpoints and, in hex,
	// before each entry's hash in its UUID.
	rekor1TreeID = 1193050959916656506
	// rekor1Offset is how many entries the shards before the active one have.
	rekor1Offset = 20_000_000
)

// A Log is a Rekor, v1 or v2, with a true Merkle tree underneath.
type Log struct {
	major  int
	key    crypto.Signer
	clock  *Clock
	offset int64

	mu     sync.Mutex
	name   string // host name: of the note's signer and, in v2, the origin
	tree   tree
	bodies [][]byte
	times  []int64 // when each entry came, Unix seconds
}

func newLogV1(p *PKI) *Log {
	l := &Log{major: 1, key: p.keys.rekor1, clock: p.Clock, offset: rekor1Offset}
	l.name = hostname(p.urls.Rekor1)
	l.fill(p.settings.earlierEntries)
	return l
}

func newLogV2(p *PKI) *Log {
	l := &Log{major: 2, key: p.keys.rekor2, clock: p.Clock}
	l.name = hostname(p.urls.Rekor2)
	l.fill(p.settings.earlierEntries)
	return l
}

func hostname(base string) string { return must(url.Parse(base)).Hostname() }

// LogV1 logs a hashedrekord 0.0.1 in Rekor v1: the SHA-256 of an artifact, the
// signature over it and the DER certificate of who signed.
func (p *PKI) LogV1(digest [32]byte, signature, leaf []byte) *Entry {
	return p.Rekor1.Add(BodyV1(digest, signature, leaf))
}

// LogV2 logs a hashedrekord 0.0.2 in Rekor v2.
func (p *PKI) LogV2(digest [32]byte, signature, leaf []byte) *Entry {
	return p.Rekor2.Add(BodyV2(digest, signature, leaf))
}

// Public returns the log's key.
func (l *Log) Public() crypto.PublicKey { return l.key.Public() }

// Name returns the host name that signs the log's checkpoints.
func (l *Log) Name() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.name
}

// setName moves the log to another host, and with it a v2 log's id.
func (l *Log) setName(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.name = name
}

// Origin returns the first line of the log's checkpoints.
func (l *Log) Origin() string { return l.origin(l.Name()) }

func (l *Log) origin(name string) string {
	if l.major == 1 {
		return fmt.Sprintf("%s - %d", name, int64(rekor1TreeID))
	}
	return name
}

// ID returns the log's id: the full hash of which a checkpoint's signature
// line shows the first four bytes.
func (l *Log) ID() []byte { return logID(l.Name(), l.key.Public()) }

// logID is SHA-256 of the SubjectPublicKeyInfo for ECDSA, and
// SHA-256(name || LF || 0x01 || key) for Ed25519 (C2SP signed-note).
func logID(name string, pub crypto.PublicKey) []byte {
	preimage := []byte(nil)
	if key, ok := pub.(ed25519.PublicKey); ok {
		preimage = append([]byte(name+"\n\x01"), key...)
	} else {
		preimage = spki(pub)
	}
	sum := sha256.Sum256(preimage)
	return sum[:]
}

// Add logs a body, whatever it is, and proves its inclusion. A body that is
// in the log already gets an entry of its own.
func (l *Log) Add(body []byte) *Entry { return l.AddBefore(body, 0) }

// AddBefore is Add, followed by so many later entries before the proof is made.
func (l *Log) AddBefore(body []byte, later int) *Entry {
	l.mu.Lock()
	index := l.append(body)
	l.mu.Unlock()
	l.fill(later)
	return l.Entry(index)
}

// fill appends entries that mean nothing.
func (l *Log) fill(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for range n {
		l.append(fmt.Appendf(nil, "entry %d of somebody else", l.tree.size()))
	}
}

func (l *Log) append(body []byte) int {
	l.tree.add(body)
	l.bodies = append(l.bodies, bytes.Clone(body))
	l.times = append(l.times, l.clock.Now().Unix())
	return l.tree.size() - 1
}

// Size returns how many entries the log has.
func (l *Log) Size() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tree.size()
}

// Entry returns the entry at an index of the shard with a proof against the
// log as it is now.
func (l *Log) Entry(index int) *Entry {
	l.mu.Lock()
	size := l.tree.size()
	e := &Entry{
		LogIndex: l.offset + int64(index),
		LogID:    logID(l.name, l.key.Public()),
		Kind:     "hashedrekord",
		Version:  "0.0.2",
		Body:     bytes.Clone(l.bodies[index]),
		Proof: &Proof{
			LogIndex: int64(index),
			TreeSize: int64(size),
			RootHash: l.tree.root(size),
			Hashes:   l.tree.path(index, size),
		},
	}
	integrated := l.times[index]
	l.mu.Unlock()

	e.Proof.Checkpoint = l.Checkpoint(e.Proof.TreeSize, e.Proof.RootHash)
	if l.major == 1 {
		e.Version = "0.0.1"
		e.IntegratedTime = integrated
		e.SET = l.SET(e)
	}
	return e
}

// find returns the index of the first entry with this body.
func (l *Log) find(body []byte) (int, bool) {
	return l.findLeaf(leafHash(body))
}

// findLeaf returns the index of the first entry with this leaf hash.
func (l *Log) findLeaf(hash []byte) (int, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tree.size() == 0 {
		return 0, false
	}
	for i, h := range l.tree.levels[0] {
		if bytes.Equal(h, hash) {
			return i, true
		}
	}
	return 0, false
}

// SET signs what e says as Rekor v1 does: ECDSA with SHA-256 over RFC 8785
// JSON of body, integrated time, log id and index. e's own SET does not matter.
func (l *Log) SET(e *Entry) []byte {
	return signSHA256(l.key, fmt.Appendf(nil, `{"body":"%s","integratedTime":%d,"logID":"%x","logIndex":%d}`,
		b64(e.Body), e.IntegratedTime, e.LogID, e.LogIndex))
}

// Checkpoint returns a signed checkpoint of the log for a size and a root hash,
// true or not (C2SP tlog-checkpoint).
func (l *Log) Checkpoint(size int64, root []byte) string {
	return l.Note(l.checkpointText(size, root))
}

func (l *Log) checkpointText(size int64, root []byte) string {
	return fmt.Sprintf("%s\n%d\n%s\n", l.Origin(), size, b64(root))
}

// Note signs any text as a note of the log (C2SP signed-note). The text ends
// with a newline, else the note is as malformed as the test wants it.
func (l *Log) Note(text string) string { return l.NoteAs(l.Name(), text) }

// NoteAs is Note under another signer's name. The key hash is the one that
// belongs to this name.
func (l *Log) NoteAs(name, text string) string {
	hash := logID(name, l.key.Public())[:4]
	return text + "\n" + noteLine(name, hash, l.signText(text))
}

// ForgedNote is Note with the right name and key hash, and a signature over
// another text.
func (l *Log) ForgedNote(text string) string {
	name := l.Name()
	hash := logID(name, l.key.Public())[:4]
	return text + "\n" + noteLine(name, hash, l.signText("not "+text))
}

// noteLine is a note's signature line: em dash, name, base64 of key hash and
// signature.
func noteLine(name string, hash, signature []byte) string {
	return fmt.Sprintf("— %s %s\n", name, b64(slices.Concat(hash, signature)))
}

func (l *Log) signText(text string) []byte {
	if _, ok := l.key.Public().(ed25519.PublicKey); ok {
		return sign(l.key, []byte(text), crypto.Hash(0))
	}
	return signSHA256(l.key, []byte(text))
}
