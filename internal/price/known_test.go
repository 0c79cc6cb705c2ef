package price

import "testing"

// TestKnownPrices holds well-known list prices, written out by hand, in dollars
// per million tokens; "" where there is no such rate.
func TestKnownPrices(t *testing.T) {
	c := load(t)
	for _, want := range []struct {
		provider, model                string
		input, output, read, write, w1 string
	}{
		{"openai", "gpt-4o", "2.5", "10", "1.25", "", ""},
		{"openai", "gpt-4o-2024-05-13", "5", "15", "", "", ""},
		{"openai", "gpt-4o-2024-08-06", "2.5", "10", "1.25", "", ""},
		{"openai", "gpt-4o-mini", "0.15", "0.6", "0.075", "", ""},
		{"openai", "gpt-4.1", "2", "8", "0.5", "", ""},
		{"openai", "gpt-4.1-mini", "0.4", "1.6", "0.1", "", ""},
		{"openai", "gpt-4.1-nano", "0.1", "0.4", "0.025", "", ""},
		{"openai", "gpt-4-turbo", "10", "30", "", "", ""},
		{"openai", "gpt-4", "30", "60", "", "", ""},
		{"openai", "gpt-4-32k", "60", "120", "", "", ""},
		{"openai", "gpt-3.5-turbo", "0.5", "1.5", "", "", ""},
		{"openai", "gpt-4.5-preview-2025-02-27", "75", "150", "37.5", "", ""},
		{"openai", "o1", "15", "60", "7.5", "", ""},
		{"openai", "o1-mini", "1.1", "4.4", "0.55", "", ""},
		{"openai", "o1-pro", "150", "600", "", "", ""},
		{"openai", "o3", "2", "8", "0.5", "", ""},
		{"openai", "o3-mini", "1.1", "4.4", "0.55", "", ""},
		{"openai", "o3-pro", "20", "80", "", "", ""},
		{"openai", "o4-mini", "1.1", "4.4", "0.275", "", ""},
		{"openai", "gpt-5", "1.25", "10", "0.125", "", ""},
		{"openai", "gpt-5-mini", "0.25", "2", "0.025", "", ""},
		{"openai", "gpt-5-nano", "0.05", "0.4", "0.005", "", ""},
		{"openai", "gpt-5-pro", "15", "120", "", "", ""},
		{"openai", "gpt-5.1", "1.25", "10", "0.125", "", ""},
		{"openai", "gpt-5.2", "1.75", "14", "0.175", "", ""},
		{"openai", "gpt-5.4", "2.5", "15", "0.25", "", ""},
		{"openai", "gpt-5.4-mini", "0.75", "4.5", "0.075", "", ""},
		{"openai", "gpt-5.6", "5", "30", "0.5", "6.25", ""},
		{"openai", "text-embedding-3-small", "0.02", "0", "", "", ""},
		{"openai", "text-embedding-3-large", "0.13", "0", "", "", ""},
		{"openai", "text-embedding-ada-002", "0.1", "0", "", "", ""},
		{"openai", "gpt-realtime", "4", "16", "0.4", "", ""},
		{"anthropic", "claude-2.1", "8", "24", "", "", ""},
		{"anthropic", "claude-3-haiku-20240307", "0.25", "1.25", "0.03", "0.3", "0.5"},
		{"anthropic", "claude-3-sonnet-20240229", "3", "15", "0.3", "3.75", "6"},
		{"anthropic", "claude-3-opus-20240229", "15", "75", "1.5", "18.75", "30"},
		{"anthropic", "claude-3-5-haiku-20241022", "0.8", "4", "0.08", "1", "1.6"},
		{"anthropic", "claude-3-5-sonnet-20241022", "3", "15", "0.3", "3.75", "6"},
		{"anthropic", "claude-3-7-sonnet-20250219", "3", "15", "0.3", "3.75", "6"},
		{"anthropic", "claude-sonnet-4-20250514", "3", "15", "0.3", "3.75", "6"},
		{"anthropic", "claude-opus-4-20250514", "15", "75", "1.5", "18.75", "30"},
		{"anthropic", "claude-opus-4-1-20250805", "15", "75", "1.5", "18.75", "30"},
		{"anthropic", "claude-sonnet-4-5-20250929", "3", "15", "0.3", "3.75", "6"},
		{"anthropic", "claude-haiku-4-5-20251001", "1", "5", "0.1", "1.25", "2"},
		{"anthropic", "claude-opus-4-5-20251101", "5", "25", "0.5", "6.25", "10"},
		{"anthropic", "claude-opus-4-6", "5", "25", "0.5", "6.25", "10"},
		{"anthropic", "claude-sonnet-4-6", "3", "15", "0.3", "3.75", "6"},
		{"azure-openai", "gpt-4o", "2.5", "10", "1.25", "", ""},
		{"azure-openai", "gpt-35-turbo-1106", "1", "2", "", "", ""},
		{"azure-openai", "text-embedding-3-small", "0.02", "0", "", "", ""},
		{"google", "gemini-2.5-pro", "1.25", "10", "0.125", "", ""},
		{"google", "gemini-2.5-flash", "0.3", "2.5", "0.03", "", ""},
		{"vertex-ai", "gemini-2.5-pro", "1.25", "10", "0.125", "", ""},
		{"vertex-ai", "claude-sonnet-4@20250514", "3", "15", "0.3", "3.75", "6"},
		{"bedrock", "anthropic.claude-3-haiku-20240307-v1:0", "0.25", "1.25", "0.025", "0.3125", ""},
		{"bedrock", "us.anthropic.claude-haiku-4-5-20251001-v1:0", "1.1", "5.5", "0.11", "1.375", "2.2"},
		{"bedrock", "meta.llama3-3-70b-instruct-v1:0", "0.72", "0.72", "", "", ""},
		{"mistral-ai", "mistral-large-2512", "0.5", "1.5", "0.05", "", ""},
		{"mistral-ai", "codestral-2508", "0.3", "0.9", "0.03", "", ""},
		{"groq", "llama-3.3-70b-versatile", "0.59", "0.79", "", "", ""},
		{"groq", "llama-3.1-8b-instant", "0.05", "0.08", "", "", ""},
		{"cohere", "command-a-03-2025", "2.5", "10", "", "", ""},
		{"cohere", "embed-english-v3.0", "0.1", "0", "", "", ""},
		{"together-ai", "meta-llama/Llama-3.3-70B-Instruct-Turbo", "0.88", "0.88", "", "", ""},
		{"x-ai", "grok-4-0709", "3", "15", "0.75", "", ""},
		{"x-ai", "grok-3-mini", "0.3", "0.5", "0.075", "", ""},
		{"perplexity-ai", "sonar-pro", "3", "15", "", "", ""},
		{"moonshot", "kimi-k2-0905-preview", "0.6", "2.5", "0.15", "", ""},
		{"voyage", "voyage-3.5", "0.06", "0", "", "", ""},
		{"jina", "jina-embeddings-v2-base-en", "0.02", "0", "", "", ""},
		{"cerebras", "llama3.1-8b", "0.1", "0.1", "", "", ""},
		{"anyscale", "meta-llama/Llama-2-70b-chat-hf", "1", "1", "", "", ""},
		{"google", "gemini-2.0-flash", "0.1", "0.4", "0.025", "", ""},
		{"google", "gemini-2.5-flash", "0.3", "2.5", "0.03", "", ""},
		{"google", "gemini-2.5-pro", "1.25", "10", "0.125", "", ""},
		{"google", "gemini-3-pro-preview", "2", "12", "0.2", "", ""},
		{"google", "models/gemini-embedding-001", "0.15", "0", "", "", ""},
	} {
		p, ok := c.Lookup(want.provider, want.model, today)
		if !ok {
			t.Errorf("%s %s has no price", want.provider, want.model)
			continue
		}
		r := &p.Schedules[0].Steps[0].Rates
		for d, text := range map[Dimension]string{
			Input: want.input, Output: want.output, CacheRead: want.read, CacheWrite: want.write, CacheWrite1h: want.w1,
		} {
			if got := show(r, d); got != text {
				t.Errorf("%s %s %s = %q, want %q", want.provider, want.model, d, got, text)
			}
		}
	}
}

