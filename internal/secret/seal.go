package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
)

// KeySize is the length of master and data keys in bytes.
const KeySize = 32

// formatV1 marks AES-256-GCM with a random 96-bit nonce before the ciphertext.
const formatV1 = "v1:"

// A Binding is what a sealed value is for. All of it is authenticated: a value
// opens only under the binding it was sealed with.
type Binding struct {
	Tenant string // organisation, or organisation/workspace
	Kind   string // "virtual-key", "config", …
	ID     string // of the row that holds it
	Host   string // the only destination it may be sent to, "" if none
}

// bytes is unambiguous: each part is preceded by its length.
func (b Binding) bytes() []byte {
	var out []byte
	for _, part := range []string{b.Tenant, b.Kind, b.ID, b.Host} {
		out = binary.AppendUvarint(out, uint64(len(part)))
		out = append(out, part...)
	}
	return out
}

// A Box seals and opens with one key. It is safe for concurrent use.
type Box struct{ aead cipher.AEAD }

// NewBox makes a Box of a key of KeySize bytes.
func NewBox(key []byte) (*Box, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("a key has %d bytes, not %d", KeySize, len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return &Box{aead}, nil
}

// Same reports whether both boxes have the same key.
func (b *Box) Same(other *Box) bool {
	_, err := b.Open(other.Seal(nil, Binding{}), Binding{})
	return err == nil
}

// Seal encrypts plain for the binding. The result is printable text.
func (b *Box) Seal(plain []byte, to Binding) string {
	nonce := make([]byte, b.aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails: it aborts the program instead
	return formatV1 + base64.RawStdEncoding.EncodeToString(b.aead.Seal(nonce, nonce, plain, to.bytes()))
}

// Open decrypts what Seal made for the same binding, or returns ErrSealed.
func (b *Box) Open(sealed string, to Binding) ([]byte, error) {
	text, ok := strings.CutPrefix(sealed, formatV1)
	if !ok {
		return nil, fmt.Errorf("%w: unknown format", ErrSealed)
	}
	raw, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || len(raw) < b.aead.NonceSize() {
		return nil, fmt.Errorf("%w: it is damaged", ErrSealed)
	}
	n := b.aead.NonceSize()
	plain, err := b.aead.Open(nil, raw[:n], raw[n:], to.bytes())
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

// NewDataKey makes a random data key: the Box that uses it, and the key itself
// sealed by b for storage.
func (b *Box) NewDataKey(to Binding) (sealed string, data *Box, err error) {
	key := make([]byte, KeySize)
	_, _ = rand.Read(key)
	if data, err = NewBox(key); err != nil {
		return "", nil, err
	}
	return b.Seal(key, to), data, nil
}

// OpenDataKey opens a data key made by NewDataKey.
func (b *Box) OpenDataKey(sealed string, to Binding) (*Box, error) {
	key, err := b.Open(sealed, to)
	if err != nil {
		return nil, err
	}
	return NewBox(key)
}
