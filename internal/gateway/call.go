package gateway

import (
	"net/http"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/directory"
)

// A Call is a request that has come in and whose caller is known.
type Call struct {
	ai.Request
	Key      *directory.Key
	Headers  http.Header // as the client sent them; never forwarded as a whole
	Method   string
	Path     string // of the request, without query
	Started  time.Time
	ClientIP string

	TraceID, SpanID, ParentSpanID, SpanName string

	Metadata map[string]string
	// Receipts tell what the request said in vain, before there was a target.
	Receipts []ai.Receipt

	// ProviderKey is the Authorization (or x-api-key) credential when it is not
	// the caller's Portico key: the caller's own key for the provider.
	ProviderKey ai.Secret
	// Carrier is the canonical name of the header that carried the Portico key;
	// it is never forwarded.
	Carrier string
	// KeepBodies is false when the caller, or the organisation, wants bodies not
	// to be logged.
	KeepBodies bool
}

// header returns a request header by its canonical name.
func (c *Call) header(canonical string) string {
	if v := c.Headers[canonical]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// SetMetadata adds to the call's metadata, which may be shared with its key.
func (c *Call) SetMetadata(key, value string) {
	c.Metadata = merge(c.Metadata, map[string]string{key: value})
}