// TestKnownTiers holds well-known prices of service tiers and long contexts.
func TestKnownTiers(t *testing.T) {
	c := load(t)
	for _, want := range []struct {
		provider, model string
		tier            Tier
		input           int64
		in, out, read   string
	}{
		{"openai", "gpt-4o", Batch, 1000, "1.25", "5", ""},
		{"openai", "gpt-4o", Priority, 1000, "4.25", "17", "2.125"},
		{"openai", "gpt-5", Flex, 1000, "0.625", "5", "0.0625"},
		{"openai", "gpt-5", Priority, 1000, "2.5", "20", "0.25"},
		{"openai", "gpt-5.4", Standard, 272_000, "2.5", "15", "0.25"},
		{"openai", "gpt-5.4", Standard, 272_001, "5", "22.5", "0.5"},
		{"openai", "gpt-5.4", Batch, 272_001, "2.5", "11.25", "0.25"},
		{"google", "gemini-2.5-pro", Standard, 200_000, "1.25", "10", "0.125"},
		{"google", "gemini-2.5-pro", Standard, 200_001, "2.5", "15", "0.25"},
		{"google", "gemini-1.5-pro", Standard, 128_001, "2.5", "10", ""},
		{"dashscope", "qwen3-coder-plus", Standard, 32_001, "1.8", "9", "0.18"},
		{"dashscope", "qwen3-coder-plus", Standard, 999_999, "6", "60", "0.6"},
		{"x-ai", "grok-4-0709", Standard, 128_001, "6", "30", ""},
		{"anthropic", "claude-sonnet-4-5", Standard, 200_000, "3", "15", "0.3"},
		{"anthropic", "claude-sonnet-4-5", Standard, 200_001, "6", "22.5", "0.6"},
		{"anthropic", "claude-sonnet-4-5", Batch, 1000, "1.5", "7.5", "0.15"},
		{"anthropic", "claude-opus-4-6", Standard, 500_000, "5", "25", "0.5"},
		{"anthropic", "claude-opus-4-6", Fast, 1000, "30", "150", "3"},
	} {
		p, _ := c.Lookup(want.provider, want.model, today)
		s := p.schedule(want.tier)
		if s == nil {
			t.Errorf("%s has no %s tier", want.model, want.tier)
			continue
		}
		r := s.at(want.input)
		got := [3]string{show(r, Input), show(r, Output), show(r, CacheRead)}
		if got != [3]string{want.in, want.out, want.read} {
			t.Errorf("%s %s with %d input tokens: %q, want %q", want.model, want.tier, want.input,
				got, []string{want.in, want.out, want.read})
		}
	}
}

