package cohere

import (
	"fmt"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
)

func replyToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	reply := jsonedit.Split(body)
	message := reply.Take("message")
	reason := reply.Text("finish_reason")
	if jsonedit.Kind(message) != '{' {
		return nil, badReply("a chat of Cohere's", "it has no message")
	}
	if e := failure(reason, ""); e != nil {
		return nil, e
	}
	m := jsonedit.Split(message)
	m.Take("role")
	var w jsonedit.Writer
	w.Grow(len(body) + 512)
	w.Object()
	w.StringMember("id", orElse(reply.Text("id"), c.ID))
	w.StringMember("object", "chat.completion")
	w.IntMember("created", c.Now)
	w.StringMember("model", c.Model)
	w.Key("choices")
	w.Array()
	w.Object()
	w.IntMember("index", 0)
	w.Key("message")
	text := writeHubMessage(&w, c, m, c.Drop)
	w.Key("logprobs")
	writeLogprobs(&w, reply.Take("logprobs"), jsonedit.TextLen(text))
	w.StringMember("finish_reason", finishToHub(c, reason))
	w.EndObject()
	w.EndArray()
	raw := reply.Take("usage")
	if u := parseUsage(raw); u.Known {
		w.Key("usage")
		writeUsageToHub(&w, c, u, raw)
	}
	w.EndObject()
	return w.Bytes(), nil
}

// writeHubMessage writes an assistant's message for the hub and returns its
// text. What is lost is told to drop.
func writeHubMessage(w *jsonedit.Writer, c *dialect.Conversion, m jsonedit.Object, drop func(path, reason string)) []byte {
	content, calls, plan := m.Take("content"), m.Take("tool_calls"), m.Take("tool_plan")
	citations := m.Take("citations")
	var own jsonedit.Writer
	own.Array()
	var texts [][]byte
	cited := jsonedit.Length(citations) > 0
	ownNeeded := cited
	text := func(t []byte) {
		if !isText(t) {
			return
		}
		texts = append(texts, t)
		writeOwnText(&own, t, citations)
		citations = nil // they are told once
	}
	planned := func() { // after the thoughts, as it is streamed
		text(plan)
		plan = nil
	}
	i := 0
	for block := range jsonedit.Elements(content) {
		switch kind := typeOf(block); {
		case kind == "text":
			planned()
			text(jsonedit.Get(block, "text"))
		case c.Strict:
			drop(fmt.Sprintf("content[%d]", i), fmt.Sprintf("OpenAI's messages have nothing like a block of type %q", kind))
		case kind == "thinking":
			ownNeeded = true
			writeOwnThinking(&own, jsonedit.Get(block, "thinking"))
		default:
			ownNeeded = true
			own.Raw(block)
		}
		i++
	}
	planned()
	text(content)
	own.EndArray()
	switch {
	case cited && c.Strict:
		drop("citations", "OpenAI's messages have nothing like citations of documents")
	case jsonedit.Length(citations) > 0:
		drop("citations", "there is no text that they could stand at")
	}
	w.Object()
	w.StringMember("role", "assistant")
	var joined []byte
	switch {
	case len(texts) > 0:
		joined = jsonedit.JoinTexts(texts, "")
		w.RawMember("content", joined)
	case jsonedit.Length(calls) > 0:
		w.RawMember("content", nil)
	default:
		w.StringMember("content", "")
	}
	if jsonedit.Length(calls) > 0 {
		w.Key("tool_calls")
		w.Array()
		for call := range jsonedit.Elements(calls) {
			writeHubCall(w, call)
		}
		w.EndArray()
	}
	if ownNeeded && !c.Strict {
		w.RawMember("content_blocks", own.Bytes())
	}
	w.EndObject()
	return joined
}

func writeHubCall(w *jsonedit.Writer, call []byte) {
	w.Object()
	w.RawMember("id", jsonedit.Get(call, "id"))
	w.StringMember("type", "function")
	w.Key("function")
	w.Object()
	w.RawMember("name", jsonedit.Get(call, "function", "name"))
	w.RawMember("arguments", arguments(jsonedit.Get(call, "function", "arguments")))
	w.EndObject()
	w.EndObject()
}

func writeOwnThinking(w *jsonedit.Writer, thinking []byte) {
	w.Object()
	w.StringMember("type", "thinking")
	w.RawMember("thinking", thinking)
	w.StringMember("signature", "")
	w.EndObject()
}

func writeOwnText(w *jsonedit.Writer, text, citations []byte) {
	w.Object()
	w.StringMember("type", "text")
	w.RawMember("text", text)
	if jsonedit.Length(citations) > 0 {
		w.Key("citations")
		w.Array()
		for citation := range jsonedit.Elements(citations) {
			writeCitation(w, citation)
		}
		w.EndArray()
	}
	w.EndObject()
}

// writeCitation writes a citation in Anthropic's form, of its first source, with
// Cohere's own beside it.
func writeCitation(w *jsonedit.Writer, citation []byte) {
	source := firstElement(jsonedit.Get(citation, "sources"))
	title := jsonedit.Get(source, "document", "title")
	w.Object()
	w.StringMember("type", "search_result_location")
	w.RawMember("cited_text", jsonedit.Get(citation, "text"))
	w.StringMember("source", jsonedit.Text(jsonedit.Get(source, "id")))
	if jsonedit.Kind(title) != '"' {
		title = nil
	}
	w.RawMember("title", title)
	w.IntMember("search_result_index", 0)
	w.IntMember("start_block_index", 0)
	w.IntMember("end_block_index", 1)
	w.RawMember("cohere", citation)
	w.EndObject()
}

// writeLogprobs writes Cohere's log probabilities in OpenAI's form, each chunk of
// text as a token. They also cover what was thought before the answer, which the
// hub's do not: only those of the last textLen bytes are written.
func writeLogprobs(w *jsonedit.Writer, items []byte, textLen int) {
	if jsonedit.Length(items) == 0 {
		w.Raw(nil)
		return
	}
	total := 0
	for item := range jsonedit.Elements(items) {
		total += jsonedit.TextLen(jsonedit.Get(item, "text"))
	}
	w.Object()
	w.Key("content")
	w.Array()
	for item := range jsonedit.Elements(items) {
		if total <= textLen {
			writeLogprob(w, item)
		}
		total -= jsonedit.TextLen(jsonedit.Get(item, "text"))
	}
	w.EndArray()
	w.RawMember("refusal", nil)
	w.EndObject()
}
