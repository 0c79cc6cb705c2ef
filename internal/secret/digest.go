package secret

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"hash"
	"io"
	"sync"
)

// PepperSize is the length of a pepper in bytes.
const PepperSize = 32

// NewPepper makes a random pepper. It is stored sealed by the master key, not
// derived from it, so that exchanging the master key keeps every digest valid.
func NewPepper() []byte {
	p := make([]byte, PepperSize)
	_, _ = rand.Read(p)
	return p
}

// A Digester turns API keys into what is stored of them. It is safe for
// concurrent use.
type Digester struct{ macs sync.Pool }

// NewDigester makes a Digester of a pepper.
func NewDigester(pepper []byte) *Digester {
	pepper = bytes.Clone(pepper)
	return &Digester{macs: sync.Pool{New: func() any { return hmac.New(sha256.New, pepper) }}}
}

// Digest is the HMAC-SHA-256 of an API key under the pepper. Every request pays
// for one, so the keyed state is used again.
func (d *Digester) Digest(key string) (sum [32]byte) {
	mac, _ := d.macs.Get().(hash.Hash)
	mac.Reset()
	_, _ = io.WriteString(mac, key)
	mac.Sum(sum[:0])
	d.macs.Put(mac)
	return sum
}
