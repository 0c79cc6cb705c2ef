package responses

import (
	"strconv"
	"unicode/utf8"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
)

// An output builds a response's items one after the other, and writes the events
// of a stream that tells of it. A whole reply is built the same way with the
// events left out, so that both always say the same.
type output struct {
	envelope
	quiet bool // no events
	w     jsonedit.Writer
	out   []byte // events written

	sequence int64
	size     int // of all text that is held for the end
	started  bool
	items    []*item
	open     *item // the message or reasoning that is being told
}

// An item is one of the output. Calls of tools may be open side by side.
type item struct {
	kind  string
	index int
	id    string
	raw   []byte // whole, once it is closed

	text   []byte // inside of a JSON string: of the open part, or a call's argument
	part   string // of a message: the type of its open part, "" if none
	parts  jsonedit.Writer
	n      int // parts closed
	notes  jsonedit.Writer
	noted  int
	probs  jsonedit.Writer
	probed int

	source int64  // of reasoning: what tells one thought from another
	shown  bool   // its summary has begun
	sealed string // its encrypted_content

	callID string
	name   []byte // a JSON string
}

var idPrefix = map[string]string{
	"message": "msg_", "reasoning": "rs_", "function_call": "fc_", "custom_tool_call": "ctc_", "web_search_call": "ws_",
}

// maxAnswer is how much text an answer may have: all of it is told once more at
// the end.
const maxAnswer = 64 << 20

// hold appends a piece to what is told again at the end.
func (o *output) hold(text *[]byte, piece []byte) {
	o.size += len(piece)
	*text = append(*text, piece...)
}

// tooLong is the error for an answer that is not held any longer.
func (o *output) tooLong() error {
	if o.size <= maxAnswer {
		return nil
	}
	return ai.Errorf(ai.BadGateway, "the provider's answer is longer than %d MiB", maxAnswer>>20)
}

// emit writes an event.
func (o *output) emit(kind string, body func(w *jsonedit.Writer)) {
	if o.quiet {
		return
	}
	w := &o.w
	w.Reset()
	w.Object()
	w.StringMember("type", kind)
	w.IntMember("sequence_number", o.sequence)
	o.sequence++
	body(w)
	w.EndObject()
	o.out = sse.AppendEvent(o.out, kind, w.Bytes())
}

// of writes the members that say which item an event is about.
func (it *item) of(w *jsonedit.Writer) {
	w.StringMember("item_id", it.id)
	w.IntMember("output_index", int64(it.index))
}

func (o *output) start() {
	if o.started {
		return
	}
	o.started = true
	for _, kind := range []string{"response.created", "response.in_progress"} {
		o.emit(kind, func(w *jsonedit.Writer) {
			w.Key("response")
			o.write(w, ending{status: "in_progress"}, []byte("[]"), ai.Usage{})
		})
	}
}

func (o *output) add(kind string) *item {
	o.start()
	it := &item{kind: kind, index: len(o.items)}
	it.id = idPrefix[kind] + o.base + "_" + strconv.Itoa(it.index)
	o.items = append(o.items, it)
	return it
}

func (o *output) added(it *item) {
	o.emit("response.output_item.added", func(w *jsonedit.Writer) {
		w.IntMember("output_index", int64(it.index))
		w.Key("item")
		it.write(w, "in_progress")
	})
}

// write writes the item as it stands.
func (it *item) write(w *jsonedit.Writer, status string) {
	w.Object()
	w.StringMember("id", it.id)
	w.StringMember("type", it.kind)
	switch it.kind {
	case "reasoning":
		w.Key("summary")
		w.Array()
		if status != "in_progress" && it.shown {
			summaryText(w, quote(it.text))
		}
		w.EndArray()
		if it.sealed != "" {
			w.StringMember("encrypted_content", it.sealed)
		}
	case "message":
		w.StringMember("status", status)
		w.StringMember("role", "assistant")
		w.Key("content")
		w.Array()
		if it.n > 0 && status != "in_progress" {
			w.Raw(it.parts.Bytes())
		}
		w.EndArray()
	case "web_search_call":
		w.StringMember("status", status)
		w.Key("action")
		w.Object()
		w.StringMember("type", "search")
		query := jsonedit.Get([]byte(jsonedit.Text(quote(it.text))), "query")
		if !isString(query) {
			query = []byte(`""`)
		}
		w.RawMember("query", query)
		w.EndObject()
	default:
		w.StringMember("status", status)
		w.StringMember("call_id", it.callID)
		w.RawMember("name", it.name)
		text := it.text
		if status == "in_progress" {
			text = nil
		}
		w.RawMember(argumentOf(it.kind), quote(text))
	}
	w.EndObject()
}

