package provider

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
)

// Quirks are the ways in which a provider differs from its dialect. Each is
// there because the provider's documents or its answers say so: what a provider
// merely ignores is no quirk (docs/adr/0007-quirks.md).
type Quirks struct {
	NoStreamOptions bool // refuses stream_options; usage comes unasked or not at all
	NoDone          bool // its streams end without the dialect's terminal event
	NoKey           bool // needs no API key
	OptionalKey     bool // may be called with another credential than an API key
	Thoughts        bool // wants its model's thoughts back, as reasoning_content

	Params   []Param           // members of requests that it takes otherwise
	Roles    map[string]string // roles that it does not know, and those it is sent instead
	Members  []string          // members of messages that it refuses
	TextOnly bool              // takes a message's text as a string alone, not as parts or null

	// AdapterMark parts a model's name: what is before it belongs into the path,
	// what follows it stays in the body as the model. "" means that it is not parted.
	AdapterMark string

	FlatTools bool              // takes a tool as its function, without the object around it
	Finish    map[string]string // its own finish reasons, and the dialect's words for them
}

// A Param is a top-level member of requests that a provider does not take as
// its dialect has it. Without As, To and Max it is left out.
type Param struct {
	Name  string
	Op    ai.Op   // the only operation concerned; "" means all
	Value string  // the only value concerned, as JSON; "" means any
	As    string  // its name there
	To    string  // the value sent instead, as JSON
	Max   float64 // the greatest value that it takes; 0 means any
}

func (q *Param) concerns(op ai.Op, value []byte) bool {
	return (q.Op == "" || q.Op == op) && (q.Value == "" || q.Value == string(value))
}

// Fit turns the body of a request, in the endpoint's dialect, into one that the
// provider takes. What gets lost becomes a receipt; a body that needs no change
// is returned as it is.
func (p *Provider) Fit(c *dialect.Conversion, body []byte) ([]byte, error) {
	for _, q := range p.concerned(c.Op, body) {
		var err error
		if body, err = p.fitParam(c, body, q); err != nil {
			return nil, err
		}
	}
	if mark := p.Quirks.AdapterMark; mark != "" && jsonedit.Get(body, "model") != nil {
		_, adapter, _ := strings.Cut(jsonedit.Text(jsonedit.Get(body, "model")), mark)
		var err error
		if body, err = jsonedit.Set(body, "model", jsonedit.AppendString(nil, adapter)); err != nil {
			return nil, err
		}
	}
	if c.Op != ai.Chat {
		return body, nil
	}
	if p.Quirks.FlatTools {
		var err error
		if body, err = flatTools(body); err != nil {
			return nil, err
		}
	}
	if len(p.Quirks.Roles)+len(p.Quirks.Members) > 0 || p.Quirks.TextOnly {
		return p.fitMessages(c, body)
	}
	return body, nil
}

func flatTools(body []byte) ([]byte, error) {
	tools := jsonedit.Get(body, "tools")
	if jsonedit.Kind(tools) != '[' {
		return body, nil
	}
	var w jsonedit.Writer
	w.Array()
	for tool := range jsonedit.Elements(tools) {
		if function := jsonedit.Get(tool, "function"); function != nil {
			tool = function
		}
		w.Raw(tool)
	}
	w.EndArray()
	return jsonedit.Set(body, "tools", w.Bytes())
}

var streamOptions = Param{Name: "stream_options"}

// concerned lists the quirks of a body's members, in one pass over them.
func (p *Provider) concerned(op ai.Op, body []byte) (found []*Param) {
	q := &p.Quirks
	if len(q.Params) == 0 && !q.NoStreamOptions {
		return nil
	}
	for key, value := range jsonedit.Members(body) {
		if q.NoStreamOptions && string(key) == streamOptions.Name {
			found = append(found, &streamOptions)
		}
		for i := range q.Params {
			if param := &q.Params[i]; string(key) == param.Name && param.concerns(op, value) {
				found = append(found, param)
			}
		}
	}
	return found
}

