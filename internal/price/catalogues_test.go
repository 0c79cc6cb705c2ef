package price

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/portico-ai/portico/test/corpus"
)

// A claim is what one catalogue says of a model's main rates, in nano-dollars
// per million tokens; absent for one that it does not have.
type claim struct{ in, out int64 }

const absent = -1

// claims are by provider, model and catalogue.
type claims map[string]map[string]map[string]claim

func (c claims) add(provider, model, catalogue string, x claim) {
	if x.in <= 0 && x.out <= 0 {
		return // how catalogues say that they do not know, and that a model is free
	}
	if c[provider] == nil {
		c[provider] = make(map[string]map[string]claim)
	}
	if c[provider][model] == nil {
		c[provider][model] = make(map[string]claim)
	}
	c[provider][model][catalogue] = x
}

// liteLLMProviders are LiteLLM's names of our providers, where they are not the
// same; its models begin with them and a slash, or not.
var liteLLMProviders = map[string]string{
	"anthropic": "anthropic", "anyscale": "anyscale", "azure": "azure-openai", "azure_ai": "azure-ai", "bedrock": "bedrock", "bedrock_converse": "bedrock",
	"bedrock_mantle": "bedrock-mantle", "cerebras": "cerebras", "cloudflare": "workers-ai", "cohere": "cohere", "cohere_chat": "cohere",
	"dashscope": "dashscope", "databricks": "databricks", "deepinfra": "deepinfra", "deepseek": "deepseek", "fireworks_ai": "fireworks-ai",
	"gemini": "google", "groq": "groq", "hyperbolic": "hyperbolic", "lambda_ai": "lambda", "minimax": "minimax", "mistral": "mistral-ai",
	"moonshot": "moonshot", "nebius": "nebius", "novita": "novita-ai", "nscale": "nscale", "oci": "oracle", "openai": "openai",
	"openrouter": "openrouter", "ovhcloud": "ovhcloud", "perplexity": "perplexity-ai", "replicate": "replicate", "sambanova": "sambanova",
	"snowflake": "cortex", "together_ai": "together-ai", "vertex_ai-language-models": "vertex-ai", "vertex_ai-anthropic_models": "vertex-ai",
	"voyage": "voyage", "xai": "x-ai", "zai": "z-ai",
}

var genAIProviders = map[string]string{
	"anthropic": "anthropic", "aws": "bedrock", "azure": "azure-openai", "cerebras": "cerebras", "cohere": "cohere", "deepseek": "deepseek",
	"fireworks": "fireworks-ai", "google": "google", "groq": "groq", "minimax": "minimax", "mistral": "mistral-ai", "moonshotai": "moonshot",
	"novita": "novita-ai", "openai": "openai", "openrouter": "openrouter", "ovhcloud": "ovhcloud", "perplexity": "perplexity-ai",
	"together": "together-ai", "voyageai": "voyage", "x-ai": "x-ai", "zhipuai": "zhipu",
}

func portkeyClaims(t *testing.T, c claims, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "portkey-models", "pricing", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		var models map[string]struct {
			Config struct {
				Pay map[string]struct {
					Price json.Number
				} `json:"pay_as_you_go"`
			} `json:"pricing_config"`
		}
		readJSON(t, file, &models)
		delete(models, "default")
		for name, m := range models {
			if strings.Contains(name, "-gt-") || strings.Contains(name, "-lte-") {
				continue // see TestPortkeyPricingAsPublished
			}
			pay := m.Config.Pay
			c.add(strings.TrimSuffix(filepath.Base(file), ".json"), name, "portkey-models",
				claim{amount(t, pay["request_token"].Price, 1e13), amount(t, pay["response_token"].Price, 1e13)})
		}
	}
}

func liteLLMClaims(t *testing.T, c claims, dir string) {
	t.Helper()
	var models map[string]json.RawMessage
	readJSON(t, filepath.Join(dir, "litellm", "model_prices_and_context_window.json.gz"), &models)
	for name, raw := range models {
		var m struct {
			Provider string      `json:"litellm_provider"`
			Input    json.Number `json:"input_cost_per_token"`
			Output   json.Number `json:"output_cost_per_token"`
		}
		provider := ""
		if json.Unmarshal(raw, &m) == nil {
			provider = liteLLMProviders[m.Provider]
		}
		if provider == "" || m.Input == "" && m.Output == "" || strings.Contains(name, "-x-") || strings.HasPrefix(name, "fireworks-ai-") || strings.HasPrefix(name, "together-ai-") {
			continue // another provider, not by the token, or by the size of a model
		}
		plain := name
		for _, prefix := range []string{m.Provider + "/", "vertex_ai/", "bedrock/"} {
			plain = strings.TrimPrefix(plain, prefix)
		}
		if plain == name && models[m.Provider+"/"+name] != nil || plain == "" || plain == "accounts/fireworks/models/" {
			continue // has two entries
		}
		c.add(provider, plain, "litellm", claim{amount(t, m.Input, 1e15), amount(t, m.Output, 1e15)})
	}
}

