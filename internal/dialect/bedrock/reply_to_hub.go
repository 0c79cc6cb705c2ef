package bedrock

import (
	"fmt"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/objects"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

const notInHub = "OpenAI's chat completions have nothing like it"

// ReplyToHub implements dialect.Translator.
func (Format) ReplyToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	switch c.Op {
	case ai.Models:
		return modelsToHub(c, body)
	case ai.Embed:
		return embeddingToHub(c, body)
	case ai.ImageGenerate, ai.ImageEdit, ai.ImageVary:
		return picturesToHub(c, body)
	case ai.Rerank:
		return rankingToHub(c, body)
	case ai.CreateBatch:
		return createdToHub(c, body)
	case ai.GetBatch:
		return jobToHub(c, body)
	case ai.ListBatches:
		return jobsToHub(c, body)
	case ai.CancelBatch:
		return objects.Cancelled(c.Object), nil
	case ai.CreateFinetune:
		return customizedToHub(c, body)
	case ai.GetFinetune:
		return customizationToHub(c, body)
	case ai.ListFinetunes:
		return customizationsToHub(c, body)
	case ai.CancelFinetune:
		return objects.Stopping(c.Object), nil
	case ai.GetFile, ai.UploadFile:
		return fileToHub(c, body)
	case ai.GetFileContent:
		return body, nil // one that happens to be JSON
	}
	reply := split(body)
	content := jsonedit.Get(reply.take("output"), "message", "content")
	if jsonedit.Kind(content) != '[' {
		return nil, badReply("one of Converse", "it has no message")
	}
	var w jsonedit.Writer
	w.Grow(len(body) + 256)
	w.Object()
	w.StringMember("id", c.ID)
	w.StringMember("object", "chat.completion")
	w.IntMember("created", c.Now)
	w.StringMember("model", c.Model)
	w.Key("choices")
	w.Array()
	w.Object()
	w.IntMember("index", 0)
	w.Key("message")
	h := hubContent{c: c, path: "output.message.content"}
	h.read(content)
	h.message(&w, true)
	w.RawMember("logprobs", nil)
	w.StringMember("finish_reason", stopToHub(reply.text("stopReason"), len(h.calls.items) > 0, c))
	w.EndObject()
	w.EndArray()
	usage := parseUsage(reply.take("usage"), reply.take("serviceTier"))
	if usage.Known {
		w.Key("usage")
		openai.WriteUsage(&w, usage)
	}
	if usage.ServiceTier != "" {
		w.StringMember("service_tier", usage.ServiceTier)
	}
	reply.take("metrics") // the gateway measures for itself
	writeExtensions(&w, c, reply)
	w.EndObject()
	return w.Bytes(), nil
}

// writeExtensions writes what is left of a reply, such as a guardrail's trace.
func writeExtensions(w *jsonedit.Writer, c *dialect.Conversion, m members) {
	for key, value := range m.left {
		if c.Strict {
			c.Drop(key, notInHub)
			continue
		}
		w.RawMember(key, value)
	}
}

// hubContent is the content of an assistant's message on its way to the hub.
type hubContent struct {
	c     *dialect.Conversion
	path  string
	texts [][]byte
	calls marked
	own   marked // blocks in Anthropic's form, calls left out
	more  bool   // own says more than the texts, joined, do
	last  *marked
}

// read sorts blocks into texts, calls and the rest.
func (h *hubContent) read(content []byte) {
	h.calls, h.own = marked{c: h.c, path: h.path}, marked{c: h.c, path: h.path}
	h.last = &h.own
	i := 0
	for block := range jsonedit.Elements(content) {
		h.block(block, i)
		i++
	}
	h.more = h.more || len(h.own.items) > 1
}

func (h *hubContent) block(block []byte, i int) {
	path := fmt.Sprintf("%s[%d]", h.path, i)
	for key, value := range jsonedit.Members(block) {
		switch string(key) {
		case "text":
			h.text(value, nil)
		case "toolUse":
			if jsonedit.Text(jsonedit.Get(value, "type")) == "server_tool_use" {
				h.keep(path, "a tool that the provider ran", func(w *jsonedit.Writer) { writeServerTool(w, value) })
				return
			}
			h.last = &h.calls
			h.calls.add(hubCall(value))
		case "reasoningContent":
			h.keep(path, "reasoning", func(w *jsonedit.Writer) { writeThinking(w, value) })
		case "citationsContent":
			h.cited(value, path)
		case "cachePoint":
			h.more = h.more || h.last == &h.own
			h.last.mark(value, i)
		case "type": // some models write it beside the block
			continue
		default:
			h.keep(path, string(key), func(w *jsonedit.Writer) {
				w.StringMember("type", foreign)
				w.RawMember(foreign, block)
			})
		}
		return
	}
}

