package gemini

import (
	"fmt"
	"strings"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
)

// A turn collects the parts of what a model said for a hub message: its text, its
// calls, and, as content_blocks, everything with more to it, in order:
//
//   - a thought is {"type":"thinking","thinking":…,"signature":…}, as Anthropic's;
//   - a signature of a text stands after it as a thinking block without a thought;
//   - an image is {"type":"image_url",…};
//   - what else there is passes as {"type":"gemini_part","part":…}.
type turn struct {
	c     *dialect.Conversion
	path  string // of the content
	reply bool   // a client will send it back; else it goes to a provider

	texts  [][]byte
	said   int // of texts, those that a block has
	calls  jsonedit.Writer
	called int
	audio  string // data of what was spoken
	blocks jsonedit.Writer
	kept   int  // blocks written
	more   bool // a block says more than the text does

	thought   [][]byte // of a thought that may go on in the next part
	thinking  bool     // there is such a thought
	thoughts  [][]byte // for a provider that takes them as reasoning_content
	pendingID []pendingCall
}

// pendingCall is a call that has no result yet.
type pendingCall struct{ name, id string }

func (t *turn) begin() {
	t.calls.Array()
	t.blocks.Array()
}

// read takes the parts of a content. id names a call that has no id of its own.
func (t *turn) read(list []byte, id func(n int) string) {
	i := 0
	for part := range jsonedit.Elements(list) {
		t.part(part, fmt.Sprintf("%s.parts[%d]", t.path, i), id)
		i++
	}
}

func (t *turn) end() {
	t.endThought("")
	t.endText()
	t.calls.EndArray()
	t.blocks.EndArray()
}

func (t *turn) part(part []byte, path string, id func(n int) string) {
	m := splitOwn(part)
	thought, signature := string(m.take("thought")) == "true", m.text("thoughtSignature")
	text, call := m.take("text"), m.take("functionCall")
	if thought && jsonedit.Kind(text) == '"' {
		if t.c.Strict && t.c.Thoughts && !t.reply {
			t.thoughts = append(t.thoughts, text)
			return
		}
		if t.c.Strict {
			t.c.Drop(path, "OpenAI's messages have nothing like a thought")
			return
		}
		if data := jsonedit.Text(get(m.take("partMetadata"), "redactedThinking")); data != "" {
			t.endThought("")
			t.block("redacted_thinking", func(w *jsonedit.Writer) { w.StringMember("data", data) })
			return
		}
		t.thought, t.thinking = append(t.thought, text), true
		if signature != "" {
			t.endThought(signature)
		}
		return
	}
	t.endThought("")
	switch {
	case call != nil:
		t.call(call, signature, path, id)
		signature = ""
	case jsonedit.Kind(text) == '"':
		if !jsonedit.IsEmpty(text) || signature == "" {
			t.texts = append(t.texts, text)
			if t.reply {
				t.endText()
			}
		}
	default:
		t.other(part, path)
	}
	if signature != "" {
		t.signature(signature, path)
	}
}

// endText writes the texts since the last block as one. A client gives back as
// many as the pieces were in which it was streamed.
func (t *turn) endText() {
	if t.said == len(t.texts) {
		return
	}
	t.more = t.more || t.said > 0
	t.kept++
	t.blocks.Object()
	t.blocks.StringMember("type", "text")
	t.blocks.RawMember("text", jsonedit.JoinTexts(t.texts[t.said:], ""))
	t.blocks.EndObject()
	t.said = len(t.texts)
}

func (t *turn) block(kind string, members func(*jsonedit.Writer)) {
	t.endText()
	t.kept, t.more = t.kept+1, true
	t.blocks.Object()
	t.blocks.StringMember("type", kind)
	members(&t.blocks)
	t.blocks.EndObject()
}

// endThought writes the thought that has been collected.
func (t *turn) endThought(signature string) {
	if !t.thinking {
		return
	}
	text := jsonedit.JoinTexts(t.thought, "")
	t.thought, t.thinking = nil, false
	t.block("thinking", func(w *jsonedit.Writer) {
		w.RawMember("thinking", text)
		w.StringMember("signature", signature)
	})
}

func (t *turn) signature(signature, path string) {
	if t.c.Strict {
		t.c.Drop(path+".thoughtSignature", notInHub)
		return
	}
	t.block("thinking", func(w *jsonedit.Writer) {
		w.StringMember("thinking", "")
		w.StringMember("signature", signature)
	})
}

// other carries a part that is neither text nor a call.
func (t *turn) other(part []byte, path string) {
	blob := splitOwn(get(part, "inlineData"))
	mime := blob.text("mimeType")
	if strings.HasPrefix(mime, "audio/") && !t.c.Onward && t.audio == "" {
		t.audio = standardBase64(blob.text("data")) // PCM, which OpenAI has as pcm16
		if t.c.Strict {
			return
		}
	}
	switch {
	case t.c.Strict, t.c.Onward:
		t.c.Drop(path, notInHub)
	case strings.HasPrefix(mime, "image/"):
		t.block("image_url", func(w *jsonedit.Writer) {
			w.Key("image_url")
			w.Object()
			w.StringMember("url", "data:"+mime+";base64,"+standardBase64(blob.text("data")))
			w.EndObject()
		})
	default:
		t.block(ownBlock, func(w *jsonedit.Writer) { w.RawMember("part", part) })
	}
}

// call writes a function call. Its signature goes where the caller's client will
// send it back from; see signature.go.
func (t *turn) call(call []byte, signature, path string, newID func(n int) string) {
	m := splitOwn(call)
	id, name, args := m.text("id"), m.take("name"), m.take("args")
	if id == "" {
		id = newID(t.called)
	}
	if jsonedit.Kind(args) != '{' {
		args = []byte("{}")
	}
	t.called++
	t.pendingID = append(t.pendingID, pendingCall{jsonedit.Text(name), id})
	if !t.reply && signature != "" && !extended(t.c) {
		t.c.Drop(path+".thoughtSignature", "it says nothing to another provider")
		signature = ""
	}
	writeCall(t.c, &t.calls, -1, id, name, args, signature, t.reply)
}

// writeCall writes a call of the hub; index is that of a stream's, -1 for none. A
// reply's signature goes into the id.
func writeCall(c *dialect.Conversion, w *jsonedit.Writer, index int, id string, name, args []byte, signature string, reply bool) {
	if reply {
		id = signedID(id, signature)
	}
	w.Object()
	if index >= 0 {
		w.IntMember("index", int64(index))
	}
	w.StringMember("id", id)
	w.StringMember("type", "function")
	w.Key("function")
	w.Object()
	w.RawMember("name", name)
	w.Key("arguments")
	w.Quoted(args)
	if signature != "" && extended(c) {
		w.StringMember("thought_signature", signature)
	}
	w.EndObject()
	w.EndObject()
}

// write writes the members content, tool_calls and content_blocks of a message.
func (t *turn) write(w *jsonedit.Writer, always bool) {
	w.Key("content")
	switch {
	case len(t.texts) > 0:
		w.Raw(jsonedit.JoinTexts(t.texts, ""))
	case t.called > 0:
		w.Raw(nil)
	default:
		w.String("")
	}
	if len(t.thoughts) > 0 {
		w.RawMember("reasoning_content", jsonedit.JoinTexts(t.thoughts, ""))
	}
	if t.called > 0 {
		w.RawMember("tool_calls", t.calls.Bytes())
	}
	if t.kept > 0 && (t.more || always) && !t.c.Strict {
		w.RawMember("content_blocks", t.blocks.Bytes())
	}
}
