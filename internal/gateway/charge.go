package gateway

import (
	"time"

	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/price"
)

// price works out what the entry cost. An unknown price stays unknown.
func (r *record) price(a *answer) {
	e := r.entry
	switch {
	case r.call.Op.Free():
		e.CostKnown = true
	case !e.Usage.Known:
		e.CostKnown = e.State != ledger.OK && !a.accepted // what a provider refused cost nothing that is known of
	default:
		Charge(r.g.Prices.Catalogue(), e)
	}
}

// Charge sets what a request with a known usage cost, by the prices that were in
// force when it came, and how that came about. Without a price it changes nothing.
func Charge(c *price.Catalogue, e *ledger.Entry) {
	names := [2]string{firstOf(e.PriceModel, e.Model)}
	if n := len(e.Attempts); n > 0 {
		names[1] = e.Attempts[n-1].Model // as it was sent
	}
	bill, p, ok := c.Bill(e.Provider, names[:], e.StartedAt, e.Usage)
	if !ok {
		return
	}
	e.CostNano, e.CostKnown, e.PriceVersion = bill.Nano, bill.Known, c.Version()
	e.Charge = &ledger.Charge{
		Model: p.Model, Source: p.Sources, AsOf: p.AsOf, Above: bill.Above, Assumed: bill.Assumed, Uncertain: bill.Uncertain,
		Local: p.Local, Missing: bill.Missing,
	}
	if bill.Tier != price.Standard {
		e.Charge.Tier = string(bill.Tier)
	}
	if !p.From.IsZero() {
		e.Charge.From = p.From.Format(time.RFC3339)
	}
	e.Charge.Lines = make([]ledger.ChargeLine, len(bill.Lines))
	for i, l := range bill.Lines {
		e.Charge.Lines[i] = ledger.ChargeLine{Name: l.Name, Count: l.Tokens, Rate: l.NanoPerMillion, Nano: l.Nano}
	}
}
