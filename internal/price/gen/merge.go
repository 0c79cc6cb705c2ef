package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/portico-ai/portico/internal/price"
)

func mergeAll(provider string, sources []source) map[string]price.Entry {
	names := make(map[string]bool)
	for _, s := range sources {
		for name := range s.models {
			names[name] = true
		}
	}
	all := make(map[string]price.Entry, len(names))
	for name := range names {
		var views []view
		for _, s := range sources {
			if f := s.models[name]; f != nil {
				views = append(views, view{s.name, s.asOf, f})
			}
		}
		if e, ok := merge(provider, name, views); ok {
			all[name] = e
		}
	}
	return all
}

// A view is what one catalogue says of one model.
type view struct {
	source, asOf string
	facts        *facts
}

// merge votes on every figure of a model. It reports false for a model that no
// catalogue has a price of.
func merge(provider, name string, views []view) (price.Entry, bool) {
	ruled, isRuled := rulings[[2]string{provider, name}]
	v := vote{against: map[string]bool{}}
	if isRuled {
		v.uncertain, v.notes = true, []string{ruled.note}
	}
	var e price.Entry
	for _, w := range views {
		describe(&e, w.facts)
	}
	for _, w := range views {
		if f := w.facts; w.source == litellmName { // keeps these with more care
			e.Kind, e.Context, e.MaxOutput = cmp.Or(f.kind, e.Kind), cmp.Or(f.context, e.Context), cmp.Or(f.maxOutput, e.MaxOutput)
		}
	}
	slices.Sort(e.Supports)
	e.Supports = slices.Compact(e.Supports)

	voters := slices.DeleteFunc(slices.Clone(views), func(w view) bool { return isRuled && w.source != ruled.source })
	rates, units := v.rates(voters), v.units(views)
	tidy(e, rates, units)
	if provider == "anthropic" {
		v.notes = append(v.notes, completeAnthropic(rates, units)...)
	}
	spread(&e, rates)
	e.Units = dollars(units)

	for _, w := range voters {
		if !v.against[w.source] {
			e.Source = append(e.Source, w.source)
			e.AsOf = max(e.AsOf, w.asOf)
		}
	}
	e.Uncertain, e.Note = v.uncertain, strings.Join(v.notes, " ")
	return e, e.Rates != nil || e.Units != nil || e.Images != nil
}

// describe takes what is not a rate from the first catalogue that says it.
func describe(e *price.Entry, f *facts) {
	e.Kind = cmp.Or(e.Kind, f.kind)
	e.Context = cmp.Or(e.Context, f.context)
	e.MaxOutput = cmp.Or(e.MaxOutput, f.maxOutput)
	e.Supports = append(e.Supports, f.supports...)
	if e.Training == nil {
		e.Training = dollars(f.training)
	}
	if e.Images == nil && f.images != nil {
		e.Images = make(map[string]map[string]string)
		for quality, sizes := range f.images {
			e.Images[quality] = dollars(sizes)
		}
	}
}

// A claim is what one catalogue says of one figure.
type claim struct {
	source string
	nano   int64
}

// A vote decides figures and remembers who was overruled.
type vote struct {
	against   map[string]bool // on the main rates
	uncertain bool
	notes     []string
}

// rates decides the main rates first. Who is overruled on them has another
// price in mind and is not heard on the rest, so that a model's rates fit.
func (v *vote) rates(views []view) map[rateKey]int64 {
	rates := make(map[rateKey]int64)
	main := []rateKey{{price.Standard, 0, price.Input}, {price.Standard, 0, price.Output}}
	for _, k := range main {
		if claims := v.claims(views, k); len(claims) > 0 {
			rates[k] = v.decide(keyName(k), claims)
			for _, c := range claims {
				v.against[c.source] = v.against[c.source] || !near(c.nano, rates[k])
			}
		}
	}
	rest := make(map[rateKey]bool)
	for _, w := range views {
		for k := range w.facts.rates {
			rest[k] = !slices.Contains(main, k)
		}
	}
	agreeing := slices.DeleteFunc(slices.Clone(views), func(w view) bool { return v.against[w.source] })
	for _, k := range slices.SortedFunc(maps.Keys(rest), compareKeys) {
		if !rest[k] {
			continue
		}
		if claims := v.claims(agreeing, k); len(claims) > 0 {
			rates[k] = v.decide(keyName(k), claims)
		}
	}
	return rates
}

