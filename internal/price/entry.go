package price

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An Entry is the price of one model as a price file writes it. All amounts are
// decimal strings of US dollars: rates per million tokens, the others per unit.
//
// A price file is {provider: {model: Entry}}. The model "*" stands for every
// model of the provider that has no entry.
type Entry struct {
	Source    []string `json:"source,omitempty"`
	AsOf      string   `json:"as_of,omitempty"` // YYYY-MM-DD
	Uncertain bool     `json:"uncertain,omitempty"`
	Note      string   `json:"note,omitempty"`
	Local     bool     `json:"local,omitempty"`

	From    string  `json:"from,omitempty"`    // YYYY-MM-DD (UTC) or RFC 3339: not in force before
	Earlier []Entry `json:"earlier,omitempty"` // what was, newest first; each complete, with a From of its own but for the last

	Kind      string   `json:"kind,omitempty"`
	Context   int64    `json:"context,omitempty"`
	MaxOutput int64    `json:"max_output,omitempty"`
	Supports  []string `json:"supports,omitempty"`

	Rates map[string]string            `json:"rates,omitempty"` // by dimension
	Long  map[string]map[string]string `json:"long,omitempty"`  // rates by the input tokens they begin above
	Tiers map[Tier]TierEntry           `json:"tiers,omitempty"`

	Units    map[string]string            `json:"units,omitempty"`
	Images   map[string]map[string]string `json:"images,omitempty"`
	Training map[string]string            `json:"training,omitempty"`
}

// chargedUnits are what a usage counts, so that a cost can be made of it.
var chargedUnits = []string{
	"call", "web_search", "search", "web_search_low_context", "web_search_medium_context", "web_search_high_context",
	"minute", "character", "search_unit", "page", "generated_images",
}

// listedUnits are on price lists, but no usage counts them.
var listedUnits = []string{
	"file_search", "attachment_search", "x_search", "code_execution", "maps", "enterprise_web_search", "megapixels", "image_1k",
	"input_image", "output_video_token", "input_video_essential", "input_video_plus", "input_video_standard",
}

// A TierEntry is the rates of a service tier other than the standard one. It
// is complete: nothing is inherited from the standard rates.
type TierEntry struct {
	Rates map[string]string            `json:"rates"`
	Long  map[string]map[string]string `json:"long,omitempty"`
}

// parseFile reads a price file. An error names the path of what is wrong.
func parseFile(data []byte) (map[string]map[string]*Price, error) {
	var providers map[string]map[string]json.RawMessage
	if err := json.Unmarshal(data, &providers); err != nil {
		return nil, fmt.Errorf("not a price file {provider: {model: {…}}}: %w", err)
	}
	all := make(map[string]map[string]*Price, len(providers))
	for provider, models := range providers {
		prices := make(map[string]*Price, len(models))
		for model, raw := range models {
			p, err := parseEntry(provider, model, raw)
			if err != nil {
				return nil, fmt.Errorf("%s.%s%w", provider, model, err)
			}
			prices[model] = p
		}
		all[provider] = prices
	}
	return all, nil
}

// parseEntry reads one entry. Its errors begin with the rest of the path.
func parseEntry(provider, model string, raw json.RawMessage) (*Price, error) {
	var e Entry
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&e); err != nil {
		var t *json.UnmarshalTypeError
		if errors.As(err, &t) && t.Field != "" {
			return nil, fmt.Errorf(".%s: is a JSON %s, want %s; amounts are strings such as \"2.50\"", t.Field, t.Value, t.Type)
		}
		return nil, fmt.Errorf(": %w", err)
	}
	return e.price(provider, model)
}

// Price checks the entry and returns it as the price of that model. The error
// names the field.
func (e *Entry) Price(provider, model string) (Price, error) {
	p, err := e.price(provider, model)
	if err != nil {
		return Price{}, fmt.Errorf("%s.%s%w", provider, model, err)
	}
	return *p, nil
}

func (e *Entry) price(provider, model string) (*Price, error) {
	p := &Price{
		Provider: provider, Model: model,
		Sources: e.Source, AsOf: e.AsOf, Uncertain: e.Uncertain, Note: e.Note, Local: e.Local,
		Kind: e.Kind, Context: e.Context, MaxOutput: e.MaxOutput, Supports: e.Supports,
	}
	if provider == "" || model == "" {
		return nil, errors.New(": a provider and a model need a name")
	}
	if _, err := time.Parse(time.DateOnly, e.AsOf); e.AsOf != "" && err != nil {
		return nil, fmt.Errorf(".as_of: %q is not a date such as \"2026-08-21\"", e.AsOf)
	}
	if err := e.dated(p); err != nil {
		return nil, err
	}
	if err := e.schedules(p); err != nil {
		return nil, err
	}
	for unit := range e.Units {
		if !slices.Contains(chargedUnits, unit) && !slices.Contains(listedUnits, unit) && !strings.HasPrefix(unit, "video_second") {
			return nil, fmt.Errorf(".units.%s: is not a unit; known are %s", unit, strings.Join(chargedUnits, ", "))
		}
	}
	var err error
	if p.Units, err = amounts(".units", e.Units); err != nil {
		return nil, err
	}
	if p.Training, err = amounts(".training", e.Training); err != nil {
		return nil, err
	}
	for quality, sizes := range e.Images {
		if p.Images == nil {
			p.Images = make(map[string]map[string]int64, len(e.Images))
		}
		if p.Images[quality], err = amounts(".images."+quality, sizes); err != nil {
			return nil, err
		}
	}
	if len(p.Schedules) == 0 && len(p.Units) == 0 && len(p.Images) == 0 {
		return nil, errors.New(": has no price; give rates, units or images (\"0\" for a model that is free)")
	}
	return p, nil
}