// close ends an item.
func (o *output) close(it *item, status string) {
	if it == nil || it.raw != nil {
		return
	}
	switch it.kind {
	case "message":
		o.closePart(it)
	case "reasoning":
		o.closeSummary(it)
	case "web_search_call":
		o.emit("response.web_search_call.completed", it.of)
	default:
		o.closeCall(it)
	}
	var w jsonedit.Writer
	it.write(&w, status)
	it.raw = w.Bytes()
	o.emit("response.output_item.done", func(w *jsonedit.Writer) {
		w.IntMember("output_index", int64(it.index))
		w.RawMember("item", it.raw)
	})
}

// turnTo ends the open message or reasoning, if it is another one.
func (o *output) turnTo(it *item) {
	if o.open != it {
		o.close(o.open, "completed")
		o.open = it
	}
}

// finish ends all items and the response, whose last item is cut if it is not
// complete.
func (o *output) finish(end ending, usage ai.Usage) {
	o.start()
	for _, it := range o.items {
		status := "completed"
		if it == o.items[len(o.items)-1] {
			status = end.status
		}
		o.close(it, status)
	}
	o.emit("response."+end.status, func(w *jsonedit.Writer) {
		w.Key("response")
		o.whole(w, end, usage)
	})
}

// whole writes the response with all its items.
func (o *output) whole(w *jsonedit.Writer, end ending, usage ai.Usage) {
	var items jsonedit.Writer
	items.Array()
	for _, it := range o.items {
		items.Raw(it.raw)
	}
	items.EndArray()
	o.write(w, end, items.Bytes(), usage)
}

// Fail implements dialect.Failer.
func (o *output) Fail(e *ai.Error) []byte {
	var w jsonedit.Writer
	var items jsonedit.Writer
	items.Array()
	for _, it := range o.items {
		if it.raw != nil {
			items.Raw(it.raw)
		}
	}
	items.EndArray()
	o.write(&w, ending{status: "failed"}, items.Bytes(), ai.Usage{})
	return failure(w.Bytes(), e, o.sequence)
}

// message makes sure that a message is open with a part of the type.
func (o *output) message(part string) *item {
	it := o.open
	if it == nil || it.kind != "message" {
		it = o.add("message")
		o.turnTo(it)
		o.added(it)
	}
	if it.part != part {
		o.closePart(it)
		it.part = part
		o.emit("response.content_part.added", func(w *jsonedit.Writer) {
			it.of(w)
			w.IntMember("content_index", int64(it.n))
			w.Key("part")
			it.writePart(w)
		})
	}
	return it
}

// writePart writes the open part as it stands.
func (it *item) writePart(w *jsonedit.Writer) {
	w.Object()
	w.StringMember("type", it.part)
	if it.part == "refusal" {
		w.RawMember("refusal", quote(it.text))
	} else {
		w.RawMember("text", quote(it.text))
		list := func(key string, items *jsonedit.Writer) {
			w.Key(key)
			w.Array()
			if items.Len() > 0 {
				w.Raw(items.Bytes())
			}
			w.EndArray()
		}
		list("annotations", &it.notes)
		list("logprobs", &it.probs)
	}
	w.EndObject()
}

// text tells a piece of the answer, a JSON string, and what is known of its
// tokens.
func (o *output) text(text, logprobs []byte) {
	it := o.message("output_text")
	o.hold(&it.text, inside(text))
	for entry := range jsonedit.Elements(logprobs) {
		it.probs.Raw(entry)
		o.size += len(entry)
	}
	o.emit("response.output_text.delta", func(w *jsonedit.Writer) {
		it.of(w)
		w.IntMember("content_index", int64(it.n))
		w.RawMember("delta", text)
		w.Key("logprobs")
		if jsonedit.Kind(logprobs) == '[' {
			w.Raw(logprobs)
		} else {
			w.Raw([]byte("[]"))
		}
	})
}

func (o *output) refusal(text []byte) {
	it := o.message("refusal")
	o.hold(&it.text, inside(text))
	o.emit("response.refusal.delta", func(w *jsonedit.Writer) {
		it.of(w)
		w.IntMember("content_index", int64(it.n))
		w.RawMember("delta", text)
	})
}

// annotate tells an annotation of the text.
func (o *output) annotate(annotation []byte) {
	it := o.message("output_text")
	it.notes.Raw(annotation)
	o.size += len(annotation)
	index := it.noted
	it.noted++
	o.emit("response.output_text.annotation.added", func(w *jsonedit.Writer) {
		it.of(w)
		w.IntMember("content_index", int64(it.n))
		w.IntMember("annotation_index", int64(index))
		w.RawMember("annotation", annotation)
	})
}

