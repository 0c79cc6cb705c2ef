package control

import (
	"fmt"

	"github.com/portico-ai/portico/internal/ai"
)

// Providers tells which providers exist and what they need.
type Providers interface {
	Provider(id string) (ProviderInfo, bool)
	Providers() []ProviderInfo
}

// A ProviderInfo describes a provider for forms and validation.
type ProviderInfo struct {
	ID, Name, Docs string
	BaseURL        string // may contain {field} placeholders; "" if it has none of its own
	Fields         []FieldInfo
	Ops            []ai.Op
}

// A FieldInfo is one thing a provider needs to know of its caller. The field
// named api_key is the provider's API key.
type FieldInfo struct {
	Name   string // as in a config: aws_region
	Header string // as in a request: x-portkey-aws-region
	Label  string // as in a form
	Secret bool
	// Required means that a virtual key without it cannot work.
	Required bool
	Help     string
}

// apiKeyField is the field that a virtual key's `key` fills.
const apiKeyField = "api_key"

// provider finds a provider, or says which one was probably meant.
func (s *Service) provider(id string) (ProviderInfo, error) {
	if id == "" {
		return ProviderInfo{}, invalid("provider", "provider is required; GET /v1/console/providers lists them")
	}
	info, ok := s.providers.Provider(id)
	if !ok {
		return ProviderInfo{}, invalid("provider", "unknown provider %q%s", id, didYouMean(s.nearestProvider(id)))
	}
	return info, nil
}

func didYouMean(name string) string {
	if name == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", name)
}

func (s *Service) nearestProvider(id string) string {
	all := s.providers.Providers()
	ids := make([]string, len(all))
	for i, p := range all {
		ids[i] = p.ID
	}
	return nearest(id, ids)
}

// nearest is the candidate that takes the fewest edits, "" if there is none.
func nearest(word string, candidates []string) string {
	best, bestDistance := "", 1<<30
	for _, c := range candidates {
		if d := distance(word, c); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// distance is the Levenshtein distance in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
