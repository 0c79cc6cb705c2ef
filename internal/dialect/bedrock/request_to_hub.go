package bedrock

import (
	"fmt"
	"strconv"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
)

// RequestToHub implements dialect.Translator. A strict conversion writes only
// what OpenAI's API takes.
func (Format) RequestToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	if c.Op != "" && c.Op != ai.Chat {
		return nil, unsupported(c.Op)
	}
	t := toHub{c: c, top: split(body)}
	t.w.Grow(len(body) + len(body)/8)
	t.request()
	if t.err != nil {
		return nil, t.err
	}
	return t.w.Bytes(), nil
}

// toHub translates one request to the hub.
type toHub struct {
	c   *dialect.Conversion
	w   jsonedit.Writer
	err *ai.Error // the first fault
	top members
	at  int // index of the message at hand
}

func (t *toHub) fail(path, format string, args ...any) {
	if t.err == nil {
		t.err = invalid(path, format, args...)
	}
}

// drop records what of the message at hand could not be carried.
func (t *toHub) drop(path, reason string) {
	t.c.Drop("messages["+strconv.Itoa(t.at)+"]."+path, reason)
}

func (t *toHub) request() {
	w := &t.w
	w.Object()
	w.StringMember("model", orElse(t.c.Model, t.top.text("modelId")))
	w.Key("messages")
	w.Array()
	t.system(t.top.take("system"))
	t.messages(t.top.take("messages"))
	w.EndArray()
	t.inference(split(t.top.take("inferenceConfig")))
	t.tools(split(t.top.take("toolConfig")))
	t.output(split(t.top.take("outputConfig")))
	if tier := jsonedit.Text(jsonedit.Get(t.top.take("serviceTier"), "type")); tier != "" {
		w.StringMember("service_tier", tier)
	}
	if metadata := t.top.take("requestMetadata"); metadata != nil {
		w.RawMember("metadata", metadata)
	}
	if t.c.Stream {
		w.Key("stream")
		w.Bool(true)
		w.RawMember("stream_options", []byte(`{"include_usage":true}`))
	}
	for key, value := range t.top.left {
		if t.c.Strict {
			t.c.Drop(key, notInHub)
			continue
		}
		w.RawMember(key, value)
	}
	w.EndObject()
}

func (t *toHub) inference(config members) {
	for _, names := range [][2]string{{"maxTokens", "max_completion_tokens"}, {"temperature", "temperature"}, {"topP", "top_p"}, {"stopSequences", "stop"}} {
		if v := config.take(names[0]); v != nil && !isEmpty(v) {
			t.w.RawMember(names[1], v)
		}
	}
	for key := range config.left {
		t.c.Drop("inferenceConfig."+key, notInHub)
	}
}

func (t *toHub) output(config members) {
	if effort := config.text("effort"); effort != "" {
		t.w.StringMember("reasoning_effort", effort)
	}
	schema := jsonedit.Get(config.take("textFormat"), "structure", "jsonSchema")
	if schema == nil {
		return
	}
	doc, ok := jsonedit.AsObject(jsonedit.Text(jsonedit.Get(schema, "schema")))
	if !ok {
		t.fail("outputConfig.textFormat.structure.jsonSchema.schema", "must be the text of a JSON object")
	}
	w := &t.w
	w.Key("response_format")
	w.Object()
	w.StringMember("type", "json_schema")
	w.Key("json_schema")
	w.Object()
	w.StringMember("name", orElse(jsonedit.Text(jsonedit.Get(schema, "name")), "response"))
	if d := jsonedit.Get(schema, "description"); !isEmpty(d) {
		w.RawMember("description", d)
	}
	w.RawMember("schema", doc)
	w.EndObject()
	w.EndObject()
}

func (t *toHub) tools(config members) {
	tools, choice := config.take("tools"), config.take("toolChoice")
	if length(tools) == 0 {
		return
	}
	list := marked{c: t.c, path: "toolConfig.tools"}
	i := 0
	for tool := range jsonedit.Elements(tools) {
		if mark := jsonedit.Get(tool, "cachePoint"); mark != nil {
			list.mark(mark, i)
		} else {
			t.tool(&list, tool, i)
		}
		i++
	}
	if len(list.items) == 0 {
		return
	}
	t.w.Key("tools")
	list.write(&t.w)
	for kind, value := range jsonedit.Members(choice) {
		switch string(kind) {
		case "auto":
			t.w.StringMember("tool_choice", "auto")
		case "any":
			t.w.StringMember("tool_choice", "required")
		case "tool":
			t.w.Key("tool_choice")
			t.w.Object()
			t.w.StringMember("type", "function")
			t.w.Key("function")
			t.w.Object()
			t.w.RawMember("name", jsonedit.Get(value, "name"))
			t.w.EndObject()
			t.w.EndObject()
		default:
			t.fail("toolConfig.toolChoice", "%q is none of auto, any, tool", kind)
		}
	}
}

func (t *toHub) tool(list *marked, tool []byte, i int) {
	spec := jsonedit.Get(tool, "toolSpec")
	if spec == nil {
		list.foreign(tool, i)
		return
	}
	var w jsonedit.Writer
	w.Object()
	w.StringMember("type", "function")
	w.Key("function")
	w.Object()
	w.RawMember("name", jsonedit.Get(spec, "name"))
	if d := jsonedit.Get(spec, "description"); !isEmpty(d) {
		w.RawMember("description", d)
	}
	if schema := jsonedit.Get(spec, "inputSchema", "json"); schema != nil {
		w.RawMember("parameters", schema)
	}
	if strict := jsonedit.Get(spec, "strict"); string(strict) == "true" {
		w.RawMember("strict", strict)
	}
	w.EndObject()
	w.EndObject()
	list.add(w.Bytes())
}

// marked is a list of objects, each of which may get the cache_control that
// Converse writes as a block after it.
type marked struct {
	c     *dialect.Conversion
	path  string
	items [][]byte
}

func (l *marked) add(item []byte) { l.items = append(l.items, item) }

// mark marks the last item as one to be cached up to.
func (l *marked) mark(point []byte, i int) {
	if l.c.Strict || len(l.items) == 0 {
		l.c.Drop(fmt.Sprintf("%s[%d].cachePoint", l.path, i), notInHub)
		return
	}
	last := &l.items[len(l.items)-1]
	value := `{"type":"ephemeral"}`
	if ttl := jsonedit.Text(jsonedit.Get(point, "ttl")); ttl != "" {
		value = `{"type":"ephemeral","ttl":` + string(jsonedit.AppendString(nil, ttl)) + `}`
	}
	if marked, err := jsonedit.Set(*last, "cache_control", []byte(value)); err == nil {
		*last = marked
	}
}

// foreign adds a block that only Converse has.
func (l *marked) foreign(block []byte, i int) {
	if l.c.Strict {
		l.c.Drop(fmt.Sprintf("%s[%d]", l.path, i), notInHub)
		return
	}
	var w jsonedit.Writer
	w.Object()
	w.StringMember("type", foreign)
	w.RawMember(foreign, block)
	w.EndObject()
	l.add(w.Bytes())
}

func (l *marked) write(w *jsonedit.Writer) {
	if len(l.items) == 0 {
		w.String("") // OpenAI takes no empty list of parts
		return
	}
	w.Array()
	for _, item := range l.items {
		w.Raw(item)
	}
	w.EndArray()
}
