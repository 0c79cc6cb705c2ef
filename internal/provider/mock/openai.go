package mock

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"net/http"
	"strings"
	"unicode"

	"github.com/tidwall/gjson"
)

type object = map[string]any

var done = event{"", []byte("[DONE]")}

func usageOf(a answer, choices int) object {
	completion := a.completion * choices
	return object{
		"prompt_tokens": a.prompt, "completion_tokens": completion, "total_tokens": a.prompt + completion,
		"prompt_tokens_details":     object{"cached_tokens": 0},
		"completion_tokens_details": object{"reasoning_tokens": 0},
	}
}

func chat(body gjson.Result, id, fixed string) (response, error) {
	if !body.Get("messages").IsArray() || len(body.Get("messages").Array()) == 0 {
		return response{}, errors.New("messages: is missing; want a list with at least one message")
	}
	ask := parseChat(body)
	a := ask.reply(fixed)
	envelope := func(kind string) object {
		return object{"id": "chatcmpl-" + id, "object": kind, "created": created, "model": modelName(ask.model), "system_fingerprint": "fp_mock"}
	}
	if ask.stream {
		return response{id: id, events: chatEvents(ask, a, id, envelope)}, nil
	}
	var choices []object
	for i := range ask.n {
		message := object{"role": "assistant", "content": a.text, "refusal": nil}
		if len(a.calls) > 0 {
			message["content"] = nil
			message["tool_calls"] = chatCalls(a, id)
		}
		choices = append(choices, object{"index": i, "message": message, "logprobs": nil, "finish_reason": chatFinish(a)})
	}
	out := envelope("chat.completion")
	out["choices"] = choices
	out["usage"] = usageOf(a, ask.n)
	return response{id: id, plain: encode(out)}, nil
}

func chatFinish(a answer) string {
	if a.finish == finishTools {
		return "tool_calls"
	}
	return a.finish
}

func callID(id string, i int) string { return fmt.Sprintf("call_%s%d", id[:20], i) }

func chatCalls(a answer, id string) []object {
	calls := make([]object, len(a.calls))
	for i, c := range a.calls {
		calls[i] = object{"id": callID(id, i), "type": "function", "function": object{"name": c.name, "arguments": c.args}}
	}
	return calls
}

func chatEvents(ask *ask, a answer, id string, envelope func(string) object) []event {
	var events []event
	add := func(choices []object, usage any) {
		chunk := envelope("chat.completion.chunk")
		chunk["choices"] = choices
		if ask.usage {
			chunk["usage"] = usage
		}
		events = append(events, event{"", encode(chunk)})
	}
	for i := range ask.n {
		delta := func(d object, finish any) {
			add([]object{{"index": i, "delta": d, "logprobs": nil, "finish_reason": finish}}, nil)
		}
		first := object{"role": "assistant", "content": "", "refusal": nil}
		if len(a.calls) > 0 {
			first["content"] = nil
		}
		delta(first, nil)
		for _, p := range pieces(a.text) {
			delta(object{"content": p}, nil)
		}
		for n, c := range a.calls {
			delta(object{"tool_calls": []object{{"index": n, "id": callID(id, n), "type": "function", "function": object{"name": c.name, "arguments": ""}}}}, nil)
			for _, p := range cut(c.args, 8) {
				delta(object{"tool_calls": []object{{"index": n, "function": object{"arguments": p}}}}, nil)
			}
		}
		delta(object{}, chatFinish(a))
	}
	if ask.usage {
		add([]object{}, usageOf(a, ask.n))
	}
	return append(events, done)
}

// cut splits text into parts of about n bytes, between characters.
func cut(text string, n int) []string {
	var parts []string
	for text != "" {
		p := truncate(text, n)
		parts = append(parts, p)
		text = text[len(p):]
	}
	return parts
}

