// Command gen writes the price files of package price from public catalogues.
//
//	go run ./internal/price/gen CATALOGUES internal/price/data
//
// CATALOGUES is a folder with portkey-models/, litellm/ and genai-prices/ as
// those projects publish them. Only figures are taken. They are cross-checked:
// what most catalogues say is taken, and where they differ the entry is marked
// uncertain and says how. The output is the same for the same input.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/portico-ai/portico/internal/price"
)

// A provider says under which names the catalogues know one of ours.
type provider struct {
	id      string   // ours, and portkey-models' file
	litellm []string // litellm_provider values
	prefix  string   // that LiteLLM puts before the model
	genai   string

	genaiOnlyVotes bool // its list also has models of other services
}

var providers = []provider{
	{id: "anthropic", litellm: []string{"anthropic"}, genai: "anthropic"},
	{id: "anyscale", litellm: []string{"anyscale"}, prefix: "anyscale/"},
	{id: "azure-openai", litellm: []string{"azure", "azure_text"}, prefix: "azure/", genai: "azure", genaiOnlyVotes: true},
	{id: "google", litellm: []string{"gemini"}, prefix: "gemini/", genai: "google"},
	{id: "openai", litellm: []string{"openai", "text-completion-openai"}, prefix: "openai/", genai: "openai"},
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: go run ./internal/price/gen CATALOGUES internal/price/data")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(catalogues, out string) error {
	files, err := generate(catalogues)
	if err != nil {
		return err
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(out, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// generate returns every price file by name.
func generate(catalogues string) (map[string][]byte, error) {
	files := make(map[string][]byte)
	for _, p := range providers {
		sources, err := read(catalogues, p)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.id, err)
		}
		if files[p.id+".json"], err = encode(p.id, mergeAll(p.id, sources)); err != nil {
			return nil, fmt.Errorf("%s: %w", p.id, err)
		}
	}
	for id, models := range ours {
		data, err := encode(id, models)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", id, err)
		}
		files[id+".json"] = data
	}
	return files, nil
}

// encode writes one model a line, so that a refresh reads well as a diff.
func encode(provider string, models map[string]price.Entry) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "{%q: {\n", provider)
	names := slices.Sorted(maps.Keys(models))
	for i, name := range names {
		e := models[name]
		if _, err := e.Price(provider, name); err != nil {
			return nil, err
		}
		line, err := json.Marshal(e)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%q: %s", name, line)
		if i < len(names)-1 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	b.WriteString("}}\n")
	return b.Bytes(), nil
}
