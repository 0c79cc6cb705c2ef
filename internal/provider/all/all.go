// Package all lists every provider that Portico knows.
package all

import (
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/internal/provider/azureai"
	"github.com/portico-ai/portico/internal/provider/azureopenai"
	"github.com/portico-ai/portico/internal/provider/bedrock"
	"github.com/portico-ai/portico/internal/provider/fireworks"
	"github.com/portico-ai/portico/internal/provider/google"
	"github.com/portico-ai/portico/internal/provider/media"
	"github.com/portico-ai/portico/internal/provider/oracle"
	"github.com/portico-ai/portico/internal/provider/sagemaker"
	"github.com/portico-ai/portico/internal/provider/vertexai"
	"github.com/portico-ai/portico/internal/provider/voyage"
	"github.com/portico-ai/portico/internal/sign"
)

// New returns the registry of all providers. Token requests that a provider's
// signature needs go through clients.
func New(clients sign.Clients) (*provider.Registry, error) {
	rows := append(provider.Rows(), azureai.New(clients), azureopenai.New(clients), bedrock.New(clients), fireworks.New(), google.New(), oracle.New(), sagemaker.New(clients),
		vertexai.New(clients), voyage.New())
	return provider.NewRegistry(append(rows, media.Rows()...)...)
}