// completion answers the legacy text completion endpoint.
func completion(body gjson.Result, id, fixed string) (response, error) {
	prompt := body.Get("prompt")
	if !prompt.Exists() {
		return response{}, errors.New("prompt: is missing; want a string or a list of strings")
	}
	var prompts []string
	if prompt.IsArray() {
		for _, p := range prompt.Array() {
			prompts = append(prompts, p.String())
		}
	} else {
		prompts = []string{prompt.String()}
	}
	ask := parseChat(body)
	ask.turns = []turn{{"user", strings.Join(prompts, "\n")}}
	a := ask.reply(fixed)
	build := func(text string, finish any) object {
		return object{
			"id": "cmpl-" + id, "object": "text_completion", "created": created, "model": modelName(ask.model),
			"choices": []object{{"index": 0, "text": text, "logprobs": nil, "finish_reason": finish}},
		}
	}
	if !ask.stream {
		out := build(a.text, a.finish)
		out["usage"] = usageOf(a, 1)
		return response{id: id, plain: encode(out)}, nil
	}
	var events []event
	for _, p := range pieces(a.text) {
		events = append(events, event{"", encode(build(p, nil))})
	}
	events = append(events, event{"", encode(build("", a.finish))})
	if ask.usage {
		last := build("", nil)
		last["choices"] = []object{}
		last["usage"] = usageOf(a, 1)
		events = append(events, event{"", encode(last)})
	}
	return response{id: id, events: append(events, done)}, nil
}

const (
	defaultDimensions = 1536
	maxDimensions     = 4096
)

// embeddings answers with unit vectors: the sum of one fixed direction per word,
// so that texts which share words are near each other.
func embeddings(body gjson.Result, id, _ string) (response, error) {
	dimensions := defaultDimensions
	if d := body.Get("dimensions"); d.Exists() {
		if dimensions = int(d.Int()); dimensions < 1 || dimensions > maxDimensions {
			return response{}, fmt.Errorf("dimensions: want a whole number from 1 to %d", maxDimensions)
		}
	}
	format := body.Get("encoding_format").String()
	if format != "" && format != "float" && format != "base64" {
		return response{}, errors.New(`encoding_format: want "float" or "base64"`)
	}
	inputs, err := embeddingInputs(body.Get("input"))
	if err != nil {
		return response{}, err
	}
	var data []object
	total := 0
	for i, text := range inputs {
		total += tokens(text)
		v := vector(text, dimensions)
		item := object{"object": "embedding", "index": i, "embedding": v}
		if format == "base64" {
			item["embedding"] = packed(v)
		}
		data = append(data, item)
	}
	return response{id: id, plain: encode(object{
		"object": "list", "data": data, "model": modelName(body.Get("model").String()),
		"usage": object{"prompt_tokens": total, "total_tokens": total},
	})}, nil
}

// embeddingInputs reads a string, a list of strings, a list of token numbers, or
// a list of such lists.
func embeddingInputs(input gjson.Result) ([]string, error) {
	switch {
	case input.Type == gjson.String:
		return []string{input.String()}, nil
	case !input.IsArray() || len(input.Array()) == 0:
		return nil, errors.New("input: is missing; want a string or a list of strings")
	case input.Get("0").Type == gjson.Number:
		return []string{input.Raw}, nil
	}
	var texts []string
	for _, v := range input.Array() {
		texts = append(texts, v.String())
	}
	return texts, nil
}

func vector(text string, dimensions int) []float32 {
	sum := make([]float64, dimensions)
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
	for _, w := range append(words, "") { // the empty word keeps an empty text from having no direction
		h := fnv.New64a()
		_, _ = h.Write([]byte(w))
		dice := rand.New(rand.NewPCG(h.Sum64(), 0))
		for i := range sum {
			sum[i] += dice.NormFloat64()
		}
	}
	var square float64
	for _, x := range sum {
		square += x * x
	}
	unit := make([]float32, dimensions)
	for i, x := range sum {
		unit[i] = float32(x / math.Sqrt(square))
	}
	return unit
}

func packed(v []float32) string {
	b := make([]byte, 0, 4*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return base64.StdEncoding.EncodeToString(b)
}

var modelIDs = []string{"mock-gpt", "mock-claude", "mock-embed"}

func models(id string) (response, int, error) {
	var list []object
	for _, m := range modelIDs {
		card := object{"id": m, "object": "model", "created": created, "owned_by": "portico"}
		if m == id {
			return response{plain: encode(card)}, http.StatusOK, nil
		}
		list = append(list, card)
	}
	if id != "" {
		return response{}, http.StatusNotFound, fmt.Errorf("the mock provider has no model %q; it lists %s, and answers to any name", id, strings.Join(modelIDs, ", "))
	}
	return response{plain: encode(object{"object": "list", "data": list})}, http.StatusOK, nil
}
