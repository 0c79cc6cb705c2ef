package app

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/portico-ai/portico/internal/provider"
)

// File applies a YAML configuration file. An unknown key is an error that
// suggests the nearest known one.
func (c *Config) File(path string, providerIDs []string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var values map[string]any
	if err := yaml.Unmarshal(text, &values); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	known := map[string]Setting{}
	names := []string{"providers"}
	for _, s := range Settings() {
		known[s.Name] = s
		names = append(names, s.Name)
	}
	for key, value := range values {
		if key == "providers" {
			if err := c.providersFromFile(value, providerIDs); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			continue
		}
		s, ok := known[key]
		if !ok {
			return fmt.Errorf("%s: unknown key %q%s", path, key, didYouMean(key, names))
		}
		if err := s.Set(c, scalar(value)); err != nil {
			return fmt.Errorf("%s: %s %w", path, key, err)
		}
	}
	return nil
}

func (c *Config) providersFromFile(value any, ids []string) error {
	providers, ok := value.(map[string]any)
	if !ok {
		return fmt.Errorf("providers must be a map of provider ids, such as providers: {openai: {base_url: …}}")
	}
	for id, settings := range providers {
		if !slices.Contains(ids, id) {
			return fmt.Errorf("providers.%s names no provider; known ids: %s", id, strings.Join(ids, ", "))
		}
		fields, ok := settings.(map[string]any)
		if !ok {
			return fmt.Errorf("providers.%s must be a map with base_url", id)
		}
		for key, v := range fields {
			url, isText := v.(string)
			if key != "base_url" || !isText {
				return fmt.Errorf("providers.%s.%s is not a setting; a provider has base_url", id, key)
			}
			c.ProviderBases[id] = url
		}
	}
	return nil
}

// scalar writes a YAML value as a flag would be; lists become comma lists.
func scalar(v any) string {
	if list, ok := v.([]any); ok {
		parts := make([]string, len(list))
		for i, item := range list {
			parts[i] = fmt.Sprint(item)
		}
		return strings.Join(parts, ",")
	}
	return fmt.Sprint(v)
}

func didYouMean(key string, names []string) string {
	if near := provider.Nearest(key, names); near != "" {
		return "; did you mean " + near + "?"
	}
	return "; known keys: " + strings.Join(names, ", ")
}