func (p *Provider) fitParam(c *dialect.Conversion, body []byte, q *Param) ([]byte, error) {
	value := jsonedit.Get(body, q.Name)
	if q.To != "" {
		return jsonedit.Set(body, q.Name, []byte(q.To))
	}
	if q.Max != 0 {
		return p.fitMax(c, body, q, value)
	}
	out, err := jsonedit.Delete(body, q.Name)
	if err != nil {
		return nil, err
	}
	switch {
	case jsonedit.IsNull(value):
		return out, nil
	case q.As == "":
		c.Drop(q.Name, p.Name+" does not take it")
		return out, nil
	case jsonedit.Get(out, q.As) != nil:
		c.Drop(q.Name, p.Name+" knows it as "+q.As+", which is set as well")
		return out, nil
	}
	return jsonedit.Set(out, q.As, value)
}

func (p *Provider) fitMax(c *dialect.Conversion, body []byte, q *Param, value []byte) ([]byte, error) {
	n, err := strconv.ParseFloat(string(value), 64)
	if err != nil || n <= q.Max {
		return body, nil // what is no number is the provider's to refuse
	}
	limit := strconv.FormatFloat(q.Max, 'g', -1, 64)
	c.Drop(q.Name, fmt.Sprintf("%s takes at most %s; %s was sent as that", p.Name, limit, value))
	return jsonedit.Set(body, q.Name, []byte(limit))
}

// fitMessages changes the roles and contents that the provider does not take.
func (p *Provider) fitMessages(c *dialect.Conversion, body []byte) ([]byte, error) {
	var w jsonedit.Writer
	changed, i := false, 0
	w.Array()
	for message := range jsonedit.Elements(jsonedit.Get(body, "messages")) {
		fitted, err := p.fitMessage(c, message, i)
		if err != nil {
			return body, nil // no object: the provider's to refuse
		}
		changed = changed || !bytes.Equal(fitted, message)
		w.Raw(fitted)
		i++
	}
	if !changed {
		return body, nil
	}
	w.EndArray()
	return jsonedit.Set(body, "messages", w.Bytes())
}

func (p *Provider) fitMessage(c *dialect.Conversion, message []byte, at int) (_ []byte, err error) {
	role := jsonedit.Text(jsonedit.Get(message, "role"))
	if other, ok := p.Quirks.Roles[role]; ok {
		if message, err = jsonedit.Set(message, "role", jsonedit.AppendString(nil, other)); err != nil {
			return nil, err
		}
		if other != "system" { // which is what developer has always been elsewhere
			c.Drop(fmt.Sprintf("messages[%d].role", at), p.Name+" has no role "+role+"; it was sent as "+other)
		}
	}
	for _, name := range p.Quirks.Members {
		value := jsonedit.Get(message, name)
		if value == nil {
			continue
		}
		if message, err = jsonedit.Delete(message, name); err != nil {
			return nil, err
		}
		if !jsonedit.IsNull(value) && string(value) != "[]" {
			c.Drop(fmt.Sprintf("messages[%d].%s", at, name), p.Name+" does not take it")
		}
	}
	if !p.Quirks.TextOnly {
		return message, nil
	}
	content := jsonedit.Get(message, "content")
	switch jsonedit.Kind(content) {
	case 0, 'n':
		return jsonedit.Set(message, "content", []byte(`""`))
	case '[':
		if text, ok := joined(content); ok {
			return jsonedit.Set(message, "content", jsonedit.AppendString(nil, text))
		}
	}
	return message, nil
}

// joined is the text of parts that are all text, a line each.
func joined(parts []byte) (text string, ok bool) {
	var b bytes.Buffer
	for part := range jsonedit.Elements(parts) {
		if jsonedit.Text(jsonedit.Get(part, "type")) != "text" {
			return "", false
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(jsonedit.Text(jsonedit.Get(part, "text")))
	}
	return b.String(), true
}
