package logs

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ledger"
)

// A receipt's lines have prices as price lists write them: of a million tokens, a
// minute, one thing.
func TestCostReceipt(t *testing.T) {
	e := &ledger.Entry{CostNano: 20_016_500, PriceVersion: "v", Charge: &ledger.Charge{Model: "m", Lines: []ledger.ChargeLine{
		{Name: "cache_read", Count: 2000, Rate: 250_000_000, Nano: 500_000},
		{Name: "audio_ms", Count: 90_000, Rate: 71_666_666, Nano: 6_450_000}, // $0.0043 a minute
		{Name: "web_search", Count: 1, Rate: 10_000_000_000_000, Nano: 10_000_000},
		{Name: "character", Count: 5, Rate: 15_000_000_000, Nano: 75_000},
	}}}
	want := []costLine{
		{"cache_read", 2000, "token", 250_000_000, 1_000_000, 500_000},
		{"audio_ms", 90_000, "ms", 4_300_000, 60_000, 6_450_000},
		{"web_search", 1, "web_search", 10_000_000, 1, 10_000_000},
		{"character", 5, "character", 15_000, 1, 75_000},
	}
	got := costReceiptOf(e)
	if d := cmp.Diff(want, got.Lines); d != "" || got.Tier != "standard" || got.From != nil || got.RepricedAt != nil || got.Nano != e.CostNano {
		t.Errorf("%+v\n%s", got, d)
	}
	for _, l := range got.Lines {
		if l.Quantity*l.UnitPrice/l.Per != l.Nano {
			t.Errorf("%+v does not multiply", l)
		}
	}
	if costReceiptOf(&ledger.Entry{CostKnown: true}) != nil {
		t.Error("a receipt without a price")
	}
}
