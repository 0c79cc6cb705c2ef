package gateway

import (
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
)

// pair is what translates between a client and a provider.
func (g *Gateway) pair(client, provider ai.Dialect) dialect.Pair {
	return dialect.Pair{Client: g.Formats[client], Provider: g.Formats[provider]}
}

// addressed is the client's format if that names the model outside the body, else
// nil.
func (g *Gateway) addressed(c *Call) dialect.Addressed {
	own, _ := g.Formats[c.Dialect].(dialect.Addressed)
	return own
}
