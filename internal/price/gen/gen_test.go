package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/price"
	"github.com/portico-ai/portico/test/corpus"
)

// TestDataIsCurrent checks that the committed files are what the command makes
// of the catalogues.
func TestDataIsCurrent(t *testing.T) {
	files, err := generate(filepath.Join(corpus.Specs(t), "catalogues"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join("..", "data", name))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Errorf("%s is not current; run: go run ./internal/price/gen CATALOGUES internal/price/data", name)
		}
	}
}

func TestMergeVotes(t *testing.T) {
	in := rateKey{price.Standard, 0, price.Input}
	out := rateKey{price.Standard, 0, price.Output}
	read := rateKey{price.Standard, 0, price.CacheRead}
	batch := rateKey{price.Batch, 0, price.Input}
	batchOut := rateKey{price.Batch, 0, price.Output}
	says := func(source string, rates map[rateKey]int64) view {
		f := newFacts()
		f.rates = rates
		return view{source, "2026-01-02", f}
	}
	const d = 1_000_000_000
	for _, tt := range []struct {
		name  string
		views []view
		want  price.Entry
	}{
		{"all agree", []view{
			says("a", map[rateKey]int64{in: 2 * d, out: 8 * d}),
			says("b", map[rateKey]int64{in: 2 * d, out: 8 * d, read: d}),
		}, price.Entry{Source: []string{"a", "b"}, Rates: map[string]string{"input": "2", "output": "8", "cache_read": "1"}}},
		{"the majority wins, and the overruled are not heard on the rest", []view{
			says("a", map[rateKey]int64{in: d, out: 8 * d, batch: d / 2, batchOut: 4 * d}),
			says("b", map[rateKey]int64{in: 2 * d, out: 8 * d}),
			says("c", map[rateKey]int64{in: 2 * d, out: 8 * d}),
		}, price.Entry{Source: []string{"b", "c"}, Uncertain: true, Note: "input: a 1, b 2, c 2; took 2.",
			Rates: map[string]string{"input": "2", "output": "8"}}},
		{"of two the newer is taken", []view{
			says("a", map[rateKey]int64{in: d, out: 8 * d}),
			says("b", map[rateKey]int64{in: 2 * d, out: 8 * d}),
		}, price.Entry{Source: []string{"a"}, Uncertain: true, Note: "input: a 1, b 2; took 1.",
			Rates: map[string]string{"input": "1", "output": "8"}}},
		{"a rounded figure agrees", []view{
			says("a", map[rateKey]int64{in: 2 * d, out: 8 * d, read: 280_000_000}),
			says("b", map[rateKey]int64{in: 2 * d, out: 8 * d, read: 275_000_000}),
		}, price.Entry{Source: []string{"a", "b"}, Rates: map[string]string{"input": "2", "output": "8", "cache_read": "0.275"}}},
		{"an impossible figure has no vote", []view{
			says("a", map[rateKey]int64{in: 2 * d, out: 8 * d, read: 16 * d}),
			says("b", map[rateKey]int64{in: 2 * d, out: 8 * d, read: d}),
		}, price.Entry{Source: []string{"a", "b"}, Uncertain: true, Note: "cache_read: a 16 is impossible.",
			Rates: map[string]string{"input": "2", "output": "8", "cache_read": "1"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.want.AsOf = "2026-01-02"
			got, ok := merge("some", "model", tt.views)
			if diff := cmp.Diff(tt.want, got); !ok || diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestNano(t *testing.T) {
	for _, tt := range []struct {
		n     string
		scale int64
		want  int64
	}{
		{"0.00025", centsPerToken, 2_500_000_000},
		{"2.5e-06", dollarsPerToken, 2_500_000_000},
		{"3.0000000000000004e-07", dollarsPerToken, 300_000_000},
		{"2.5", dollarsPerMillion, 2_500_000_000},
		{"0.0002833333333333333", 60 * dollarsPerUnit, 17_000_000},
	} {
		got, err := nano(json.Number(tt.n), tt.scale)
		if err != nil || got != tt.want {
			t.Errorf("nano(%s, %d) = %d, %v, want %d", tt.n, tt.scale, got, err, tt.want)
		}
	}
	for _, bad := range []string{"", "x", "-1", "1e30"} {
		if n, err := nano(json.Number(bad), dollarsPerToken); err == nil {
			t.Errorf("nano(%q) = %d", bad, n)
		}
	}
}
