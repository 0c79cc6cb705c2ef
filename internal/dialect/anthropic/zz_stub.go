package anthropic

import (
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

type F struct{ dialect.Format }

func (F) Dialect() ai.Dialect { return ai.Anthropic }
func New() F                  { return F{openai.New()} }
