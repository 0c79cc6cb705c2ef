package app

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ledger"
)

// An Invoice is a provider's CSV file of what it bills, and how to read it.
type Invoice struct {
	File      string
	Provider  string            // id
	Columns   map[string]string // "model", "date", "input", "output", "cost" to the file's columns; "a+b" adds two up
	Tolerance float64           // part by which sums may differ, 0.01 for a hundredth
	From, To  time.Time         // To exclusive; only for files without dates
}

// invoiceColumns are what a file's columns can mean, with their usual names.
var invoiceColumns = map[string]string{"model": "model", "date": "date", "input": "input_tokens", "output": "output_tokens", "cost": "cost"}

// A bill is what an invoice has a sum for.
type bill struct {
	day   string // UTC, "" where the file has no dates
	model string
}

type sums struct {
	requests, unpriced, input, output, cost int64 // cost in nano-dollars
}

// An InvoiceAgreement compares the sums of each day and model.
type InvoiceAgreement struct {
	Provider  string        `json:"provider"`
	Compared  []string      `json:"compared"` // "input", "output", "cost"
	Tolerance float64       `json:"tolerance"`
	Differing int           `json:"differing"` // lines
	Lines     []InvoiceLine `json:"lines"`
}

// An InvoiceLine is one day and model. Costs are in nano-dollars.
type InvoiceLine struct {
	Day      string   `json:"day,omitempty"`
	Model    string   `json:"model"`
	Requests int64    `json:"requests"`
	Unpriced int64    `json:"unpriced,omitempty"` // of them, whose cost is not known
	Input    [2]int64 `json:"input"`              // the journal's, the invoice's
	Output   [2]int64 `json:"output"`
	Cost     [2]int64 `json:"cost_nano"`
	Differs  []string `json:"differs,omitempty"` // "input", "output", "cost"
}

// billed is a file that was read.
type billed struct {
	has      map[string]bool // of the columns
	sums     map[bill]*sums
	from, to string // first and last day
}

func (v *Invoice) read(r io.Reader) (*billed, error) {
	table := csv.NewReader(r)
	table.FieldsPerRecord = -1 // a total at the end often has fewer
	head, err := table.Read()
	if err != nil {
		return nil, fmt.Errorf("read the header: %w", err)
	}
	head[0] = strings.TrimPrefix(head[0], "\ufeff")
	at, err := v.locate(head)
	if err != nil {
		return nil, err
	}
	b := &billed{has: map[string]bool{}, sums: map[bill]*sums{}}
	for name := range at {
		b.has[name] = true
	}
	for {
		row, err := table.Read()
		if errors.Is(err, io.EOF) {
			return b, nil
		}
		if err == nil {
			err = b.add(at, row)
		}
		if err != nil {
			line, _ := table.FieldPos(0)
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
	}
}

// locate finds the columns. The model's is needed, and one to compare by.
func (v *Invoice) locate(head []string) (map[string][]int, error) {
	at := map[string][]int{}
	for name, usual := range invoiceColumns {
		wanted, given := v.Columns[name]
		if !given {
			wanted = usual
		}
		for column := range strings.SplitSeq(wanted, "+") {
			i := slices.IndexFunc(head, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), strings.TrimSpace(column)) })
			if i >= 0 {
				at[name] = append(at[name], i)
			} else if given {
				return nil, fmt.Errorf("there is no column %q; the file has %s", column, strings.Join(head, ", "))
			}
		}
	}
	for name := range v.Columns {
		if _, ok := invoiceColumns[name]; !ok {
			return nil, fmt.Errorf("--columns: %q is not one of model, date, input, output, cost", name)
		}
	}
	if at["model"] == nil || at["input"] == nil && at["output"] == nil && at["cost"] == nil {
		return nil, fmt.Errorf("say with --columns which columns are the model and the tokens or the cost, such as model=Model,cost=Amount; the file has %s", strings.Join(head, ", "))
	}
	return at, nil
}

