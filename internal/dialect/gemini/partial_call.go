package gemini

import (
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// Bounds on what the pieces of a call may make of its arguments.
const (
	maxIndex     = 10000 // in an array
	maxArguments = 4 << 20
)

// partialCall is a function call that arrives in pieces, as Vertex AI sends it when
// asked: first the name, then values by their JSON path, text in parts. Source:
// google.cloud.aiplatform.v1.PartialArg.
type partialCall struct {
	id, signature string
	name          []byte // a JSON string
	args          []byte
}

// add takes the values of a piece.
func (p *partialCall) add(values []byte) error {
	for value := range jsonedit.Elements(values) {
		path, ok := argumentPath(jsonedit.Text(get(value, "jsonPath")))
		if !ok {
			return ai.Errorf(ai.BadGateway, "the model called %s with an argument at a path that is not one", jsonedit.Text(p.name))
		}
		var raw []byte
		switch {
		case get(value, "stringValue") != nil:
			text := gjson.GetBytes(p.args, path).Str + jsonedit.Text(get(value, "stringValue"))
			raw = jsonedit.AppendString(nil, text)
		case get(value, "numberValue") != nil:
			raw = get(value, "numberValue")
		case get(value, "boolValue") != nil:
			raw = get(value, "boolValue")
		default:
			raw = []byte("null")
		}
		args, err := sjson.SetRawBytes(p.args, path, raw)
		if err != nil || len(args) > maxArguments {
			return ai.Errorf(ai.BadGateway, "the model called %s with arguments that are too large or do not fit together", jsonedit.Text(p.name))
		}
		p.args = args
	}
	return nil
}

// argumentPath writes a path such as $.list[0].name or $['a.b'] as sjson does.
func argumentPath(path string) (string, bool) {
	rest, ok := strings.CutPrefix(path, "$")
	if !ok || rest == "" {
		return "", false
	}
	var steps []string
	for rest != "" && len(steps) < maxSchemaDepth {
		switch {
		case strings.HasPrefix(rest, "['"):
			key, after, found := strings.Cut(rest[2:], "']")
			if !found {
				return "", false
			}
			steps, rest = append(steps, objectKey(key)), after
		case rest[0] == '[':
			index, after, found := strings.Cut(rest[1:], "]")
			n, err := strconv.Atoi(index)
			if !found || err != nil || n < 0 || n > maxIndex {
				return "", false
			}
			steps, rest = append(steps, strconv.Itoa(n)), after
		case rest[0] == '.':
			rest = rest[1:]
			end := strings.IndexAny(rest, ".[")
			if end < 0 {
				end = len(rest)
			}
			if end == 0 {
				return "", false
			}
			steps, rest = append(steps, objectKey(rest[:end])), rest[end:]
		default:
			return "", false
		}
	}
	return strings.Join(steps, "."), rest == ""
}

var sjsonKeys = strings.NewReplacer(`\`, `\\`, ".", `\.`, "*", `\*`, "?", `\?`, "|", `\|`, "#", `\#`, "@", `\@`, ":", `\:`)

// objectKey is a key that sjson does not take for an index.
func objectKey(key string) string {
	if _, err := strconv.Atoi(key); err == nil {
		return ":" + key
	}
	return sjsonKeys.Replace(key)
}
