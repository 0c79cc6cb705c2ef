package price

import (
	"math"
	"math/big"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/portico-ai/portico/internal/ai"
)

func TestCost(t *testing.T) {
	c := load(t)
	for _, tt := range []struct {
		name, provider, model string
		usage                 ai.Usage
		tier                  Tier
		want                  Bill
	}{{
		name: "plain", provider: "openai", model: "gpt-4o-mini",
		usage: ai.Usage{Known: true, InputTokens: 1000, OutputTokens: 500},
		want: Bill{Known: true, Tier: Standard, Nano: 450_000, Lines: []Line{
			{"input", 1000, 150_000_000, 150_000}, {"output", 500, 600_000_000, 300_000},
		}},
	}, {
		name: "cached and reasoning tokens are parts of their totals", provider: "openai", model: "o3",
		usage: ai.Usage{Known: true, InputTokens: 1000, CacheReadTokens: 400, OutputTokens: 500, ReasoningTokens: 300},
		want: Bill{Known: true, Tier: Standard, Nano: 5_400_000, Lines: []Line{
			{"input", 600, 2_000_000_000, 1_200_000}, {"cache_read", 400, 500_000_000, 200_000},
			{"output", 200, 8_000_000_000, 1_600_000}, {"reasoning", 300, 8_000_000_000, 2_400_000},
		}},
	}, {
		name: "cache writes of both ages", provider: "anthropic", model: "claude-sonnet-4-20250514",
		usage: ai.Usage{Known: true, InputTokens: 1000, CacheReadTokens: 100, CacheWriteTokens: 600, CacheWrite1hTokens: 200, OutputTokens: 10},
		want: Bill{Known: true, Tier: Standard, Nano: 3_780_000, Lines: []Line{
			{"input", 300, 3_000_000_000, 900_000}, {"cache_write", 400, 3_750_000_000, 1_500_000},
			{"cache_write_1h", 200, 6_000_000_000, 1_200_000}, {"cache_read", 100, 300_000_000, 30_000},
			{"output", 10, 15_000_000_000, 150_000},
		}},
	}, {
		name: "long context", provider: "anthropic", model: "claude-sonnet-4-5",
		usage: ai.Usage{Known: true, InputTokens: 200_001, OutputTokens: 1000},
		want: Bill{Known: true, Tier: Standard, Above: 200_000, Nano: 1_222_506_000, Lines: []Line{
			{"input", 200_001, 6_000_000_000, 1_200_006_000}, {"output", 1000, 22_500_000_000, 22_500_000},
		}},
	}, {
		name: "tier from the usage", provider: "openai", model: "gpt-5",
		usage: ai.Usage{Known: true, InputTokens: 1000, OutputTokens: 100, ServiceTier: "priority"},
		want: Bill{Known: true, Tier: Priority, Nano: 4_500_000, Lines: []Line{
			{"input", 1000, 2_500_000_000, 2_500_000}, {"output", 100, 20_000_000_000, 2_000_000},
		}},
	}, {
		name: "the tier asked for wins", provider: "openai", model: "gpt-5", tier: Batch,
		usage: ai.Usage{Known: true, InputTokens: 1000, ServiceTier: "default"},
		want:  Bill{Known: true, Tier: Batch, Nano: 625_000, Lines: []Line{{"input", 1000, 625_000_000, 625_000}}},
	}, {
		name: "a batch without a listed price is half", provider: "openai", model: "gpt-4-turbo", tier: Batch,
		usage: ai.Usage{Known: true, InputTokens: 1000},
		want:  Bill{Known: true, Tier: Batch, Assumed: true, Nano: 5_000_000, Lines: []Line{{"input", 1000, 5_000_000_000, 5_000_000}}},
	}, {
		name: "another tier without a listed price is standard", provider: "openai", model: "gpt-4-turbo", tier: Priority,
		usage: ai.Usage{Known: true, InputTokens: 1000},
		want:  Bill{Known: true, Tier: Standard, Assumed: true, Nano: 10_000_000, Lines: []Line{{"input", 1000, 10_000_000_000, 10_000_000}}},
	}, {
		name: "a batch without a cache rate gives no discount", provider: "openai", model: "gpt-4o", tier: Batch,
		usage: ai.Usage{Known: true, InputTokens: 1000, CacheReadTokens: 1000},
		want:  Bill{Known: true, Tier: Batch, Nano: 1_250_000, Lines: []Line{{"cache_read", 1000, 1_250_000_000, 1_250_000}}},
	}, {
		name: "audio, part of it cached", provider: "openai", model: "gpt-realtime",
		usage: ai.Usage{Known: true, InputTokens: 100, InputAudioTokens: 60, CacheReadTokens: 50, OutputTokens: 20, OutputAudioTokens: 15},
		want: Bill{Known: true, Tier: Standard, Uncertain: true, Nano: 2_660_000, Lines: []Line{
			{"cache_read", 40, 400_000_000, 16_000}, {"audio_input", 50, 32_000_000_000, 1_600_000},
			{"audio_cache_read", 10, 400_000_000, 4_000},
			{"output", 5, 16_000_000_000, 80_000}, {"audio_output", 15, 64_000_000_000, 960_000},
		}},
	}, {
		name: "searches", provider: "anthropic", model: "claude-opus-4-5",
		usage: ai.Usage{Known: true, InputTokens: 1, WebSearches: 3},
		want: Bill{Known: true, Tier: Standard, Nano: 30_005_000, Lines: []Line{
			{"input", 1, 5_000_000_000, 5_000}, {"web_search", 3, 10_000_000_000_000, 30_000_000},
		}},
	}, {
		name: "an embedding", provider: "openai", model: "text-embedding-3-small",
		usage: ai.Usage{Known: true, InputTokens: 7},
		want:  Bill{Known: true, Tier: Standard, Nano: 140, Lines: []Line{{"input", 7, 20_000_000, 140}}},
	}, {
		name: "unknown usage", provider: "openai", model: "gpt-4o",
		want: Bill{Tier: Standard, Missing: "usage"},
	}, {
		name: "unknown model", provider: "openai", model: "no-such-model",
		usage: ai.Usage{Known: true, InputTokens: 7},
		want:  Bill{Tier: Standard, Missing: "price"},
	}, {
		name: "priced by the minute", provider: "openai", model: "whisper-1",
		usage: ai.Usage{Known: true, InputTokens: 7},
		want:  Bill{Tier: Standard, Missing: "usage in the unit of the price"},
	}, {
		name: "a search without a price", provider: "openai", model: "text-embedding-3-small",
		usage: ai.Usage{Known: true, InputTokens: 7, WebSearches: 1},
		want:  Bill{Tier: Standard, Missing: "web_search price", Nano: 140, Lines: []Line{{"input", 7, 20_000_000, 140}}},
	}, {
		name: "free", provider: "openai", model: "omni-moderation-latest",
		want: Bill{Known: true, Tier: Standard},
	}, {
		name: "pictures by quality and size", provider: "openai", model: "dall-e-3",
		usage: ai.Usage{Known: true, Images: 2, ImageQuality: "hd", ImageSize: "1792x1024"},
		want:  Bill{Known: true, Tier: Standard, Nano: 240_000_000, Lines: []Line{{"image", 2, 120_000_000_000_000, 240_000_000}}},
	}, {
		name: "pictures of no particular size", provider: "stability-ai", model: "sd3-large",
		usage: ai.Usage{Known: true, Images: 1, ImageSize: "1:1"},
		want:  Bill{Known: true, Tier: Standard, Nano: 65_000_000, Lines: []Line{{"image", 1, 65_000_000_000_000, 65_000_000}}},
	}, {
		name: "a chat model that made a picture", provider: "openai", model: "gpt-4o",
		usage: ai.Usage{Known: true, Images: 1},
		want:  Bill{Tier: Standard, Missing: "usage in the unit of the price"},
	}, {
		name: "image tokens told apart", provider: "google", model: "gemini-3-pro-image",
		usage: ai.Usage{Known: true, InputTokens: 100, InputImageTokens: 40, OutputTokens: 1200, OutputImageTokens: 1120},
		want: Bill{Known: true, Tier: Standard, Nano: 135_560_000, Lines: []Line{
			{"input", 60, 2_000_000_000, 120_000}, {"image_input", 40, 2_000_000_000, 80_000},
			{"output", 80, 12_000_000_000, 960_000}, {"image_output", 1120, 120_000_000_000, 134_400_000},
		}},
	}, {
		name: "the whole output of an image model", provider: "google", model: "gemini-3-pro-image",
		usage: ai.Usage{Known: true, OutputTokens: 1000},
		want:  Bill{Known: true, Tier: Standard, Nano: 120_000_000, Lines: []Line{{"output", 1000, 120_000_000_000, 120_000_000}}},
	}, {
		name: "the text of a chat model that can make pictures", provider: "vertex-ai", model: "gemini-3-pro-preview",
		usage: ai.Usage{Known: true, OutputTokens: 1000},
		want:  Bill{Known: true, Tier: Standard, Uncertain: true, Nano: 12_000_000, Lines: []Line{{"output", 1000, 12_000_000_000, 12_000_000}}},
	}, {
		name: "sound by the minute, exactly", provider: "openai", model: "whisper-1",
		usage: ai.Usage{Known: true, AudioMillis: 90_001},
		want:  Bill{Known: true, Tier: Standard, Nano: 9_000_100, Lines: []Line{{"audio_ms", 90_001, 100_000_000, 9_000_100}}},
	}, {
		name: "sound by the minute, a third of a nano-dollar", provider: "deepgram", model: "nova-3",
		usage: ai.Usage{Known: true, AudioMillis: 3_600_000},
		want:  Bill{Known: true, Tier: Standard, Nano: 258_000_000, Lines: []Line{{"audio_ms", 3_600_000, 71_666_666, 258_000_000}}},
	}, {
		name: "characters", provider: "deepgram", model: "aura-asteria-en",
		usage: ai.Usage{Known: true, Characters: 1000},
		want:  Bill{Known: true, Tier: Standard, Nano: 15_000_000, Lines: []Line{{"character", 1000, 15_000_000_000, 15_000_000}}},
	}, {
		name: "a transcription that counts tokens", provider: "openai", model: "gpt-4o-transcribe",
		usage: ai.Usage{Known: true, InputTokens: 100, OutputTokens: 10, AudioMillis: 60_000},
		want: Bill{Known: true, Tier: Standard, Nano: 350_000, Lines: []Line{
			{"input", 100, 2_500_000_000, 250_000}, {"output", 10, 10_000_000_000, 100_000},
		}},
	}, {
		name: "a transcription that counts time", provider: "openai", model: "gpt-4o-transcribe",
		usage: ai.Usage{Known: true, AudioMillis: 60_000},
		want:  Bill{Known: true, Tier: Standard, Nano: 6_000_000, Lines: []Line{{"audio_ms", 60_000, 100_000_000, 6_000_000}}},
	}, {
		name: "search units", provider: "cohere", model: "rerank-v3.5",
		usage: ai.Usage{Known: true, SearchUnits: 3},
		want:  Bill{Known: true, Tier: Standard, Nano: 6_000_000, Lines: []Line{{"search_unit", 3, 2_000_000_000_000, 6_000_000}}},
	}, {
		name: "pages", provider: "mistral-ai", model: "mistral-ocr-2512",
		usage: ai.Usage{Known: true, Pages: 5},
		want:  Bill{Known: true, Tier: Standard, Nano: 10_000_000, Lines: []Line{{"page", 5, 2_000_000_000_000, 10_000_000}}},
	}, {
		name: "a search in every call", provider: "perplexity-ai", model: "sonar-pro",
		usage: ai.Usage{Known: true, InputTokens: 10, OutputTokens: 100, WebSearches: 2, SearchContext: "medium"},
		want: Bill{Known: true, Tier: Standard, Nano: 11_530_000, Lines: []Line{
			{"input", 10, 3_000_000_000, 30_000}, {"output", 100, 15_000_000_000, 1_500_000}, {"web_search", 1, 10_000_000_000_000, 10_000_000},
		}},
	}, {
		name: "a search of unknown context", provider: "perplexity-ai", model: "sonar-pro",
		usage: ai.Usage{Known: true, InputTokens: 10},
		want: Bill{Tier: Standard, Missing: "size of the search's context", Nano: 30_000,
			Lines: []Line{{"input", 10, 3_000_000_000, 30_000}}},
	}, {
		name: "a search by another name", provider: "google", model: "gemini-2.5-pro",
		usage: ai.Usage{Known: true, WebSearches: 1},
		want:  Bill{Known: true, Tier: Standard, Nano: 35_000_000, Lines: []Line{{"web_search", 1, 35_000_000_000_000, 35_000_000}}},
	}, {
		name: "local", provider: "ollama", model: "llama3.2:3b",
		usage: ai.Usage{Known: true, InputTokens: 1000, OutputTokens: 500, WebSearches: 1},
		want:  Bill{Known: true, Tier: Standard},
	}} {
		t.Run(tt.name, func(t *testing.T) {
			p, _ := c.Lookup(tt.provider, tt.model, today)
			if d := cmp.Diff(tt.want, Cost(p, tt.usage, tt.tier)); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
}

func TestCostRoundsOnce(t *testing.T) {
	e := Entry{Rates: map[string]string{"input": "0.0004", "output": "0.0004", "cache_read": "0.0002"}}
	p, err := e.Price("p", "m")
	if err != nil {
		t.Fatal(err)
	}
	// 0.4 + 0.2 + 0.4 nano-dollars: every line would round to 0, the sum is 1.
	b := Cost(p, ai.Usage{Known: true, InputTokens: 2, CacheReadTokens: 1, OutputTokens: 1}, "")
	if b.Nano != 1 {
		t.Errorf("cost %d, want 1", b.Nano)
	}
	var sum int64
	for _, l := range b.Lines {
		sum += l.Nano
	}
	if sum != b.Nano {
		t.Errorf("the lines add up to %d, not %d", sum, b.Nano)
	}
}

func TestCostOfHugeUsageDoesNotOverflow(t *testing.T) {
	e := Entry{Rates: map[string]string{"input": "1000000", "output": "1000000"}, Units: map[string]string{"web_search": "6000"}}
	p, err := e.Price("p", "m")
	if err != nil {
		t.Fatal(err)
	}
	u := ai.Usage{Known: true, InputTokens: math.MaxInt64, OutputTokens: math.MaxInt64, WebSearches: math.MaxInt64}
	if b := Cost(p, u, ""); b.Nano != math.MaxInt64 {
		t.Errorf("cost %d, want the largest amount", b.Nano)
	}
}

func TestOutputWithoutAPrice(t *testing.T) {
	e := Entry{Rates: map[string]string{"input": "1"}}
	p, err := e.Price("p", "m")
	if err != nil {
		t.Fatal(err)
	}
	want := Bill{Tier: Standard, Missing: "output price", Nano: 10_000, Lines: []Line{{"input", 10, 1_000_000_000, 10_000}}}
	if d := cmp.Diff(want, Cost(p, ai.Usage{Known: true, InputTokens: 10, OutputTokens: 1}, "")); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

func TestImagePrices(t *testing.T) {
	e := Entry{Images: map[string]map[string]string{
		"standard": {"1024x1024": "0.04", "default": "0.05"}, "hd": {"1024x1024": "0.08"},
	}}
	p, err := e.Price("p", "m")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		quality, size string
		nano          int64 // -1 for unknown
	}{
		{"", "", 50_000_000}, {"", "1024x1024", 40_000_000}, {"standard", "9x9", 50_000_000}, {"auto", "1024x1024", 40_000_000},
		{"hd", "1024x1024", 80_000_000}, {"hd", "9x9", -1},
	} {
		b := Cost(p, ai.Usage{Known: true, Images: 1, ImageQuality: tt.quality, ImageSize: tt.size}, "")
		if b.Known != (tt.nano >= 0) || b.Known && b.Nano != tt.nano {
			t.Errorf("%s %s: %+v, want %d", tt.quality, tt.size, b, tt.nano)
		}
	}
	e = Entry{Units: map[string]string{"generated_images": "0.03"}}
	if p, err = e.Price("p", "m"); err != nil {
		t.Fatal(err)
	}
	if b := Cost(p, ai.Usage{Known: true, Images: 2}, ""); !b.Known || b.Nano != 60_000_000 {
		t.Errorf("%+v", b)
	}
}

func TestPerCall(t *testing.T) {
	e := Entry{Units: map[string]string{"call": "0.02"}}
	p, err := e.Price("p", "m")
	if err != nil {
		t.Fatal(err)
	}
	want := Bill{Known: true, Tier: Standard, Nano: 20_000_000, Lines: []Line{{"call", 1, 20_000_000_000_000, 20_000_000}}}
	if d := cmp.Diff(want, Cost(p, ai.Usage{}, "")); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

// TestCostAgainstRationals compares with exact fractions and a partition of the
// tokens that is written in another way.
func TestCostAgainstRationals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r Rates
		for _, d := range []Dimension{Input, Output, CacheRead, CacheWrite, CacheWrite1h, Reasoning, AudioInput, AudioOutput, AudioCacheRead, ImageInput, ImageOutput, ImageCacheRead} {
			if d == Input || d == Output || rapid.Bool().Draw(t, "has "+d.String()) {
				r.Set(d, rapid.Int64Range(0, 1_000_000_000_000).Draw(t, d.String()))
			}
		}
		p := Price{Schedules: []Schedule{{Tier: Standard, Steps: []Step{{Rates: r}}}}}
		tokens := rapid.OneOf(rapid.Int64Range(-5, 50), rapid.Int64Range(0, 10_000_000))
		u := ai.Usage{
			Known: true, InputTokens: tokens.Draw(t, "in"), OutputTokens: tokens.Draw(t, "out"),
			CacheReadTokens: tokens.Draw(t, "read"), CacheWriteTokens: tokens.Draw(t, "write"),
			CacheWrite1hTokens: tokens.Draw(t, "write1h"), ReasoningTokens: tokens.Draw(t, "reasoning"),
			InputAudioTokens: tokens.Draw(t, "audio in"), OutputAudioTokens: tokens.Draw(t, "audio out"),
			InputImageTokens: tokens.Draw(t, "image in"), OutputImageTokens: tokens.Draw(t, "image out"),
		}
		b := Cost(p, u, "")
		if want := slowCost(&r, u); b.Nano != want {
			t.Fatalf("cost %d, want %d", b.Nano, want)
		}
		checkLines(t, b, u)

		more := u
		more.InputTokens += rapid.Int64Range(0, 1000).Draw(t, "more in")
		if partsFit(u) && Cost(p, more, "").Nano < b.Nano {
			t.Fatalf("more input costs less")
		}
		more = u
		more.OutputTokens += 1000
		if partsFit(u) && Cost(p, more, "").Nano < b.Nano {
			t.Fatalf("more output costs less")
		}
	})
}

// partsFit reports whether the parts are within their totals, without which
// more of a total can turn what was cut off into dearer tokens or cheaper ones.
func partsFit(u ai.Usage) bool {
	return u.CacheReadTokens+u.CacheWriteTokens+u.InputAudioTokens+u.InputImageTokens <= u.InputTokens &&
		u.ReasoningTokens+u.OutputAudioTokens+u.OutputImageTokens <= u.OutputTokens
}

// checkLines checks that every token is on one line, and the lines add up.
func checkLines(t *rapid.T, b Bill, u ai.Usage) {
	var nano, tokens int64
	for _, l := range b.Lines {
		nano += l.Nano
		tokens += l.Tokens
	}
	if nano != b.Nano {
		t.Fatalf("the lines add up to %d, not %d", nano, b.Nano)
	}
	if all := max(u.InputTokens, 0) + max(u.OutputTokens, 0); tokens > all {
		t.Fatalf("%d tokens charged of %d", tokens, all)
	}
}

// slowCost gives every single token of a usage its rate by what is left.
func slowCost(r *Rates, u ai.Usage) int64 {
	pos := func(n int64) int64 { return max(n, 0) }
	in, out := pos(u.InputTokens), pos(u.OutputTokens)
	write := min(pos(u.CacheWriteTokens), in)
	write1h := min(pos(u.CacheWrite1hTokens), write)
	read := min(pos(u.CacheReadTokens), in-write)
	rest := in - write - read
	audio := min(pos(u.InputAudioTokens), rest+read)
	plain := min(audio, rest)
	read -= audio - plain
	seen := min(pos(u.InputImageTokens), rest-plain+read)
	plainSeen := min(seen, rest-plain)
	sound := min(pos(u.OutputAudioTokens), out)
	made := min(pos(u.OutputImageTokens), out-sound)
	reasoning := min(pos(u.ReasoningTokens), out-sound-made)

	sum := new(big.Rat)
	charge := func(n int64, ds ...Dimension) {
		for _, d := range ds {
			if rate, ok := r.Get(d); ok {
				x := new(big.Rat).SetFrac(big.NewInt(rate), big.NewInt(1_000_000))
				sum.Add(sum, x.Mul(x, new(big.Rat).SetInt64(n)))
				return
			}
		}
	}
	charge(rest-plain-plainSeen, Input)
	charge(plainSeen, ImageInput, Input)
	charge(seen-plainSeen, ImageCacheRead, CacheRead, ImageInput, Input)
	charge(made, ImageOutput, Output)
	charge(write-write1h, CacheWrite, Input)
	charge(write1h, CacheWrite1h, CacheWrite, Input)
	charge(read-(seen-plainSeen), CacheRead, Input)
	charge(plain, AudioInput, Input)
	charge(audio-plain, AudioCacheRead, AudioInput, CacheRead, Input)
	charge(out-sound-made-reasoning, Output)
	charge(reasoning, Reasoning, Output)
	charge(sound, AudioOutput, Output)

	sum.Add(sum, big.NewRat(1, 2))
	return new(big.Int).Div(sum.Num(), sum.Denom()).Int64()
}

func BenchmarkLookupCost(b *testing.B) {
	c := load(b)
	u := ai.Usage{Known: true, InputTokens: 1200, CacheReadTokens: 1024, OutputTokens: 300, ReasoningTokens: 128}
	for _, model := range []string{"gpt-5", "GPT-5-2099-01-01"} {
		b.Run(model, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p, ok := c.Lookup("openai", model, today)
				if !ok || Cost(p, u, "").Nano == 0 {
					b.Fatal("no cost")
				}
			}
		})
	}
}