// claims gathers the figures that have a vote, and notes those that lost it.
func (v *vote) claims(views []view, k rateKey) []claim {
	var all []claim
	for _, w := range views {
		n, ok := w.facts.rates[k]
		if !ok {
			continue
		}
		switch judge(w.facts, k, n) {
		case plausible:
			all = append(all, claim{w.source, n})
		case impossible:
			v.uncertain = true
			v.notes = append(v.notes, fmt.Sprintf("%s: %s %s is impossible.", keyName(k), w.source, price.FormatDollars(n)))
		}
	}
	return all
}

func (v *vote) units(views []view) map[string]int64 {
	claims := make(map[string][]claim)
	for _, w := range views {
		for name, n := range w.facts.units {
			claims[name] = append(claims[name], claim{w.source, n})
		}
	}
	units := make(map[string]int64, len(claims))
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		units[name] = v.decide(name, claims[name])
	}
	return units
}

// decide takes the figure that most catalogues have; of equals the first
// catalogue's. Figures that differ only by rounding are the same, and the
// longer one is taken.
func (v *vote) decide(what string, claims []claim) int64 {
	best, votes := claims[0].nano, 0
	agreed := true
	for _, c := range claims {
		agreed = agreed && near(c.nano, claims[0].nano)
		n := 0
		for _, o := range claims {
			if near(c.nano, o.nano) {
				n++
			}
		}
		longer := near(c.nano, best) && len(price.FormatDollars(c.nano)) > len(price.FormatDollars(best))
		if n > votes || n == votes && longer {
			best, votes = c.nano, n
		}
	}
	if agreed {
		return best
	}
	v.uncertain = true
	parts := make([]string, len(claims))
	for i, c := range claims {
		parts[i] = c.source + " " + price.FormatDollars(c.nano)
	}
	v.notes = append(v.notes, fmt.Sprintf("%s: %s; took %s.", what, strings.Join(parts, ", "), price.FormatDollars(best)))
	return best
}

// near reports whether two figures are the same to the cent.
func near(a, b int64) bool {
	const cent = 10_000_000
	return a == b || (a+cent/2)/cent == (b+cent/2)/cent && max(a, b) >= 10*cent
}

func compareKeys(a, b rateKey) int {
	return cmp.Or(cmp.Compare(a.tier, b.tier), cmp.Compare(a.above, b.above), cmp.Compare(a.dim, b.dim))
}

func keyName(k rateKey) string {
	name := k.dim.String()
	if k.tier != price.Standard {
		name = string(k.tier) + " " + name
	}
	if k.above > 0 {
		name += " above " + strconv.FormatInt(k.above, 10)
	}
	return name
}

// spread writes the rates into the entry's schedules.
func spread(e *price.Entry, rates map[rateKey]int64) {
	for k, n := range rates {
		t := e.Tiers[k.tier]
		if k.tier == price.Standard {
			t = price.TierEntry{Rates: e.Rates, Long: e.Long}
		}
		if k.above == 0 {
			t.Rates = put(t.Rates, k.dim.String(), price.FormatDollars(n))
		} else {
			if t.Long == nil {
				t.Long = make(map[string]map[string]string)
			}
			key := strconv.FormatInt(k.above, 10)
			t.Long[key] = put(t.Long[key], k.dim.String(), price.FormatDollars(n))
		}
		if k.tier == price.Standard {
			e.Rates, e.Long = t.Rates, t.Long
			continue
		}
		if e.Tiers == nil {
			e.Tiers = make(map[price.Tier]price.TierEntry)
		}
		e.Tiers[k.tier] = t
	}
}

func put(m map[string]string, key, value string) map[string]string {
	if m == nil {
		m = make(map[string]string)
	}
	m[key] = value
	return m
}

func dollars(m map[string]int64) map[string]string {
	if len(m) == 0 {
		return nil
	}
	all := make(map[string]string, len(m))
	for name, n := range m {
		all[name] = price.FormatDollars(n)
	}
	return all
}