func (b *billed) add(at map[string][]int, row []string) error {
	cell := func(i int) string {
		if i >= len(row) {
			return ""
		}
		return strings.TrimSpace(row[i])
	}
	key := bill{model: cell(at["model"][0])}
	if key.model == "" {
		return nil // a total, or an empty line
	}
	if columns := at["date"]; columns != nil {
		day, err := utcDay(cell(columns[0]))
		if err != nil {
			return err
		}
		key.day = day
		if b.from == "" || day < b.from {
			b.from = day
		}
		b.to = max(b.to, day)
	}
	s := sumOf(b.sums, key)
	for name, into := range map[string]*int64{"input": &s.input, "output": &s.output, "cost": &s.cost} {
		scale := int64(1)
		if name == "cost" {
			scale = 1e9
		}
		for _, i := range at[name] {
			n, err := scaled(cell(i), scale)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			*into += n
		}
	}
	return nil
}

func sumOf(m map[bill]*sums, key bill) *sums {
	if m[key] == nil {
		m[key] = &sums{}
	}
	return m[key]
}

// utcDay reads a date, a time, or seconds since 1970.
func utcDay(text string) (string, error) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && len(text) >= 9 {
		return time.Unix(n, 0).UTC().Format(time.DateOnly), nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339, time.DateTime, "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC().Format(time.DateOnly), nil
		}
	}
	return "", fmt.Errorf("date: %q is neither a date such as 2026-11-01, nor a time, nor seconds since 1970", text)
}

// scaled reads a decimal number without losing any of it on the way.
func scaled(text string, scale int64) (int64, error) {
	plain := strings.NewReplacer("$", "", ",", "", " ", "", "USD", "").Replace(text)
	if plain == "" {
		return 0, nil
	}
	x, ok := new(big.Rat).SetString(plain)
	if !ok || strings.Contains(plain, "/") {
		return 0, fmt.Errorf("%q is not a number", text)
	}
	x.Mul(x, new(big.Rat).SetInt64(scale))
	n, ok := new(big.Int).SetString(x.FloatString(0), 10)
	if !ok || !n.IsInt64() {
		return 0, fmt.Errorf("%q is too large", text)
	}
	return n.Int64(), nil
}

// record adds an entry to the sums, if it belongs to what the file covers.
func (v *Invoice) record(b *billed, to map[bill]*sums, e *ledger.Entry) {
	if e.Provider != v.Provider || !v.From.IsZero() && e.StartedAt.Before(v.From) || !v.To.IsZero() && !e.StartedAt.Before(v.To) {
		return
	}
	key := bill{model: e.Model}
	if b.has["date"] {
		if key.day = e.StartedAt.UTC().Format(time.DateOnly); key.day < b.from || key.day > b.to {
			return
		}
	}
	if !e.Usage.Known && !e.CostKnown {
		return // nothing was used as far as we know
	}
	s := sumOf(to, key)
	s.requests++
	s.input += e.Usage.InputTokens
	s.output += e.Usage.OutputTokens
	if e.CostKnown {
		s.cost += e.CostNano
	} else {
		s.unpriced++
	}
}

func (v *Invoice) compare(b *billed, recorded map[bill]*sums) *InvoiceAgreement {
	a := &InvoiceAgreement{Provider: v.Provider, Tolerance: v.Tolerance}
	for _, name := range []string{"input", "output", "cost"} {
		if b.has[name] {
			a.Compared = append(a.Compared, name)
		}
	}
	keys := map[bill]bool{}
	for key := range b.sums {
		keys[key] = true
	}
	for key := range recorded {
		keys[key] = true
	}
	for key := range keys {
		ours, theirs := recorded[key], b.sums[key]
		if ours == nil {
			ours = &sums{}
		}
		if theirs == nil {
			theirs = &sums{}
		}
		line := InvoiceLine{Day: key.day, Model: key.model, Requests: ours.requests, Unpriced: ours.unpriced,
			Input: [2]int64{ours.input, theirs.input}, Output: [2]int64{ours.output, theirs.output}, Cost: [2]int64{ours.cost, theirs.cost}}
		for _, name := range a.Compared {
			pair := map[string][2]int64{"input": line.Input, "output": line.Output, "cost": line.Cost}[name]
			if !v.near(pair) {
				line.Differs = append(line.Differs, name)
			}
		}
		if len(line.Differs) > 0 {
			a.Differing++
		}
		a.Lines = append(a.Lines, line)
	}
	slices.SortFunc(a.Lines, func(x, y InvoiceLine) int { return strings.Compare(x.Day+" "+x.Model, y.Day+" "+y.Model) })
	return a
}

func (v *Invoice) near(pair [2]int64) bool {
	d := pair[0] - pair[1]
	return float64(max(d, -d)) <= v.Tolerance*float64(max(pair[0], pair[1]))
}
