package logs

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/portico-ai/portico/internal/control"
	"github.com/portico-ai/portico/internal/export"
)

// maxExportPage is the largest page_size of an export.
const maxExportPage = 50_000

// A filterObject is filters as exports and saved filters have them: a JSON object
// of the parameters of GET /v1/logs. Numbers may be numbers, metadata an object,
// and lists arrays.
type filterObject struct {
	query url.Values
	err   *error
	path  string
}

// readFilters reads a member that holds filters, and checks them. It returns nil
// if there is none.
func readFilters(it *item, name string) json.RawMessage {
	raw, ok := it.fields[name]
	if !ok {
		return nil
	}
	if _, err := planOf(it.path+name+".", raw); err != nil {
		if *it.err == nil {
			*it.err = err
		}
		return nil
	}
	return raw
}

// PlanOf reads an export's filters. page_size and current_page choose a part of
// the rows; without them all are meant.
func PlanOf(raw json.RawMessage) (export.Plan, error) { return planOf("filters.", raw) }

func planOf(path string, raw json.RawMessage) (p export.Plan, err error) {
	o := filterObject{query: url.Values{}, err: new(error), path: path}
	in := &item{path: path, err: o.err}
	in.fill(raw)
	for name, v := range in.fields {
		o.add(name, v)
	}
	if size, ok := in.whole("page_size", 1, maxExportPage, "a whole number from 1 to 50000"); ok {
		p.Limit = size
	}
	if n, ok := in.whole("current_page", 0, 1_000_000, "a whole number from 0"); ok && p.Limit > 0 {
		p.Offset = n * p.Limit
	}
	if *o.err != nil {
		return p, *o.err
	}
	r := NewQuery(o.query)
	p.Filter = r.filter()
	for name := range o.query {
		if !slices.Contains(r.asked, name) {
			r.Fail(name, "is not a filter; the filters are those of GET /v1/logs")
		}
	}
	if r.err != nil {
		r.err.Message, r.err.Param = path+r.err.Message, path+r.err.Param
		return p, r.err
	}
	return p, nil
}

func (o *filterObject) add(name string, v json.RawMessage) {
	in := &item{path: o.path, err: o.err, fields: map[string]json.RawMessage{name: v}}
	switch name {
	case "page_size", "current_page", "workspace_slug", "workspace_id", "organisation_id":
		return
	case "created_at": // as some of Portkey's pages have it
		for key, bound := range in.object(name, true).fields {
			switch key {
			case "gte", "gt":
				o.set("time_of_generation_min", bound)
			case "lte", "lt":
				o.set("time_of_generation_max", bound)
			}
		}
		return
	case "metadata":
		if strings.HasPrefix(string(v), "{") {
			o.query.Set(name, string(v))
			return
		}
	}
	o.set(name, v)
}

// set takes a text, a number or an array of them.
func (o *filterObject) set(name string, v json.RawMessage) {
	var list []json.RawMessage
	if json.Unmarshal(v, &list) != nil {
		list = []json.RawMessage{v}
	}
	var texts []string
	for _, one := range list {
		var s string
		var n json.Number
		switch {
		case json.Unmarshal(one, &s) == nil:
			texts = append(texts, s)
		case json.Unmarshal(one, &n) == nil:
			texts = append(texts, n.String())
		default:
			in := &item{path: o.path, err: o.err}
			in.fail(name, "must be a string, a number or an array of them")
			return
		}
	}
	if joined := strings.Join(texts, ","); joined != "" {
		o.query.Set(control.SnakeCase(name), joined)
	}
}
