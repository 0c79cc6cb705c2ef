package secret

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
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
type Digester struct{ pepper []byte }

// NewDigester makes a Digester of a pepper.
func NewDigester(pepper []byte) *Digester { return &Digester{pepper} }

// Digest is the HMAC-SHA-256 of an API key under the pepper.
func (d *Digester) Digest(key string) [32]byte {
	mac := hmac.New(sha256.New, d.pepper)
	mac.Write([]byte(key))
	return [32]byte(mac.Sum(nil))
}
