package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/portico-ai/portico/internal/price"
)

type geMatch struct {
	Or         []geMatch `json:"or"`
	Equals     string    `json:"equals"`
	StartsWith string    `json:"starts_with"`
}

type geModel struct {
	ID      string          `json:"id"`
	Match   geMatch         `json:"match"`
	Prices  json.RawMessage `json:"prices"`
	Context int64           `json:"context_window"`
	Comment string          `json:"price_comments"`

	read *facts
}

var geDimensions = map[string]price.Dimension{
	"input_mtok":            price.Input,
	"output_mtok":           price.Output,
	"cache_read_mtok":       price.CacheRead,
	"cache_write_mtok":      price.CacheWrite,
	"input_audio_mtok":      price.AudioInput,
	"output_audio_mtok":     price.AudioOutput,
	"cache_audio_read_mtok": price.AudioCacheRead,
}

// matches reports whether the rule names the model, or the beginning of its
// name. Looser rules take in other models too and have no vote.
func (m geMatch) matches(name string) bool {
	return m.Equals != "" && name == m.Equals ||
		m.StartsWith != "" && strings.HasPrefix(name, m.StartsWith) ||
		slices.ContainsFunc(m.Or, func(o geMatch) bool { return o.matches(name) })
}

// names lists the model names that the rule gives in full.
func (m geMatch) names() []string {
	var all []string
	for _, o := range m.Or {
		all = append(all, o.names()...)
	}
	if m.Equals != "" {
		all = append(all, m.Equals)
	}
	return all
}

type geModels []geModel

func (g geModels) find(name string) *facts {
	for _, m := range g {
		if m.ID == name || m.Match.matches(name) {
			return m.read
		}
	}
	return nil
}

// addOwn adds the models that this catalogue knows by name.
func (g geModels) addOwn(p provider, all map[string]*facts) {
	for _, m := range g {
		names := m.Match.names()
		if !strings.HasSuffix(m.ID, "-") { // a prefix, not a name
			names = append(names, m.ID)
		}
		for _, name := range names {
			if name = p.name(name); all[name] == nil {
				all[name] = m.read
			}
		}
	}
}

type geProvider struct {
	ID     string   `json:"id"`
	Models geModels `json:"models"`
}

func readGenAI(catalogue []geProvider, p provider) (geModels, error) {
	var all geModels
	prefix, many := strings.CutSuffix(p.genai, "*")
	for _, c := range catalogue {
		host, found := strings.CutPrefix(c.ID, prefix)
		if p.genai == "" || !found || !many && host != "" {
			continue
		}
		for _, m := range c.Models {
			f, err := m.facts()
			if err != nil {
				return nil, fmt.Errorf("genai-prices: %s: %w", m.ID, err)
			}
			if many {
				m.ID, m.Match = m.ID+":"+host, geMatch{}
			}
			// A reseller's price is not the provider's.
			if m.read = f; len(f.rates) > 0 && !strings.Contains(m.Comment, "OpenRouter") {
				all = append(all, m)
			}
		}
	}
	return all, nil
}

// facts reads the newest of the dated prices.
func (m geModel) facts() (*facts, error) {
	f := newFacts()
	f.context = m.Context
	raw := m.Prices
	if bytes.HasPrefix(raw, []byte("[")) {
		var dated []struct {
			Prices json.RawMessage `json:"prices"`
		}
		if err := json.Unmarshal(raw, &dated); err != nil {
			return nil, err
		}
		raw = dated[len(dated)-1].Prices
	}
	var prices map[string]json.RawMessage
	if err := json.Unmarshal(raw, &prices); err != nil {
		return nil, err
	}
	for key, raw := range prices {
		d, ok := geDimensions[key]
		if !ok {
			continue
		}
		if err := geRate(f, d, raw); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
	}
	return f, nil
}

func geRate(f *facts, d price.Dimension, raw json.RawMessage) error {
	var v struct {
		Base  json.Number `json:"base"`
		Tiers []struct {
			Start int64       `json:"start"`
			Price json.Number `json:"price"`
		} `json:"tiers"`
	}
	if !bytes.HasPrefix(raw, []byte("{")) {
		v.Base = json.Number(raw)
	} else if err := json.Unmarshal(raw, &v); err != nil {
		return err
	}
	n, err := nano(v.Base, dollarsPerMillion)
	if err != nil {
		return err
	}
	f.rate(price.Standard, 0, d, n)
	for _, t := range v.Tiers {
		n, err := nano(t.Price, dollarsPerMillion)
		if err != nil {
			return err
		}
		f.rate(price.Standard, t.Start, d, n)
	}
	return nil
}
