package logs

import (
	"github.com/portico-ai/portico/internal/ledger"
)

// A costReceipt is how a cost came about. Each line is quantity × unit_price_nano ÷
// per; rounded once for all, they add up to the cost.
type costReceipt struct {
	Model      string     `json:"model"`
	Source     []string   `json:"source"`
	AsOf       string     `json:"as_of"`
	From       *string    `json:"from"`
	Catalogue  string     `json:"catalogue_version"`
	RepricedAt *string    `json:"repriced_at"`
	Tier       string     `json:"tier"`
	Above      int64      `json:"above_input_tokens"`
	Assumed    bool       `json:"tier_assumed"`
	Uncertain  bool       `json:"uncertain"`
	Local      bool       `json:"local"`
	Missing    string     `json:"missing"`
	Lines      []costLine `json:"lines"`
	Nano       int64      `json:"total_nano"`
}

type costLine struct {
	Name      string `json:"name"`
	Quantity  int64  `json:"quantity"`
	Unit      string `json:"unit"`
	UnitPrice int64  `json:"unit_price_nano"`
	Per       int64  `json:"per"`
	Nano      int64  `json:"cost_nano"`
}

func costReceiptOf(e *ledger.Entry) *costReceipt {
	c := e.Charge
	if c == nil {
		return nil
	}
	r := &costReceipt{
		Model: c.Model, Source: c.Source, AsOf: c.AsOf, Catalogue: e.PriceVersion, Tier: c.Tier, Above: c.Above,
		Assumed: c.Assumed, Uncertain: c.Uncertain, Local: c.Local, Missing: c.Missing,
		Lines: make([]costLine, 0, len(c.Lines)), Nano: e.CostNano,
	}
	if r.Source == nil {
		r.Source = []string{}
	}
	if r.Tier == "" {
		r.Tier = "standard"
	}
	if c.From != "" {
		r.From = &c.From
	}
	if !e.RepricedAt.IsZero() {
		at := timeText(e.RepricedAt)
		r.RepricedAt = &at
	}
	for _, l := range c.Lines {
		unit, per := unitOf(l.Name)
		r.Lines = append(r.Lines, costLine{Name: l.Name, Quantity: l.Count, Unit: unit, Per: per, Nano: l.Nano,
			UnitPrice: priceOf(l.Rate, per)})
	}
	return r
}

const million = 1_000_000

// priceOf turns a price of a million into one of per, to the nearest nano-dollar.
func priceOf(rate, per int64) int64 {
	return rate/million*per + (rate%million*per+million/2)/million
}

// unitOf says what a line counts, and how many of these its price is of, as price
// lists have it. Prices of sound, by the minute, are kept by the million milliseconds.
func unitOf(line string) (unit string, per int64) {
	switch line {
	case "audio_ms":
		return "ms", 60_000
	case "image", "character", "search_unit", "page", "call", "web_search", "search":
		return line, 1
	}
	return "token", million
}
