package bedrock

import (
	"strconv"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// budgets are the thinking tokens of an effort, for models that are told a
// number. Bedrock demands at least 1024 and less than the answer may have.
var budgets = map[string]int64{"minimal": 1024, "low": 1024, "medium": 8192, "high": 24576, "xhigh": 24576, "max": 24576}

const minBudget = 1024

// effort asks the model to think as much as the client wants.
func (f *fromHub) effort() {
	f.limit()
	thinking, effort := f.top.take("thinking"), f.top.text("reasoning_effort")
	switch asked := typeOf(thinking) != "disabled"; {
	case thinking == nil:
	case f.family == claude || f.family == "":
		f.ask("thinking", thinking)
		f.thinks = asked
	case asked:
		f.c.Drop("thinking", "only Anthropic's models on Bedrock take it; use reasoning_effort")
	}
	if effort == "" || effort == "none" {
		return
	}
	switch f.family {
	case claude:
		f.claudeEffort(effort, thinking != nil)
	case openAI:
		f.ask("reasoning_effort", jsonedit.AppendString(nil, effort))
	case amazon:
		f.ask("reasoningConfig", append(jsonedit.AppendString([]byte(`{"type":"enabled","maxReasoningEffort":`), novaEffort(effort)), '}'))
	case "":
		f.outputEffort = atLeastLow(effort)
	default:
		f.c.Drop("reasoning_effort", "models of "+string(f.family)+" on Bedrock are not told how much to think")
	}
}

func (f *fromHub) claudeEffort(effort string, told bool) {
	style := thinkingOf(f.model)
	switch {
	case style == adaptive:
		f.outputEffort = atLeastLow(effort)
		if told {
			return
		}
		if f.forced {
			f.c.Drop("reasoning_effort", "Claude does not think when a tool must be called; only the effort was sent")
			return
		}
		f.thinks = true
		f.ask("thinking", []byte(`{"type":"adaptive"}`))
	case told:
		f.c.Drop("reasoning_effort", "thinking was sent, which says how much")
	case style == thoughtless:
		f.c.Drop("reasoning_effort", "this model does not think")
	case f.forced:
		f.c.Drop("reasoning_effort", "Claude does not think when a tool must be called")
	default:
		f.budget(budgets[effort])
	}
}

func (f *fromHub) budget(budget int64) {
	if f.maxTokens > 0 {
		budget = min(budget, f.maxTokens-1)
	}
	if budget < minBudget {
		f.c.Drop("reasoning_effort", "Claude thinks with 1024 tokens or more, below max_tokens")
		return
	}
	f.thinks = true
	if f.maxTokens == 0 {
		f.maxTokens = budget + 8192 // Bedrock's own default may be below the budget
	}
	f.ask("thinking", []byte(`{"type":"enabled","budget_tokens":`+strconv.FormatInt(budget, 10)+`}`))
}

// limit reads how long the answer may be.
func (f *fromHub) limit() {
	limit := f.top.take("max_tokens")
	if newer := f.top.take("max_completion_tokens"); newer != nil {
		limit = newer
	}
	if limit == nil {
		return
	}
	if f.maxTokens = jsonedit.Int(limit); f.maxTokens < 1 {
		f.fail("max_tokens", "must be a whole number above 0")
	}
}

func atLeastLow(effort string) string {
	if effort == "minimal" {
		return "low"
	}
	return effort
}

// novaEffort is an effort that Nova knows.
func novaEffort(effort string) string {
	switch effort {
	case "minimal", "low":
		return "low"
	case "medium":
		return "medium"
	}
	return "high"
}
