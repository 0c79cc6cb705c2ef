package price

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
)

//go:embed data/*.json
var embedded embed.FS

// A Catalogue is a set of prices. It is immutable and safe for concurrent use.
type Catalogue struct {
	prices  map[string]map[string]*Price // by provider, by model
	asOf    string
	digest  [sha256.Size]byte
	version string
}

// Load returns the catalogue that is part of this binary.
func Load() (*Catalogue, error) {
	files, err := embedded.ReadDir("data")
	if err != nil {
		return nil, fmt.Errorf("load prices: %w", err)
	}
	c := &Catalogue{prices: make(map[string]map[string]*Price, len(files))}
	for _, f := range files {
		data, err := embedded.ReadFile("data/" + f.Name())
		if err != nil {
			return nil, fmt.Errorf("load prices: %w", err)
		}
		if err := c.add(data); err != nil {
			return nil, fmt.Errorf("load prices: %s: %w", f.Name(), err)
		}
	}
	return c, nil
}

// WithOverrides returns a catalogue in which the prices of r (a price file, see
// Entry) stand in place of c's, model by model. c itself stays as it is.
func (c *Catalogue) WithOverrides(r io.Reader) (*Catalogue, error) {
	data, err := readOverrides(r)
	if err != nil {
		return nil, err
	}
	next := &Catalogue{prices: maps.Clone(c.prices), asOf: c.asOf, digest: c.digest}
	if err := next.add(data); err != nil {
		return nil, fmt.Errorf("price overrides: %w", err)
	}
	return next, nil
}

// add merges a price file into c and works out the new version.
func (c *Catalogue) add(data []byte) error {
	providers, err := parseFile(data)
	if err != nil {
		return err
	}
	for provider, models := range providers {
		merged := make(map[string]*Price, len(c.prices[provider])+len(models))
		maps.Copy(merged, c.prices[provider])
		for name, p := range models {
			if len(p.Sources) == 0 {
				p.Sources = []string{"override"}
			}
			c.asOf = max(c.asOf, p.AsOf)
			merged[name] = p
		}
		c.prices[provider] = merged
	}
	h := sha256.New()
	h.Write(c.digest[:])
	h.Write(data)
	h.Sum(c.digest[:0])
	c.version = c.asOf + "-" + hex.EncodeToString(c.digest[:4])
	return nil
}

// Version names the content: the date of the newest price and a hash of all.
func (c *Catalogue) Version() string { return c.version }

// Providers lists the ids of the providers that have prices, sorted.
func (c *Catalogue) Providers() []string { return slices.Sorted(maps.Keys(c.prices)) }

// Models lists the provider's models that have prices, sorted.
func (c *Catalogue) Models(provider string) []string {
	return slices.Sorted(maps.Keys(c.prices[provider]))
}

// Lookup finds the price of a provider's model, given as the provider or a
// client names it. The name is tried as it is, then in lower case, then without
// vendor prefix, fine-tune id, @version, date and -latest. There is no guessing
// beyond that: a fine-tuned model is never priced as its base model.
//
// On Azure the model is the one that the deployment serves, not the deployment.
func (c *Catalogue) Lookup(provider, model string) (Price, bool) {
	models := c.prices[provider]
	if len(models) == 0 {
		return Price{}, false
	}
	if p := models[model]; p != nil {
		return *p, true
	}
	if p := findName(models, provider, model); p != nil {
		return *p, true
	}
	if p := models["*"]; p != nil && model != "" {
		named := *p
		named.Model = model
		return named, true
	}
	return Price{}, false
}
