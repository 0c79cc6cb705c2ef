package bedrock

import "strings"

// A family is who made a model, which decides what may be asked of it beside
// what Converse defines. It is "" where the model's name does not tell, as that
// of an application inference profile.
type family string

const (
	claude family = "anthropic"
	amazon family = "amazon"
	cohere family = "cohere"
	openAI family = "openai"
)

// IsClaude reports whether a model id, an inference profile's id or an ARN names
// a model of Anthropic's.
func IsClaude(model string) bool { return familyOf(model) == claude }

// Foundation is a model's own id, which counts of tokens are asked for by.
func Foundation(model string) string { return foundation(model) }

// foundation is the model's own id: without an ARN around it and without the
// region or geography of an inference profile before it.
func foundation(model string) string {
	if strings.HasPrefix(model, "arn:") {
		model = model[strings.LastIndexByte(model, '/')+1:]
	}
	if prefix, rest, ok := strings.Cut(model, "."); ok && strings.Contains(rest, ".") {
		switch prefix {
		case "us", "eu", "apac", "au", "ca", "jp", "sa", "me", "uk", "us-gov", "global":
			return rest
		}
	}
	return model
}

func familyOf(model string) family {
	maker, _, ok := strings.Cut(foundation(model), ".")
	if !ok {
		return ""
	}
	return family(maker)
}

// How a Claude model is told to think.
type thinkingStyle uint8

const (
	adaptive thinkingStyle = iota // by effort; models from 4.6 on
	budgeted                      // by a number of tokens
	thoughtless
)

func thinkingOf(model string) thinkingStyle {
	name := foundation(model)
	for style, marks := range map[thinkingStyle][]string{
		thoughtless: {"claude-v2", "claude-instant", "claude-3-5", "claude-3-haiku", "claude-3-sonnet", "claude-3-opus"},
		budgeted:    {"claude-3-7", "-4-2025", "-4-1-", "-4-5-"},
	} {
		for _, mark := range marks {
			if strings.Contains(name+"-", mark) {
				return style
			}
		}
	}
	return adaptive
}