// text takes a text, which some models leave blank beside a call.
func (h *hubContent) text(text, citations []byte) {
	if jsonedit.Kind(text) != '"' {
		return
	}
	h.texts = append(h.texts, text)
	h.add(func(w *jsonedit.Writer) {
		w.StringMember("type", "text")
		w.RawMember("text", text)
		if citations != nil {
			h.more = true
			w.RawMember("citations", citations)
		}
	})
}

func (h *hubContent) add(members func(*jsonedit.Writer)) {
	var w jsonedit.Writer
	w.Object()
	members(&w)
	w.EndObject()
	h.last = &h.own
	h.own.add(w.Bytes())
}

// keep takes a block that only extensions carry.
func (h *hubContent) keep(path, what string, members func(*jsonedit.Writer)) {
	if h.c.Strict {
		h.c.Drop(path, "OpenAI's messages have nothing like a block of "+what)
		return
	}
	h.more = true
	h.add(members)
}

// cited takes a text with what it quotes.
func (h *hubContent) cited(block []byte, path string) {
	var texts [][]byte
	for part := range jsonedit.Elements(jsonedit.Get(block, "content")) {
		if text := jsonedit.Get(part, "text"); jsonedit.Kind(text) == '"' {
			texts = append(texts, text)
		}
	}
	var w jsonedit.Writer
	w.Array()
	n := 0
	for citation := range jsonedit.Elements(jsonedit.Get(block, "citations")) {
		n++
		writeCitation(&w, citation)
	}
	w.EndArray()
	switch {
	case n == 0:
		h.text(jsonedit.JoinTexts(texts, ""), nil)
	case h.c.Strict:
		h.c.Drop(path+".citations", notInHub)
		h.text(jsonedit.JoinTexts(texts, ""), nil)
	default:
		h.text(jsonedit.JoinTexts(texts, ""), w.Bytes())
	}
}

// message writes an assistant message. A reply's blocks are always given beside
// its text; those of a request only if they say more.
func (h *hubContent) message(w *jsonedit.Writer, reply bool) {
	w.Object()
	w.StringMember("role", "assistant")
	switch {
	case len(h.texts) > 0:
		w.RawMember("content", jsonedit.JoinTexts(h.texts, ""))
	case len(h.calls.items) > 0:
		w.RawMember("content", nil)
	default:
		w.StringMember("content", "")
	}
	if reply {
		w.RawMember("refusal", nil)
	}
	if len(h.own.items) > 0 && (reply || h.more) && !h.c.Strict {
		w.Key("content_blocks")
		h.own.write(w)
	}
	if len(h.calls.items) > 0 {
		w.Key("tool_calls")
		h.calls.write(w)
	}
	w.EndObject()
}

// hubCall is a tool call of the hub.
func hubCall(use []byte) []byte {
	var w jsonedit.Writer
	w.Object()
	w.RawMember("id", jsonedit.Get(use, "toolUseId"))
	w.StringMember("type", "function")
	w.Key("function")
	w.Object()
	w.RawMember("name", jsonedit.Get(use, "name"))
	w.Key("arguments")
	input := jsonedit.Get(use, "input")
	switch {
	case isEmpty(input): // some models send "" for nothing
		w.String("{}")
	case jsonedit.Kind(input) == '"':
		w.Raw(input)
	default:
		w.Quoted(input)
	}
	w.EndObject()
	w.EndObject()
	return w.Bytes()
}

func writeServerTool(w *jsonedit.Writer, use []byte) {
	w.StringMember("type", "server_tool_use")
	w.RawMember("id", jsonedit.Get(use, "toolUseId"))
	w.RawMember("name", jsonedit.Get(use, "name"))
	w.RawMember("input", jsonedit.Get(use, "input"))
}

// writeThinking writes the members of a thinking block in Anthropic's form.
func writeThinking(w *jsonedit.Writer, reasoning []byte) {
	if text := jsonedit.Get(reasoning, "reasoningText"); text != nil {
		w.StringMember("type", "thinking")
		w.RawMember("thinking", orEmpty(jsonedit.Get(text, "text")))
		w.RawMember("signature", orEmpty(jsonedit.Get(text, "signature")))
		return
	}
	w.StringMember("type", "redacted_thinking")
	w.RawMember("data", orEmpty(jsonedit.Get(reasoning, "redactedContent")))
}

func orEmpty(text []byte) []byte {
	if jsonedit.Kind(text) != '"' {
		return []byte(`""`)
	}
	return text
}
