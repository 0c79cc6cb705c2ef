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

func mergeAll(p provider, sources []source) map[string]price.Entry {
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
		if e, ok := merge(p.id, name, views); ok && !refused[[2]string{p.id, name}] {
			if p.mediaInDollars && (e.Images != nil || slices.ContainsFunc(slices.Collect(maps.Keys(e.Units)), isMedia)) {
				e.Uncertain, e.Note = true, strings.TrimSpace(e.Note+" portkey-models has pictures and video in dollars where others are in cents; read so.")
			}
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
	e := price.Entry{From: ruled.from, Earlier: ruled.earlier}
	for _, w := range views {
		describe(&e, w.facts)
		if w.facts.doubt != "" {
			v.uncertain, v.notes = true, append(v.notes, w.facts.doubt)
		}
	}
	for _, w := range views {
		if f := w.facts; w.source == litellmName { // keeps these with more care
			e.Kind, e.Context, e.MaxOutput = cmp.Or(f.kind, e.Kind), cmp.Or(f.context, e.Context), cmp.Or(f.maxOutput, e.MaxOutput)
		}
	}
	e.Kind = cmp.Or(kinds[[2]string{provider, name}], e.Kind)
	v.kind = e.Kind
	slices.Sort(e.Supports)
	e.Supports = slices.Compact(e.Supports)

	voters := slices.DeleteFunc(slices.Clone(views), func(w view) bool { return isRuled && ruled.source != "" && w.source != ruled.source })
	rates, units := v.rates(voters), v.units(views)
	e.Images = v.images(views)
	if provider == "google" || provider == "vertex-ai" {
		v.notes = append(v.notes, completeGoogle(rates)...)
	}
	tidy(e, rates, units)
	if provider == "anthropic" {
		v.notes = append(v.notes, completeAnthropic(rates, units)...)
	}
	if len(voters) == 1 {
		v.doubt(rates)
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
	return e, (e.Rates != nil || e.Units != nil || e.Images != nil) && !placeholder(provider, name, e)
}

// placeholder reports whether all that is said of a model is that it costs
// nothing, and that is not believed: catalogues write 0 for what they do not
// know. It is believed of moderation, of names that say so, of what two
// catalogues say, and where we know better.
func placeholder(provider, name string, e price.Entry) bool {
	if len(e.Units) > 0 || len(e.Images) > 0 || e.Kind == "moderation" || len(e.Source) > 1 ||
		strings.HasSuffix(strings.ToLower(name), "free") || free[[2]string{provider, name}] {
		return false
	}
	for _, amount := range e.Rates {
		if amount != "0" {
			return false
		}
	}
	return true
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
}

// doubt marks rates of a single catalogue that look as if they had been swapped,
// or as if one had slipped.
func (v *vote) doubt(rates map[rateKey]int64) {
	in, out := rates[rateKey{price.Standard, 0, price.Input}], rates[rateKey{price.Standard, 0, price.Output}]
	if !v.uncertain && out > 0 && in > 2*out {
		v.uncertain = true
		v.notes = append(v.notes, "The output is listed as cheaper than the input.")
	}
}

// A claim is what one catalogue says of one figure.
type claim struct {
	source string
	nano   int64
}

// A vote decides figures and remembers who was overruled.
type vote struct {
	kind      string          // of the model
	against   map[string]bool // on the main rates
	uncertain bool
	notes     []string
}

// rates decides the main rates first. Who is overruled on them has another
// price in mind and is not heard on the rest, so that a model's rates fit.
func (v *vote) rates(views []view) map[rateKey]int64 {
	rates := make(map[rateKey]int64)
	main := []rateKey{{price.Standard, 0, price.Input}, {price.Standard, 0, price.Output}}
	claims := make(map[rateKey][]claim, len(main))
	for _, k := range main {
		if claims[k] = v.claims(views, k); len(claims[k]) > 0 {
			rates[k] = v.decide(keyName(k), claims[k])
		}
	}
	v.judgeSources(claims, rates)
	if !slices.ContainsFunc(views, func(w view) bool { return !v.against[w.source] }) {
		// One's input and another's output are nobody's price: the newest's are taken.
		for _, k := range main {
			if len(claims[k]) > 0 && claims[k][0].source == views[0].source {
				rates[k] = claims[k][0].nano
			}
		}
		v.notes = append(v.notes, "No two have both; took "+views[0].source+".")
		v.judgeSources(claims, rates)
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

// judgeSources remembers who said something else than what was taken.
func (v *vote) judgeSources(claims map[rateKey][]claim, rates map[rateKey]int64) {
	clear(v.against)
	for k, all := range claims {
		for _, c := range all {
			v.against[c.source] = v.against[c.source] || !near(c.nano, rates[k])
		}
	}
}

// claims gathers the figures that have a vote, and notes those that lost it.
func (v *vote) claims(views []view, k rateKey) []claim {
	var all []claim
	for _, w := range views {
		n, ok := w.facts.rates[k]
		if !ok {
			continue
		}
		opinion := judge(w.facts, v.kind, k, n)
		if opinion == impossible && k.dim <= price.Output && confirmed(views, w, k) {
			opinion = plausible
		}
		switch opinion {
		case plausible:
			all = append(all, claim{w.source, n})
		case impossible:
			v.uncertain = true
			v.notes = append(v.notes, fmt.Sprintf("%s: %s %s is impossible.", keyName(k), w.source, price.FormatDollars(n)))
		}
	}
	return all
}

// confirmed reports whether another catalogue has the same figure.
func confirmed(views []view, w view, k rateKey) bool {
	return slices.ContainsFunc(views, func(o view) bool {
		n, ok := o.facts.rates[k]
		return ok && o.source != w.source && n == w.facts.rates[k]
	})
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

func (v *vote) images(views []view) map[string]map[string]string {
	claims := make(map[[2]string][]claim)
	for _, w := range views {
		for quality, sizes := range w.facts.images {
			for size, n := range sizes {
				key := [2]string{quality, size}
				claims[key] = append(claims[key], claim{w.source, n})
			}
		}
	}
	var images map[string]map[string]string
	for _, key := range slices.SortedFunc(maps.Keys(claims), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		if images == nil {
			images = make(map[string]map[string]string)
		}
		n := v.decide("a picture of "+key[0]+" quality and "+key[1]+" size", claims[key])
		images[key[0]] = put(images[key[0]], key[1], price.FormatDollars(n))
	}
	return images
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

// near reports whether two figures are the same to the cent, or one is the
// other rounded, by less than a sixtieth.
func near(a, b int64) bool {
	const cent = 10_000_000
	if a == b || (a+cent/2)/cent == (b+cent/2)/cent && max(a, b) >= 10*cent {
		return true
	}
	if 60*max(a-b, b-a) >= max(a, b) {
		return false
	}
	for unit := int64(10); unit <= cent; unit *= 10 {
		if ra, rb := (a+unit/2)/unit*unit, (b+unit/2)/unit*unit; ra == rb && (ra == a || rb == b) {
			return true
		}
	}
	return false
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
