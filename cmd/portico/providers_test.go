package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/provider"
)

func runProviders(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := providersCommand()
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(args)
	err := cmd.Execute()
	return out.String(), err
}

func TestProvidersList(t *testing.T) {
	text, err := runProviders(t)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := runProviders(t, "--json")
	if err != nil {
		t.Fatal(err)
	}
	var list []provider.Description
	if err := json.Unmarshal([]byte(raw), &list); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(text, "\n"); lines != len(list)+1 || len(list) < 50 {
		t.Errorf("%d lines for %d providers", lines, len(list))
	}
	for _, d := range list {
		if !strings.Contains(text, "\n"+d.ID+" ") || len(d.Operations) == 0 {
			t.Errorf("%s is not in the list, or offers nothing", d.ID)
		}
	}
}

func TestProvidersShowsOne(t *testing.T) {
	page, err := runProviders(t, "mistral-ai")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"# Mistral", "x-portkey-provider: mistral-ai", "`seed` is sent as `random_seed`"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q:\n%s", want, page)
		}
	}
	raw, err := runProviders(t, "databricks", "--json")
	var d provider.Description
	if err != nil || json.Unmarshal([]byte(raw), &d) != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	if len(d.Fields) != 1 || d.Fields[0].Header != "x-portkey-databricks-workspace" || !d.Fields[0].Required || !d.NeedsKey || !d.Proven {
		t.Errorf("got %+v", d)
	}
}

func TestProvidersUnknown(t *testing.T) {
	for id, want := range map[string]string{"mistral-a": "did you mean mistral-ai?", "zzzzzzzzz": "portico providers lists them"} {
		if _, err := runProviders(t, id); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", id, err, want)
		}
	}
}