// BenchmarkLoad is what a start pays.
func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Load(); err != nil {
			b.Fatal(err)
		}
	}
}

// Reranking is billed by the search unit, or by the token where the price is.
func TestCostOfReranking(t *testing.T) {
	c := load(t)
	for _, tt := range []struct {
		provider, model string
		usage           ai.Usage
		known           bool
		nano            int64
	}{
		{"cohere", "rerank-v3.5", ai.Usage{Known: true, SearchUnits: 3}, true, 6_000_000},
		{"cohere", "rerank-v3.5", ai.Usage{Known: true, InputTokens: 9}, false, 0},
		{"voyage", "rerank-2.5", ai.Usage{Known: true, InputTokens: 1000}, true, 50_000},
		{"voyage", "rerank-2.5", ai.Usage{Known: true, SearchUnits: 1}, false, 0},
		{"jina", "jina-reranker-v3", ai.Usage{Known: true, InputTokens: 1000}, true, 50_000},
	} {
		p, ok := c.Lookup(tt.provider, tt.model, today)
		if !ok {
			t.Errorf("%s has no price of %s", tt.provider, tt.model)
		}
		if b := Cost(p, tt.usage, ""); b.Known != tt.known || b.Nano != tt.nano {
			t.Errorf("%s %s, %+v: %+v", tt.provider, tt.model, tt.usage, b)
		}
	}
}

// BenchmarkFirstUse is what the first request to a provider pays.
func BenchmarkFirstUse(b *testing.B) {
	for _, provider := range []string{"openai", "openrouter", "bedrock", "groq"} {
		b.Run(provider, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				readShelf(provider)
			}
		})
	}
}