func show(r *Rates, d Dimension) string {
	n, ok := r.Get(d)
	if !ok {
		return ""
	}
	return FormatDollars(n)
}

func load(t testing.TB) *Catalogue {
	t.Helper()
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestData checks what must hold for every entry that is shipped.
func TestData(t *testing.T) {
	c := load(t)
	total := 0
	for _, provider := range c.Providers() {
		for _, model := range c.Models(provider) {
			total++
			p, ok := c.Lookup(provider, model, today)
			if !ok || p.AsOf == "" || len(p.Sources) == 0 {
				t.Errorf("%s %s: no source or date", provider, model)
			}
			if p.Uncertain && p.Note == "" {
				t.Errorf("%s %s: is uncertain and does not say why", provider, model)
			}
			for _, s := range p.Schedules {
				for i, step := range s.Steps {
					checkRates(t, model+" "+string(s.Tier), &step.Rates)
					if i > 0 {
						lessThanBefore(t, model, &s.Steps[i-1].Rates, &step.Rates)
					}
				}
			}
		}
	}
	if providers := c.Providers(); len(providers) < 55 {
		t.Errorf("only the providers %v", providers)
	}
	if total < 4800 {
		t.Errorf("only %d prices", total)
	}
	if n := len(c.Models("openai")); n < 150 {
		t.Errorf("only %d models of openai", n)
	}
	if n := len(c.Models("anthropic")); n < 33 {
		t.Errorf("only %d models of anthropic", n)
	}
	t.Logf("%d prices, version %s", total, c.Version())
}

func checkRates(t *testing.T, name string, r *Rates) {
	t.Helper()
	input, _ := r.Get(Input)
	if read, ok := r.Get(CacheRead); ok && read > input {
		t.Errorf("%s: reading the cache costs more than sending anew", name)
	}
	if write, ok := r.Get(CacheWrite); ok && write < input {
		t.Errorf("%s: writing the cache costs less than sending", name)
	}
}

// lessThanBefore reports a long-context rate that is below the normal one.
func lessThanBefore(t *testing.T, name string, before, after *Rates) {
	t.Helper()
	for d := range dimensions {
		a, okA := before.Get(d)
		b, okB := after.Get(d)
		if okA && okB && b < a {
			t.Errorf("%s: a long context has a lower %s rate", name, d)
		}
	}
}
