// Package all lists every wire format that Portico knows.
package all

import (
	"maps"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/anthropic"
	"github.com/portico-ai/portico/internal/dialect/bedrock"
	"github.com/portico-ai/portico/internal/dialect/cohere"
	"github.com/portico-ai/portico/internal/dialect/fireworks"
	"github.com/portico-ai/portico/internal/dialect/gemini"
	"github.com/portico-ai/portico/internal/dialect/jina"
	"github.com/portico-ai/portico/internal/dialect/media"
	"github.com/portico-ai/portico/internal/dialect/nomic"
	"github.com/portico-ai/portico/internal/dialect/oci"
	"github.com/portico-ai/portico/internal/dialect/openai"
	"github.com/portico-ai/portico/internal/dialect/palm"
	"github.com/portico-ai/portico/internal/dialect/predict"
	"github.com/portico-ai/portico/internal/dialect/responses"
	"github.com/portico-ai/portico/internal/dialect/tei"
	"github.com/portico-ai/portico/internal/dialect/triton"
	"github.com/portico-ai/portico/internal/dialect/voyage"
	"github.com/portico-ai/portico/internal/dialect/workersai"
)

// New returns the formats by their dialect.
func New() map[ai.Dialect]dialect.Format {
	formats := map[ai.Dialect]dialect.Format{}
	for _, f := range []dialect.Format{
		openai.New(), anthropic.New(), bedrock.New(), bedrock.NewText(), cohere.New(), fireworks.New(), gemini.New(), jina.New(), nomic.New(), oci.New(), palm.New(), predict.New(),
		responses.New(), tei.New(), triton.New(), voyage.New(), workersai.New(),
	} {
		formats[f.Dialect()] = f
	}
	maps.Copy(formats, media.Formats())
	return formats
}
