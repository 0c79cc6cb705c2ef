package sign

import (
	"crypto/sha256"
	"strings"
	"sync"
)

// maxCredentials bounds how many identities are remembered: callers may send
// their own.
const maxCredentials = 1000

// remembered keeps what was made for an identity. The zero value is empty. It is
// safe for concurrent use.
type remembered[T any] struct {
	mu     sync.Mutex
	values map[[32]byte]T
}

// get returns what was made for the key, making it if it is new. make may call
// get for another key.
func (m *remembered[T]) get(key []string, make func() (T, error)) (T, error) {
	hash := sha256.Sum256([]byte(strings.Join(key, "\x00")))
	m.mu.Lock()
	known, ok := m.values[hash]
	m.mu.Unlock()
	if ok {
		return known, nil
	}
	made, err := make()
	if err != nil {
		return made, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if known, ok := m.values[hash]; ok {
		return known, nil
	}
	if m.values == nil {
		m.values = map[[32]byte]T{}
	}
	if len(m.values) >= maxCredentials {
		for other := range m.values {
			delete(m.values, other)
			break
		}
	}
	m.values[hash] = made
	return made, nil
}
