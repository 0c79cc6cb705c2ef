package responses

import (
	"fmt"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// A turn collects what the assistant said in a row: items of the Responses API
// are finer than the hub's messages.
type turn struct {
	texts, refusals [][]byte
	thoughts        [][]byte // for a provider that takes them as reasoning_content
	calls, blocks   jsonedit.Writer
	called, thought int // how many are in calls, and how many blocks are no text
	block           int // how many are in blocks
}

func (m *turn) empty() bool {
	return len(m.texts)+len(m.refusals)+len(m.thoughts)+m.called+m.block == 0
}

func (m *turn) says() bool { return len(m.texts)+len(m.refusals) > 0 }

// input writes the conversation.
func (t *toHub) input(input []byte) {
	switch jsonedit.Kind(input) {
	case '"':
		t.message("user", input, "input")
	case '[':
		i := 0
		for item := range jsonedit.Elements(input) {
			t.item(item, fmt.Sprintf("input[%d]", i))
			i++
		}
		t.closeTurn()
		t.closeImages()
	case 0: // instructions alone are a request
	default:
		t.fail("input", "must be a string or an array of items")
	}
}

func (t *toHub) item(raw []byte, path string) {
	m := split(raw)
	kind := m.text("type")
	if kind == "" && jsonedit.Text(jsonedit.Object(m).Look("role")) != "" {
		kind = "message"
	}
	switch kind {
	case "message":
		t.messageItem(m, path)
	case "function_call", "custom_tool_call":
		t.call(m, kind, path)
	case "function_call_output", "custom_tool_call_output":
		t.result(m, path)
	case "reasoning":
		t.thought(m, path)
	case "web_search_call":
		t.c.Drop(path, "chat completions do not tell of earlier searches: of what was found, the next turn has what the answer says")
	case "item_reference":
		t.fail(path, "this provider keeps no items to refer to; send the item itself")
	case "":
		t.fail(path+".type", "an item must have a type or a role")
	default:
		t.c.Drop(path, fmt.Sprintf("chat completions have no item of type %q", kind))
	}
}

// rest says what of an item is lost. Ids and states mean nothing elsewhere.
func (t *toHub) rest(m members, path string) {
	for _, key := range []string{"id", "status", "role", "created_by"} {
		m.take(key)
	}
	for key := range m.left {
		t.c.Drop(path+"."+key, notInHub)
	}
}

func (t *toHub) messageItem(m members, path string) {
	role, content := jsonedit.Text(jsonedit.Object(m).Look("role")), m.take("content")
	t.rest(m, path)
	switch role {
	case "assistant":
		t.said(content, path)
	case "user":
		t.message(role, content, path)
	case "system", "developer":
		t.message("system", content, path) // the name that every server knows
	default:
		t.fail(path+".role", "%q is none of user, assistant, system, developer", role)
	}
}

// message writes a message of anybody but the assistant.
func (t *toHub) message(role string, content []byte, path string) {
	t.closeTurn()
	if role != "user" {
		t.closeImages()
	}
	p := parts{t: t, path: path + ".content"}
	if t.images != nil {
		p, t.images = *t.images, nil
		p.path = path + ".content"
	}
	switch jsonedit.Kind(content) {
	case '"':
		p.text(content, p.path)
	case '[':
		p.read(content)
	default:
		t.fail(path+".content", "must be a string or an array of parts")
	}
	separator := "\\n"
	if role == "user" {
		separator = ""
	}
	t.w.Object()
	t.w.StringMember("role", role)
	t.w.Key("content")
	p.write(&t.w, separator)
	t.w.EndObject()
}

// said adds a message of the assistant's. What follows calls of tools belongs to
// the same turn: their results must come right after it.
func (t *toHub) said(content []byte, path string) {
	if t.turn.says() && t.turn.called == 0 {
		t.closeTurn()
	}
	if isString(content) {
		t.saidText(content)
		return
	}
	i := 0
	for part := range jsonedit.Elements(content) {
		at := fmt.Sprintf("%s.content[%d]", path, i)
		switch kind := typeOf(part); kind {
		case "output_text", "input_text", "text":
			if text := jsonedit.Get(part, "text"); isString(text) {
				t.saidText(text)
			} else {
				t.fail(at+".text", "must be a string")
			}
			if !isEmpty(jsonedit.Get(part, "annotations")) {
				t.c.Drop(at+".annotations", "chat completions do not tell what an earlier answer was from: the next turn has its text alone")
			}
		case "refusal":
			t.turn.refusals = append(t.turn.refusals, jsonedit.Get(part, "refusal"))
		default:
			t.c.Drop(at, fmt.Sprintf("an assistant's message takes no content of type %q", kind))
		}
		i++
	}
}

func (t *toHub) saidText(text []byte) {
	t.turn.texts = append(t.turn.texts, text)
	w := t.turn.open()
	w.Object()
	w.StringMember("type", "text")
	w.RawMember("text", text)
	w.EndObject()
}

// open makes room for another block.
func (m *turn) open() *jsonedit.Writer {
	if m.block++; m.block == 1 {
		m.blocks.Array()
	}
	return &m.blocks
}

// thought adds reasoning to the turn that it led to.
func (t *toHub) thought(m members, path string) {
	sealed := m.text("encrypted_content")
	var texts [][]byte
	for _, key := range []string{"summary", "content"} {
		for part := range jsonedit.Elements(m.take(key)) {
			if text := jsonedit.Get(part, "text"); isString(text) {
				texts = append(texts, text)
			}
		}
	}
	t.rest(m, path)
	if t.turn.says() && t.turn.called == 0 {
		t.closeTurn()
	}
	signature, redacted, ours := unseal(sealed)
	switch {
	case sealed == "" && len(texts) == 0: // it says nothing
	case t.c.Strict && t.c.Thoughts && len(texts) > 0:
		t.turn.thoughts = append(t.turn.thoughts, texts...)
	case t.c.Strict:
		t.c.Drop(path, "OpenAI's chat completions take no reasoning")
	case !ours && sealed != "": // what nobody sealed is for the provider to take or refuse
		t.c.Drop(path, "the reasoning is not sealed by a provider that this one takes it from")
	default:
		t.turn.thought++
		w := t.turn.open()
		w.Object()
		if redacted != "" {
			w.StringMember("type", "redacted_thinking")
			w.StringMember("data", redacted)
		} else {
			w.StringMember("type", "thinking")
			w.Key("thinking")
			w.Raw(orEmpty(texts))
			w.StringMember("signature", signature)
		}
		w.EndObject()
	}
}

func orEmpty(texts [][]byte) []byte {
	if len(texts) == 0 {
		return []byte(`""`)
	}
	return joinTexts(texts, "\\n\\n")
}

// call adds a call of a tool to the turn.
func (t *toHub) call(m members, kind, path string) {
	id, name := m.text("call_id"), m.take("name")
	if id == "" {
		t.fail(path+".call_id", "the call needs an id, which its result names")
	}
	if !isString(name) {
		t.fail(path+".name", "must be a string")
	}
	if t.turn.called++; t.turn.called == 1 {
		t.turn.calls.Array()
	}
	w := &t.turn.calls
	w.Object()
	w.StringMember("id", id)
	what, argument := "function", "arguments"
	if kind == "custom_tool_call" {
		what, argument = "custom", "input"
	}
	w.StringMember("type", what)
	w.Key(what)
	w.Object()
	w.RawMember("name", name)
	if input := m.take(argument); isString(input) {
		w.RawMember(argument, input)
	} else {
		w.StringMember(argument, "")
	}
	w.EndObject()
	w.EndObject()
	t.rest(m, path)
}

// closeTurn writes the assistant's turn, if there is one.
func (t *toHub) closeTurn() {
	m := &t.turn
	if m.empty() {
		return
	}
	t.closeImages()
	w := &t.w
	w.Object()
	w.StringMember("role", "assistant")
	switch {
	case len(m.texts) > 0:
		w.RawMember("content", joinTexts(m.texts, ""))
	case m.called > 0 || len(m.refusals) > 0:
		w.RawMember("content", nil)
	default:
		w.StringMember("content", "")
	}
	if len(m.refusals) > 0 {
		w.RawMember("refusal", joinTexts(m.refusals, ""))
	}
	if len(m.thoughts) > 0 {
		w.RawMember("reasoning_content", joinTexts(m.thoughts, "\\n\\n"))
	}
	if m.thought > 0 {
		m.blocks.EndArray()
		w.RawMember("content_blocks", m.blocks.Bytes())
	}
	if m.called > 0 {
		m.calls.EndArray()
		w.RawMember("tool_calls", m.calls.Bytes())
	}
	w.EndObject()
	t.turn = turn{}
}

// result writes a tool's result. OpenAI takes no images in one, so that in a
// strict conversion they go to a user's message after all the results.
func (t *toHub) result(m members, path string) {
	t.closeTurn()
	id, output := m.text("call_id"), m.take("output")
	if id == "" {
		t.fail(path+".call_id", "a result must name the call it answers")
	}
	t.w.Object()
	t.w.StringMember("role", "tool")
	t.w.StringMember("tool_call_id", id)
	t.w.Key("content")
	switch jsonedit.Kind(output) {
	case '"':
		t.w.Raw(output)
	case '[':
		p := parts{t: t, path: path + ".output"}
		if t.c.Strict {
			if t.images == nil {
				t.images = &parts{t: t}
			}
			p.media = t.images
		}
		p.read(output)
		p.write(&t.w, "\\n")
	default:
		t.fail(path+".output", "must be a string or an array of parts")
		t.w.String("")
	}
	t.w.EndObject()
	m.take("name")
	t.rest(m, path)
}

// closeImages writes the images that tools' results brought.
func (t *toHub) closeImages() {
	p := t.images
	if t.images = nil; p == nil || p.n == 0 {
		return
	}
	t.w.Object()
	t.w.StringMember("role", "user")
	t.w.Key("content")
	p.write(&t.w, "")
	t.w.EndObject()
}