// dated reads from when on the price is in force, and what was before.
func (e *Entry) dated(p *Price) (err error) {
	if p.From, err = parseFrom(e.From); err != nil {
		return err
	}
	later := p
	for i := range e.Earlier {
		at := fmt.Sprintf(".earlier[%d]", i)
		if e.Earlier[i].Earlier != nil {
			return fmt.Errorf("%s.earlier: prices before it belong in the same list", at)
		}
		before, err := e.Earlier[i].price(p.Provider, p.Model)
		if err != nil {
			return fmt.Errorf("%s%w", at, err)
		}
		if !before.From.Before(later.From) {
			return fmt.Errorf("%s.from: must be earlier than the one before it in the file, newest first", at)
		}
		later.earlier, later = before, before
	}
	return nil
}

func parseFrom(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf(".from: %q is neither a date such as \"2026-09-01\" nor a time such as \"2026-09-01T08:00:00Z\"", text)
}

func (e *Entry) schedules(p *Price) error {
	if e.Rates != nil {
		s, err := schedule(Standard, e.Rates, e.Long, "")
		if err != nil {
			return err
		}
		p.Schedules = append(p.Schedules, s)
	} else if e.Long != nil || e.Tiers != nil {
		return errors.New(".rates: is missing beside long or tiers")
	}
	for _, t := range slices.Sorted(maps.Keys(e.Tiers)) {
		if t == Standard || TierOf(string(t)) != t {
			return fmt.Errorf(".tiers.%s: is not a tier; known are batch, fast, flex, priority", t)
		}
		s, err := schedule(t, e.Tiers[t].Rates, e.Tiers[t].Long, ".tiers."+string(t))
		if err != nil {
			return err
		}
		p.Schedules = append(p.Schedules, s)
	}
	return nil
}

func schedule(t Tier, base map[string]string, long map[string]map[string]string, path string) (Schedule, error) {
	first, err := rates(path+".rates", base)
	if err != nil {
		return Schedule{}, err
	}
	s := Schedule{Tier: t, Steps: append(make([]Step, 0, 1+len(long)), Step{Rates: first})}
	for key, m := range long {
		at := path + ".long." + key
		above, err := strconv.ParseInt(key, 10, 64)
		if err != nil || above <= 0 {
			return Schedule{}, fmt.Errorf("%s: the key is a number of input tokens such as \"200000\"", at)
		}
		r, err := rates(at, m)
		if err != nil {
			return Schedule{}, err
		}
		s.Steps = append(s.Steps, Step{Above: above, Rates: r})
	}
	slices.SortFunc(s.Steps, func(a, b Step) int { return int(min(max(a.Above-b.Above, -1), 1)) })
	return s, nil
}

func rates(path string, m map[string]string) (Rates, error) {
	var r Rates
	if len(m) == 0 {
		return r, fmt.Errorf("%s: is empty; give at least input or output", path)
	}
	for name, text := range m {
		d, ok := dimension(name)
		if !ok {
			return r, fmt.Errorf("%s.%s: is not a rate; known are %s", path, name, strings.Join(dimensionNames[:], ", "))
		}
		nano, err := parseDollars(text, maxRate)
		if err != nil {
			return r, fmt.Errorf("%s.%s: %w", path, name, err)
		}
		r.Set(d, nano)
	}
	return r, nil
}

func amounts(path string, m map[string]string) (map[string]int64, error) {
	if len(m) == 0 {
		return nil, nil
	}
	all := make(map[string]int64, len(m))
	for name, text := range m {
		nano, err := parseDollars(text, maxUnit)
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", path, name, err)
		}
		all[name] = nano
	}
	return all, nil
}

// maxOverrides bounds an operator's file.
const maxOverrides = 8 << 20

func readOverrides(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxOverrides+1))
	if err != nil {
		return nil, fmt.Errorf("read price overrides: %w", err)
	}
	if len(data) > maxOverrides {
		return nil, fmt.Errorf("price overrides: the file is larger than %d bytes", maxOverrides)
	}
	return data, nil
}
