package provider_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/provider"
)

func registry(t *testing.T, ids ...string) *provider.Registry {
	t.Helper()
	var rows []*provider.Provider
	for _, id := range ids {
		rows = append(rows, &provider.Provider{ID: id, Base: "https://" + id + ".example/v1"})
	}
	r, err := provider.NewRegistry(rows...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRegistry(t *testing.T) {
	r := registry(t, "two", "one", "three")
	if diff := cmp.Diff([]string{"one", "three", "two"}, r.IDs()); diff != "" {
		t.Errorf("ids (-want +got):\n%s", diff)
	}
	if p, ok := r.Get("two"); !ok || p.ID != "two" {
		t.Errorf("got %v, %v", p, ok)
	}
	if _, ok := r.Get("Two"); ok {
		t.Error("ids are exact")
	}
}

func TestRegistryRefusesDuplicates(t *testing.T) {
	_, err := provider.NewRegistry(&provider.Provider{ID: "one"}, &provider.Provider{ID: "two"}, &provider.Provider{ID: "one"})
	if err == nil || !strings.Contains(err.Error(), "one is listed twice") {
		t.Errorf("got %v", err)
	}
}

func TestWithBases(t *testing.T) {
	r := registry(t, "one", "two")
	changed, err := r.WithBases(map[string]string{"one": "http://127.0.0.1:9/v2/"})
	if err != nil {
		t.Fatal(err)
	}
	base := func(r *provider.Registry, id string) string {
		p, _ := r.Get(id)
		return p.Base
	}
	if got := base(changed, "one"); got != "http://127.0.0.1:9/v2" {
		t.Errorf("base %s", got)
	}
	if base(changed, "two") != base(r, "two") || base(r, "one") != "https://one.example/v1" {
		t.Error("another row changed, or the first registry did")
	}
	_, err = r.WithBases(map[string]string{"tow": "http://127.0.0.1:9"})
	if err == nil || !strings.Contains(err.Error(), `"tow"`) || !strings.Contains(err.Error(), "one, two") {
		t.Errorf("got %v, want the unknown id and the known ones", err)
	}
}

func TestNearest(t *testing.T) {
	r := registry(t, "openai", "azure-openai", "azure-ai", "anthropic", "ollama", "vertex-ai", "cortex")
	for _, c := range []struct{ id, want string }{
		{"opena", "openai"}, {"OpenAI", "openai"}, {"azure-opneai", "azure-openai"}, {"antropic", "anthropic"}, {"olama", "ollama"},
		{"Vertex", "vertex-ai"}, {"azure", "azure-ai or azure-openai"},
		{"completely-else", ""}, {"xy", ""}, {"", ""},
	} {
		if got := r.Nearest(c.id); got != c.want {
			t.Errorf("%q: got %q, want %q", c.id, got, c.want)
		}
	}
}
