package price

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

//go:embed data/*.json
var embedded embed.FS

// A Catalogue is a set of prices. It is immutable and safe for concurrent use.
type Catalogue struct {
	shelves map[string]shelf // by provider
	asOf    string
	digest  [sha256.Size]byte
	version string
}

// A shelf returns a provider's prices. Those of the binary are read when they
// are first asked for: most installations use few of the providers, and a start
// should not wait for all of them.
type shelf func() *models

// models are a provider's prices by the model's name.
type models struct {
	byName map[string]*Price
	folded map[string]*Price // in lower case, where that is another name
}

func newModels(byName map[string]*Price) *models {
	m := &models{byName: byName, folded: make(map[string]*Price)}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		if lower := strings.ToLower(name); lower != name {
			m.folded[lower] = byName[name]
		}
	}
	return m
}

// find returns the price of a name in lower case.
func (m *models) find(lower string) *Price {
	if p := m.byName[lower]; p != nil {
		return p
	}
	return m.folded[lower]
}

// Load returns the catalogue that is part of this binary.
func Load() (*Catalogue, error) {
	files, err := embedded.ReadDir("data")
	if err != nil {
		return nil, fmt.Errorf("load prices: %w", err)
	}
	c := &Catalogue{shelves: make(map[string]shelf, len(files))}
	for _, f := range files {
		data, err := embedded.ReadFile("data/" + f.Name())
		if err != nil {
			return nil, fmt.Errorf("load prices: %w", err)
		}
		provider := strings.TrimSuffix(f.Name(), ".json")
		c.shelves[provider] = sync.OnceValue(func() *models { return readShelf(provider) })
		c.stamp(newest(data), data)
	}
	return c, nil
}

// readShelf reads a file of the binary. TestData reads all of them, so that a
// faulty one is never built in.
func readShelf(provider string) *models {
	var all map[string]map[string]*Price
	data, err := embedded.ReadFile("data/" + provider + ".json")
	if err == nil {
		all, err = parseFile(data)
	}
	if err != nil || len(all) != 1 || all[provider] == nil {
		panic(fmt.Sprintf("price: data/%s.json is not the prices of %s: %v", provider, provider, err))
	}
	return newModels(all[provider])
}

// newest finds the newest date in a price file without reading the rest.
func newest(data []byte) string {
	const key, date = `"as_of":"`, len(time.DateOnly)
	var last []byte
	for {
		_, rest, found := bytes.Cut(data, []byte(key))
		if !found || len(rest) < date {
			return string(last)
		}
		if bytes.Compare(rest[:date], last) > 0 {
			last = rest[:date]
		}
		data = rest
	}
}

// WithOverrides returns a catalogue in which the prices of r (a price file, see
// Entry) stand in place of c's, model by model. c itself stays as it is.
func (c *Catalogue) WithOverrides(r io.Reader) (*Catalogue, error) {
	data, err := readOverrides(r)
	if err != nil {
		return nil, err
	}
	providers, err := parseFile(data)
	if err != nil {
		return nil, fmt.Errorf("price overrides: %w", err)
	}
	next := &Catalogue{shelves: make(map[string]shelf, len(c.shelves)+len(providers)), asOf: c.asOf, digest: c.digest}
	maps.Copy(next.shelves, c.shelves)
	asOf := ""
	for provider, prices := range providers {
		for _, p := range prices {
			for ; p != nil; p = p.earlier {
				if len(p.Sources) == 0 {
					p.Sources = []string{"override"}
				}
				asOf = max(asOf, p.AsOf)
			}
		}
		next.shelves[provider] = sync.OnceValue(func() *models { return c.overlaid(provider, prices) })
	}
	next.stamp(asOf, data)
	return next, nil
}

// overlaid is a provider's prices with others in place of them. Where those are
// in force from a date on, the former hold before it.
func (c *Catalogue) overlaid(provider string, prices map[string]*Price) *models {
	all := make(map[string]*Price)
	if below := c.shelves[provider]; below != nil {
		maps.Copy(all, below().byName)
	}
	for name, p := range prices {
		oldest := p
		for oldest.earlier != nil {
			oldest = oldest.earlier
		}
		if !oldest.From.IsZero() {
			oldest.earlier = all[name]
		}
		all[name] = p
	}
	return newModels(all)
}

// stamp works out the version of a catalogue that data was added to.
func (c *Catalogue) stamp(asOf string, data []byte) {
	c.asOf = max(c.asOf, asOf)
	h := sha256.New()
	h.Write(c.digest[:])
	h.Write(data)
	h.Sum(c.digest[:0])
	c.version = c.asOf + "-" + hex.EncodeToString(c.digest[:4])
}

// Version names the content: the date of the newest price and a hash of all.
func (c *Catalogue) Version() string { return c.version }

// Providers lists the ids of the providers that have prices, sorted.
func (c *Catalogue) Providers() []string { return slices.Sorted(maps.Keys(c.shelves)) }

// Models lists the provider's models that have prices, sorted.
func (c *Catalogue) Models(provider string) []string {
	shelf := c.shelves[provider]
	if shelf == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(shelf().byName))
}

// Lookup finds the price of a provider's model at a time, given as the provider
// or a client names it. The name is tried as it is, then in the other spellings that
// spellings lists. There is no guessing beyond that: a fine-tuned model is never
// priced as its base model.
//
// On Azure the model is the one that the deployment serves, not the deployment.
func (c *Catalogue) Lookup(provider, model string, at time.Time) (Price, bool) {
	shelf := c.shelves[provider]
	if shelf == nil || model == "" {
		return Price{}, false
	}
	all := shelf()
	if p := all.byName[model].at(at); p != nil {
		return *p, true
	}
	for name := range spellings(provider, strings.ToLower(model)) {
		if p := all.find(name).at(at); p != nil {
			return *p, true
		}
	}
	if p := all.byName["*"].at(at); p != nil {
		named := *p
		named.Model = model
		return named, true
	}
	return Price{}, false
}
