package gateway

import (
	"bytes"
	"math"
	"strconv"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// estimate completes what a provider told of an answer that ended before its
// usage came, or without any: a token is about four bytes of text. What was told
// of the input stands, and what was told of the output where it is more than
// what was delivered.
func estimate(told ai.Usage, request []byte, outputBytes int64) ai.Usage {
	if told.InputTokens == 0 {
		told.InputTokens = (inputBytes(request) + 3) / 4
	}
	told.OutputTokens = max(told.OutputTokens, (outputBytes+3)/4)
	told.Known, told.Estimated = true, true
	return told
}

const (
	attachment      = 2048 // a text without a space that is longer is a picture or another file
	attachmentBytes = 4000 // and counts as a thousand tokens
)

// inputBytes is the size of a request's body, with attached files at a flat rate.
func inputBytes(body []byte) int64 {
	total := int64(len(body))
	for rest := body; ; {
		start := bytes.IndexByte(rest, '"')
		if start < 0 {
			return total
		}
		rest = rest[start+1:]
		end := bytes.IndexByte(rest, '"')
		if end < 0 {
			return total
		}
		if end > attachment && bytes.IndexByte(rest[:end], ' ') < 0 && bytes.IndexByte(rest[:end], '\\') < 0 {
			total += attachmentBytes - int64(end)
		}
		rest = rest[end+1:]
	}
}

// heard adds the length of the sound that a client says it has sent, in
// milliseconds, where the reply to a transcription tells nothing that is paid.
// Portkey's SDKs measure it.
func (c *Call) heard(u ai.Usage) ai.Usage {
	if c.Op != ai.Transcribe && c.Op != ai.Translate || u.Known {
		return u
	}
	ms, err := strconv.ParseFloat(c.header("X-Portkey-Audio-File-Duration"), 64)
	if err != nil || !(ms > 0 && ms < 1e12) {
		return u
	}
	return ai.Usage{Known: true, Estimated: true, AudioMillis: int64(math.Round(ms))}
}

// estimated are the operations whose whole replies are counted by their text
// where the provider tells no usage.
func estimated(op ai.Op) bool {
	switch op {
	case ai.Chat, ai.Complete, ai.CreateResponse, ai.Embed, ai.Rerank:
		return true
	}
	return false
}

// outputBytes is the size of what was generated in a reply of any format: the
// texts under the names that the formats have for it.
func outputBytes(op ai.Op, reply []byte) int64 {
	if op == ai.Embed || op == ai.Rerank {
		return 0
	}
	return generated(reply)
}

func generated(value []byte) (n int64) {
	if jsonedit.Kind(value) == '[' {
		for element := range jsonedit.Elements(value) {
			n += generated(element)
		}
		return n
	}
	for key, member := range jsonedit.Members(value) {
		switch kind := jsonedit.Kind(member); {
		case kind == '{' && (string(key) == "input" || string(key) == "args"): // of a tool call
			n += int64(len(member))
		case kind == '{' || kind == '[':
			n += generated(member)
		case kind == '"' && texts[string(key)]:
			n += int64(jsonedit.TextLen(member))
		}
	}
	return n
}

var texts = map[string]bool{
	"content": true, "text": true, "thinking": true, "reasoning": true, "reasoning_content": true, "refusal": true,
	"arguments": true, "response": true, "generated_text": true, "outputText": true, "completion": true, "generation": true,
}