// said is the length in characters of the text that the open message has.
func (o *output) said() int {
	if o.open == nil || o.open.part != "output_text" {
		return 0
	}
	return utf8.RuneCountInString(jsonedit.Text(quote(o.open.text)))
}

func (o *output) closePart(it *item) {
	if it.part == "" {
		return
	}
	if it.part == "refusal" {
		o.emit("response.refusal.done", func(w *jsonedit.Writer) {
			it.of(w)
			w.IntMember("content_index", int64(it.n))
			w.RawMember("refusal", quote(it.text))
		})
	} else {
		o.emit("response.output_text.done", func(w *jsonedit.Writer) {
			it.of(w)
			w.IntMember("content_index", int64(it.n))
			w.RawMember("text", quote(it.text))
			w.Key("logprobs")
			w.Array()
			if it.probs.Len() > 0 {
				w.Raw(it.probs.Bytes())
			}
			w.EndArray()
		})
	}
	o.emit("response.content_part.done", func(w *jsonedit.Writer) {
		it.of(w)
		w.IntMember("content_index", int64(it.n))
		w.Key("part")
		it.writePart(w)
	})
	it.writePart(&it.parts)
	it.n++
	it.part, it.text, it.noted = "", nil, 0
	it.notes.Reset()
	it.probs.Reset()
}

// anyThought is the source of reasoning that is not told apart.
const anyThought = -1

// thought makes sure that reasoning of the source is open.
func (o *output) thought(source int64) *item {
	it := o.open
	if it == nil || it.kind != "reasoning" || it.source != source {
		it = o.add("reasoning")
		it.source = source
		o.turnTo(it)
		o.added(it)
	}
	return it
}

// think tells a piece of reasoning, a JSON string.
func (o *output) think(source int64, text []byte) {
	it := o.thought(source)
	if !it.shown {
		it.shown = true
		o.summary("response.reasoning_summary_part.added", it, func(w *jsonedit.Writer) {
			w.Key("part")
			summaryText(w, []byte(`""`))
		})
	}
	o.hold(&it.text, inside(text))
	o.summary("response.reasoning_summary_text.delta", it, func(w *jsonedit.Writer) { w.RawMember("delta", text) })
}

func (o *output) closeSummary(it *item) {
	if !it.shown {
		return
	}
	o.summary("response.reasoning_summary_text.done", it, func(w *jsonedit.Writer) { w.RawMember("text", quote(it.text)) })
	o.summary("response.reasoning_summary_part.done", it, func(w *jsonedit.Writer) {
		w.Key("part")
		summaryText(w, quote(it.text))
	})
}

func (o *output) summary(kind string, it *item, body func(w *jsonedit.Writer)) {
	o.emit(kind, func(w *jsonedit.Writer) {
		it.of(w)
		w.IntMember("summary_index", 0)
		body(w)
	})
}

// call begins a call of a tool.
func (o *output) call(kind, id string, name []byte) *item {
	o.turnTo(nil)
	it := o.add(kind)
	it.callID, it.name = orElse(id, "call_"+o.base+"_"+strconv.Itoa(it.index)), name
	o.added(it)
	return it
}

// argue tells a piece of a call's argument: the inside of a JSON string.
func (o *output) argue(it *item, text []byte) {
	o.hold(&it.text, text)
	kind := "response.function_call_arguments.delta"
	if it.kind == "custom_tool_call" {
		kind = "response.custom_tool_call_input.delta"
	}
	o.emit(kind, func(w *jsonedit.Writer) {
		it.of(w)
		w.RawMember("delta", quote(text))
	})
}

func (o *output) closeCall(it *item) {
	if it.kind == "custom_tool_call" {
		o.emit("response.custom_tool_call_input.done", func(w *jsonedit.Writer) {
			it.of(w)
			w.RawMember("input", quote(it.text))
		})
		return
	}
	if len(it.text) == 0 {
		o.argue(it, []byte("{}")) // arguments are the text of an object
	}
	o.emit("response.function_call_arguments.done", func(w *jsonedit.Writer) {
		it.of(w)
		w.RawMember("name", it.name)
		w.RawMember("arguments", quote(it.text))
	})
}

// search begins a search that the provider makes itself; its input follows.
func (o *output) search(source int64, input []byte) *item {
	it := o.add("web_search_call")
	it.source = source
	o.turnTo(it)
	if !isEmpty(input) {
		it.text = inside(jsonedit.AppendQuoted(nil, input))
	}
	o.added(it)
	for _, state := range []string{"in_progress", "searching"} {
		o.emit("response.web_search_call."+state, it.of)
	}
	return it
}
