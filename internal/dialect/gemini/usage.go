package gemini

import (
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// counts is what Gemini tells of a call's usage. Cached tokens are part of the
// prompt; what its own tools put into the prompt, and thoughts, stand beside.
type counts struct {
	known                              bool
	prompt, toolPrompt, cached         int64
	candidates, thoughts               int64
	promptAudio, toolAudio, replyAudio int64
	promptImage, toolImage, replyImage int64
	searches                           int64
	tier, model                        string
}

// member reads a member of a reply or of a stream's chunk. Counts of later chunks
// replace earlier ones; what a chunk does not name stays.
func (c *counts) member(key string, value []byte) {
	switch key {
	case "usageMetadata":
		for key, value := range jsonedit.Members(value) {
			if !jsonedit.IsNull(value) {
				c.count(camel(key), value)
			}
		}
	case "modelVersion":
		c.model = jsonedit.Text(value)
	case "candidates":
		for candidate := range jsonedit.Elements(value) {
			if n := jsonedit.Length(get(candidate, "groundingMetadata", "webSearchQueries")); n > 0 {
				c.searches = int64(n)
			}
		}
	}
}

func (c *counts) count(key string, value []byte) {
	n := max(0, jsonedit.Int(value))
	switch key {
	case "promptTokenCount":
		c.prompt, c.known = n, true
	case "candidatesTokenCount", "responseTokenCount":
		c.candidates, c.known = n, true
	case "totalTokenCount":
		c.known = true
	case "toolUsePromptTokenCount":
		c.toolPrompt = n
	case "cachedContentTokenCount":
		c.cached = n
	case "thoughtsTokenCount":
		c.thoughts = n
	case "promptTokensDetails":
		c.promptAudio, c.promptImage = modalities(value)
	case "toolUsePromptTokensDetails":
		c.toolAudio, c.toolImage = modalities(value)
	case "candidatesTokensDetails", "responseTokensDetails":
		c.replyAudio, c.replyImage = modalities(value)
	case "serviceTier":
		c.tier = jsonedit.Text(value)
	case "trafficType": // Vertex AI's name for it
		if tier, ok := strings.CutPrefix(jsonedit.Text(value), "ON_DEMAND_"); ok {
			c.tier = strings.ToLower(tier)
		}
	}
}

// modalities counts the tokens of sound and of images among the details.
func modalities(details []byte) (audio, image int64) {
	for detail := range jsonedit.Elements(details) {
		n := max(0, jsonedit.Int(get(detail, "tokenCount")))
		switch string(get(detail, "modality")) {
		case `"AUDIO"`, "4":
			audio += n
		case `"IMAGE"`, "2":
			image += n
		}
	}
	return audio, image
}

// usage levels out what Gemini counts in its own way. Up to Gemini 2.5 a prompt is
// charged as one search however many queries it took; later models are charged by
// the query. Source: ai.google.dev, pricing of grounding with Google Search.
func (c *counts) usage() ai.Usage {
	if c.searches > 1 && (strings.Contains(c.model, "gemini-1") || strings.Contains(c.model, "gemini-2")) {
		c.searches = 1
	}
	return ai.Usage{
		Known:             c.known,
		InputTokens:       c.prompt + c.toolPrompt,
		OutputTokens:      c.candidates + c.thoughts,
		CacheReadTokens:   c.cached,
		ReasoningTokens:   c.thoughts,
		InputAudioTokens:  c.promptAudio + c.toolAudio,
		OutputAudioTokens: c.replyAudio,
		InputImageTokens:  c.promptImage + c.toolImage,
		OutputImageTokens: c.replyImage,
		WebSearches:       c.searches,
		ServiceTier:       c.tier,
	}
}

// writeUsage writes u as usageMetadata.
func writeUsage(w *jsonedit.Writer, u ai.Usage) {
	w.Object()
	w.IntMember("promptTokenCount", u.InputTokens)
	w.IntMember("candidatesTokenCount", max(0, u.OutputTokens-u.ReasoningTokens))
	w.IntMember("totalTokenCount", u.TotalTokens())
	if u.ReasoningTokens > 0 {
		w.IntMember("thoughtsTokenCount", u.ReasoningTokens)
	}
	if u.CacheReadTokens > 0 {
		w.IntMember("cachedContentTokenCount", u.CacheReadTokens)
	}
	writeDetails(w, "promptTokensDetails", u.InputTokens, u.InputAudioTokens, u.InputImageTokens)
	writeDetails(w, "candidatesTokensDetails", max(0, u.OutputTokens-u.ReasoningTokens), u.OutputAudioTokens, u.OutputImageTokens)
	if tier := tierFromHub(u.ServiceTier); tier != "" {
		w.StringMember("serviceTier", tier)
	}
	w.EndObject()
}

// writeDetails writes the counts by modality, if any is known.
func writeDetails(w *jsonedit.Writer, key string, total, audio, image int64) {
	if audio+image == 0 {
		return
	}
	w.Key(key)
	w.Array()
	for _, m := range []struct {
		name string
		n    int64
	}{{"TEXT", total - audio - image}, {"AUDIO", audio}, {"IMAGE", image}} {
		if m.n > 0 {
			w.Object()
			w.StringMember("modality", m.name)
			w.IntMember("tokenCount", m.n)
			w.EndObject()
		}
	}
	w.EndArray()
}

// tierToHub names the tier of a reply as the hub does.
func tierToHub(tier string) string {
	if tier == "standard" {
		return "default"
	}
	return tier
}

// tierFromHub names a tier as Gemini does, "" for one that it has not.
func tierFromHub(tier string) string {
	switch tier {
	case "default", "standard":
		return "standard"
	case "flex", "priority":
		return tier
	}
	return ""
}
