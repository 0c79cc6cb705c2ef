package mock

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// Why an answer ended.
const (
	finishStop   = "stop"
	finishLength = "length"
	finishTools  = "tools"
)

// An answer is a reply before it takes the shape of a dialect.
type answer struct {
	thought    string
	text       string
	calls      []call
	finish     string
	prompt     int // tokens
	completion int
}

type call struct{ name, args string }

// reply answers the ask; fixed replaces the text if it is not empty.
func (a *ask) reply(fixed string) answer {
	out := answer{finish: finishStop, prompt: a.promptTokens()}
	if a.thinking {
		out.thought = "The mock provider does not think; it repeats what it was asked."
		out.completion += tokens(out.thought)
	}
	if fixed == "" {
		out.calls = a.calls()
	}
	if len(out.calls) > 0 {
		out.finish = finishTools
		for _, c := range out.calls {
			out.completion += tokens(c.name) + tokens(c.args)
		}
		return out
	}
	out.text = fixed
	if fixed == "" {
		out.text = a.text()
	}
	if a.maxTokens > 0 && tokens(out.text) > a.maxTokens {
		out.text = truncate(out.text, 4*a.maxTokens)
		out.finish = finishLength
	}
	out.completion += tokens(out.text)
	return out
}

func (a *ask) text() string {
	last := a.last()
	echo := strings.Join(strings.Fields(last.text), " ")
	if len(echo) > 240 {
		echo = truncate(echo, 240) + "…"
	}
	text := "You asked: “" + echo + "”."
	switch {
	case last.role == "tool":
		text = "The tool answered: " + echo
	case echo == "":
		text = "You asked nothing."
	}
	text += " This reply comes from Portico's mock provider: the same request always gets the same words, and nobody is charged."
	switch a.schema {
	case "":
		return text
	case "{}":
		return `{"reply":` + quote(text) + `}`
	}
	return sample(a.schema, lastWord(last.text))
}

func (a *ask) last() turn {
	if len(a.turns) == 0 {
		return turn{}
	}
	return a.turns[len(a.turns)-1]
}

// calls decides which tools are called: the one that tool_choice names, the first
// if some tool is required, and else those that the user mentions by name.
func (a *ask) calls() []call {
	last := a.last()
	var chosen []tool
	for _, t := range a.tools {
		if a.choice == t.name || a.choice == "auto" && last.role == "user" && mentions(last.text, t.name) {
			chosen = append(chosen, t)
		}
	}
	if a.choice == "required" && len(a.tools) > 0 {
		chosen = a.tools[:1]
	}
	if len(chosen) > 1 && !a.parallel {
		chosen = chosen[:1]
	}
	calls := make([]call, len(chosen))
	for i, t := range chosen {
		calls[i] = call{t.name, sample(t.schema, lastWord(last.text))}
	}
	return calls
}

// mentions reports whether text names the tool, as get_weather or "get weather".
func mentions(text, name string) bool {
	text = strings.ToLower(text)
	name = strings.ToLower(name)
	return name != "" && (strings.Contains(text, name) || strings.Contains(text, strings.ReplaceAll(name, "_", " ")))
}

// truncate cuts text to at most n bytes, between two characters.
func truncate(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

func lastWord(text string) string {
	words := strings.Fields(text)
	if len(words) == 0 {
		return "example"
	}
	word := strings.Trim(words[len(words)-1], ".,;:!?\"'()[]{}")
	if word == "" {
		return "example"
	}
	return word
}

// pieces splits text as a model would stream it: word by word.
func pieces(text string) []string {
	if text == "" {
		return nil
	}
	parts := strings.SplitAfter(text, " ")
	if parts[len(parts)-1] == "" {
		parts = parts[:len(parts)-1]
	}
	return parts
}

// sample writes the smallest JSON value that a schema plainly asks for; strings
// are the given word.
func sample(schema, word string) string {
	var b strings.Builder
	root := gjson.Parse(schema)
	writeSample(&b, root, root, word, 16)
	return b.String()
}

func writeSample(b *strings.Builder, root, s gjson.Result, word string, depth int) {
	if ref := s.Get("$ref").String(); strings.HasPrefix(ref, "#/") && depth > 0 {
		target := root
		for step := range strings.SplitSeq(ref[2:], "/") {
			target = target.Get(gjson.Escape(step))
		}
		writeSample(b, root, target, word, depth-1)
		return
	}
	for _, key := range []string{"const", "enum.0", "default"} {
		if v := s.Get(key); v.Exists() {
			b.WriteString(v.Raw)
			return
		}
	}
	for _, key := range []string{"anyOf.0", "oneOf.0", "allOf.0"} {
		if v := s.Get(key); v.Exists() && depth > 0 {
			writeSample(b, root, v, word, depth-1)
			return
		}
	}
	kind := s.Get("type")
	if kind.IsArray() {
		kind = kind.Get("0")
	}
	switch kind.String() {
	case "string":
		b.WriteString(quote(word))
	case "integer", "number":
		b.WriteString(strconv.FormatInt(max(1, s.Get("minimum").Int()), 10))
	case "boolean":
		b.WriteString("true")
	case "null":
		b.WriteString("null")
	case "array":
		b.WriteByte('[')
		if items := s.Get("items"); items.Exists() && depth > 0 {
			writeSample(b, root, items, word, depth-1)
		}
		b.WriteByte(']')
	default:
		writeObject(b, root, s, word, depth)
	}
}

// writeObject fills the required properties, or all if none is required.
func writeObject(b *strings.Builder, root, s gjson.Result, word string, depth int) {
	required := map[string]bool{}
	for _, r := range s.Get("required").Array() {
		required[r.String()] = true
	}
	b.WriteByte('{')
	first := true
	s.Get("properties").ForEach(func(name, property gjson.Result) bool {
		if depth == 0 || len(required) > 0 && !required[name.String()] {
			return true
		}
		if !first {
			b.WriteByte(',')
		}
		first = false
		b.WriteString(name.Raw + ":")
		writeSample(b, root, property, word, depth-1)
		return true
	})
	b.WriteByte('}')
}

func quote(s string) string { return string(encode(s)) }
