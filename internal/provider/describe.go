package provider

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
)

// A Description is a row as people and programs read it.
type Description struct {
	ID          string             `json:"id"`
	Name        string             `json:"name"`
	Docs        string             `json:"docs"`
	BaseURL     string             `json:"base_url,omitempty"` // "" if custom_host must name one
	NeedsKey    bool               `json:"needs_key"`
	Proven      bool               `json:"proven"` // checked against an official description or recorded traffic
	Fields      []FieldDescription `json:"fields,omitempty"`
	Operations  []Operation        `json:"operations"`
	Differences []string           `json:"differences,omitempty"` // from the dialect, a sentence each

	keyless bool // takes no key at all
}

// A FieldDescription is a setting beside the API key.
type FieldDescription struct {
	Name     string   `json:"name"`
	Aliases  []string `json:"aliases,omitempty"`
	Header   string   `json:"header,omitempty"` // in full
	Older    string   `json:"older_header,omitempty"`
	Label    string   `json:"label"`
	Help     string   `json:"help"`
	Default  string   `json:"default,omitempty"`
	Required bool     `json:"required,omitempty"`
	Secret   bool     `json:"secret,omitempty"`
}

// An Operation is what a provider offers and where.
type Operation struct {
	Name    ai.Op      `json:"name"`
	Dialect ai.Dialect `json:"dialect"`
	Method  string     `json:"method"`
	Path    string     `json:"path"` // after the base URL
}

// Describe describes the row.
func (p *Provider) Describe() Description {
	d := Description{
		ID: p.ID, Name: p.Name, Docs: p.Docs, BaseURL: p.Base,
		NeedsKey: !p.Quirks.NoKey && !p.Quirks.OptionalKey, Proven: !p.Unproven,
		keyless:     p.Quirks.NoKey,
		Differences: append(p.Quirks.sentences(), p.Notes...),
	}
	for _, f := range p.Fields {
		fd := FieldDescription{
			Name: f.Name, Aliases: f.Aliases, Label: f.Label, Help: f.Help, Default: f.Default, Secret: f.Secret,
			Required: f.Required || f.Default == "" && strings.Contains(p.Base, "{"+f.Name+"}"),
		}
		if f.Header != "" {
			fd.Header = strings.ToLower(HeaderPrefix) + f.Header
		}
		if f.AlsoHeader != "" {
			fd.Older = strings.ToLower(HeaderPrefix) + f.AlsoHeader
		}
		d.Fields = append(d.Fields, fd)
	}
	for _, op := range slices.Sorted(maps.Keys(p.Ops)) {
		e := p.Ops[op]
		method := e.Method
		if method == "" {
			method = http.MethodPost
		}
		d.Operations = append(d.Operations, Operation{Name: op, Dialect: e.Dialect, Method: method, Path: e.Path})
	}
	return d
}

// sentences tell the quirks to people.
func (q *Quirks) sentences() (all []string) {
	say := func(holds bool, sentence string) {
		if holds {
			all = append(all, sentence)
		}
	}
	say(q.NoStreamOptions, "`stream_options` is left out; usage of a stream comes unasked, or is estimated.")
	say(q.Thoughts, "What a model thought goes back to it as `reasoning_content`, for clients of every format that sends it.")
	say(q.NoDone, "Streams come without their end mark; Portico adds it.")
	for i := range q.Params {
		all = append(all, q.Params[i].sentence())
	}
	for _, role := range slices.Sorted(maps.Keys(q.Roles)) {
		all = append(all, "The role `"+role+"` is sent as `"+q.Roles[role]+"`.")
	}
	for _, name := range q.Members {
		all = append(all, "The member `"+name+"` of messages is left out, because it is refused.")
	}
	say(q.TextOnly, "Content that is a list of texts, or null, is sent as one text.")
	say(q.AdapterMark != "", "In a model's name, what follows `"+q.AdapterMark+"` is an adapter: it is sent as the model, and what is before it goes into the path.")
	say(q.FlatTools, "Tools are sent without the object around their function.")
	for _, reason := range slices.Sorted(maps.Keys(q.Finish)) {
		all = append(all, "The finish reason `"+reason+"` is told as `"+q.Finish[reason]+"`, unless strict OpenAI compliance is off.")
	}
	return all
}

func (q *Param) sentence() string {
	what := "`" + q.Name + "`"
	if q.Value != "" {
		what += " " + "`" + q.Value + "`"
	}
	if q.Op != "" && q.Op != ai.Chat {
		what += " of " + string(q.Op)
	}
	switch {
	case q.To != "":
		return what + " is sent as `" + q.To + "`."
	case q.Max != 0:
		return what + " is at most " + strconv.FormatFloat(q.Max, 'g', -1, 64) + "; more is sent as that."
	case q.As != "":
		return what + " is sent as `" + q.As + "`."
	}
	return what + " is left out, because it is refused."
}
