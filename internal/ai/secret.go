package ai

import (
	"encoding/json"
	"fmt"
	"log/slog"
)

const redacted = "[redacted]"

// A Secret is a credential in memory. It cannot be printed, logged or
// marshalled by accident: every formatter shows a placeholder. Only Reveal
// gives the value, and only code that sends or seals it calls that.
type Secret struct{ v string }

// NewSecret wraps a credential.
func NewSecret(v string) Secret { return Secret{v} }

// Reveal returns the credential.
func (s Secret) Reveal() string { return s.v }

// IsZero reports whether there is no credential.
func (s Secret) IsZero() bool { return s.v == "" }

// Hint shows just enough to recognise a credential: its first two and last
// three characters, as Portkey masks keys. Short ones are hidden whole.
func (s Secret) Hint() string {
	if len(s.v) < 12 {
		return "********"
	}
	return s.v[:2] + "********" + s.v[len(s.v)-3:]
}

// String implements fmt.Stringer.
func (s Secret) String() string { return redacted }

// GoString implements fmt.GoStringer.
func (s Secret) GoString() string { return redacted }

// Format implements fmt.Formatter, so that no verb reaches the value.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalJSON implements json.Marshaler.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(redacted) }

// MarshalText implements encoding.TextMarshaler.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