func genAIClaims(t *testing.T, c claims, dir string) {
	t.Helper()
	var catalogue []struct {
		ID     string
		Models []struct {
			ID      string
			Prices  json.RawMessage
			Comment string `json:"price_comments"`
		}
	}
	readJSON(t, filepath.Join(dir, "genai-prices", "data.json"), &catalogue)
	for _, p := range catalogue {
		provider := genAIProviders[p.ID]
		for _, m := range p.Models {
			if provider == "" || strings.Contains(m.Comment, "OpenRouter") {
				continue
			}
			prices := m.Prices
			var dated []struct{ Prices json.RawMessage }
			if json.Unmarshal(prices, &dated) == nil {
				prices = dated[len(dated)-1].Prices
			}
			var rates map[string]json.RawMessage
			if err := json.Unmarshal(prices, &rates); err != nil {
				t.Fatal(err)
			}
			c.add(provider, m.ID, "genai-prices", claim{base(t, rates["input_mtok"]), base(t, rates["output_mtok"])})
		}
	}
}

// base reads a price, or the first of those by length.
func base(t *testing.T, raw json.RawMessage) int64 {
	t.Helper()
	var stepped struct{ Base json.Number }
	if json.Unmarshal(raw, &stepped) != nil {
		stepped.Base = json.Number(raw)
	}
	return amount(t, stepped.Base, 1e9)
}

func amount(t *testing.T, n json.Number, scale int64) int64 {
	if n == "" {
		return absent
	}
	return scaled(t, n, scale)
}

// TestCatalogues reads the three catalogues in the plainest way, counts where
// they agree, and checks that a price that they disagree on is marked.
func TestCatalogues(t *testing.T) {
	dir := filepath.Join(corpus.Specs(t), "catalogues")
	all := make(claims)
	portkeyClaims(t, all, dir)
	liteLLMClaims(t, all, dir)
	genAIClaims(t, all, dir)
	c := load(t)
	total := map[string]int{}
	var unknown []string
	for _, provider := range slices.Sorted(maps.Keys(all)) {
		count := map[string]int{}
		for model, said := range all[provider] {
			p, known := c.Lookup(provider, model, today)
			verdict := "only in one"
			if len(said) > 1 {
				verdict = "agree"
			}
			for _, x := range said {
				for _, y := range said {
					if !closeTo(x, y, p.Kind) {
						verdict = "disagree"
					}
				}
			}
			count[verdict]++
			switch {
			case !known:
				count["unknown to us"]++
				unknown = append(unknown, provider+" "+model)
				if verdict == "agree" {
					t.Errorf("%s %s is missing: %v", provider, model, said)
				}
			case p.Uncertain:
				count["marked uncertain"]++
			case len(p.Schedules) == 0:
				count["not by the token"]++
			case verdict == "disagree":
				t.Errorf("%s %s: %v is not marked uncertain", provider, model, said)
			default:
				r := &p.Schedules[0].Steps[0].Rates
				in, _ := r.Get(Input)
				out, _ := r.Get(Output)
				for catalogue, x := range said {
					if !closeTo(x, claim{in, out}, p.Kind) {
						t.Errorf("%s %s: %s says %v, we have %v", provider, model, catalogue, x, claim{in, out})
					}
				}
			}
		}
		t.Logf("%-20s %s", provider, counted(count))
		for k, n := range count {
			total[k] += n
		}
	}
	t.Logf("%-20s %s", "all", counted(total))
	slices.Sort(unknown)
	t.Logf("unknown to us: %s", strings.Join(unknown, ", "))
	if total["agree"] < 900 || total["only in one"] < 2000 {
		t.Errorf("not all models were compared: %v", total)
	}
}

// closeTo reports whether claims are the same but for rounding. What is said of
// the output of a model that has none does not count.
func closeTo(a, b claim, kind string) bool {
	near := func(a, b int64) bool { return a == absent || b == absent || 50*max(a-b, b-a) <= max(a, b) }
	return near(a.in, b.in) && (near(a.out, b.out) || kind == "embedding" || kind == "rerank")
}

func counted(count map[string]int) string {
	parts := make([]string, 0, len(count))
	for _, k := range []string{"agree", "disagree", "only in one", "marked uncertain", "not by the token", "unknown to us"} {
		if count[k] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count[k], k))
		}
	}
	return strings.Join(parts, ", ")
}
