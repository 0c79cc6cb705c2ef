package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// A badConfig is a routing config that must be refused; path is what the first
// problem names.
type badConfig struct{ name, config, path string }

// wrongTypes puts a value of every wrong type into each field of a config that
// is otherwise good.
func wrongTypes() []badConfig {
	const number, text, list, object, yes = `7`, `"x"`, `["x"]`, `{"x":1}`, `true`
	leaf := `{"provider":"openai","api_key":"sk-x",%s}`
	retry := `{"provider":"openai","api_key":"sk-x","retry":{"attempts":1,%s}}`
	tree := `{"strategy":{"mode":"fallback",%s},"targets":[{"provider":"openai","api_key":"k"}]}`
	conditional := `{"strategy":{"mode":"conditional","default":"a","conditions":[%s]},"targets":[{"name":"a","provider":"openai","api_key":"k"}]}`
	fields := []struct {
		frame, path, key string
		wrong            []string
	}{
		{leaf, "config", "virtual_key", []string{number, list, object, yes}},
		{leaf, "config", "prompt_id", []string{number, list, object, yes}},
		{leaf, "config", "name", []string{number, list, object, yes}},
		{leaf, "config", "id", []string{number, list, object, yes}},
		{leaf, "config", "weight", []string{text, list, object, yes, `-1`, `1e13`}},
		{leaf, "config", "retry", []string{number, text, list, yes}},
		{leaf, "config", "cache", []string{number, text, list, `{"mode":"fast"}`, `{"max_age":1}`, `{"mode":"simple","max_age":"1"}`, `{"mode":"simple","max_age":-1}`}},
		{leaf, "config", "request_timeout", []string{text, list, object, yes, `-1`, `1e15`}},
		{leaf, "config", "first_token_timeout", []string{text, list, object, yes, `-1`}},
		{leaf, "config", "stream_idle_timeout", []string{text, list, object, yes, `-1`}},
		{leaf, "config", "custom_host", []string{number, list, object, yes, `"ftp://x"`, `"http://127.0.0.1"`}},
		{leaf, "config", "forward_headers", []string{number, text, object, yes, `[1]`, `["a b"]`, `["x-portkey-forward-headers"]`}},
		{leaf, "config", "strict_open_ai_compliance", []string{number, text, list, object}},
		{leaf, "config", "passthrough", []string{number, text, list, object}},
		{leaf, "config", "override_params", []string{number, text, list, yes}},
		{leaf, "config", "default_params", []string{number, text, list, yes}},
		{leaf, "config", "drop_params", []string{number, text, object, yes, `[1]`, `["a..b"]`, `["[0"]`}},
		{leaf, "config", "metadata", []string{number, text, list, yes}},
		{leaf, "config", "on_status_codes", []string{number, text, object, yes, `["429"]`, `[99]`, `[600]`, `[429.5]`}},
		{leaf, "config", "before_request_hooks", []string{number, text, object, yes, `["x"]`}},
		{leaf, "config", "after_request_hooks", []string{number, text, object, yes, `["x"]`}},
		{leaf, "config", "input_guardrails", []string{number, text, object, yes, `[1]`}},
		{leaf, "config", "output_guardrails", []string{number, text, object, yes, `[1]`}},
		{leaf, "config", "input_mutators", []string{number, text, object, yes, `[1]`}},
		{leaf, "config", "output_mutators", []string{number, text, object, yes, `[1]`}},
		{leaf, "config", "default_input_guardrails", []string{number, text, object, yes, `[1]`}},
		{leaf, "config", "aws_region", []string{number, list, object, yes}},
		{leaf, "config", "openai_project", []string{number, list, object, yes}},
		{leaf, "config", "vertex_service_account_json", []string{number, list, yes}},
		{retry, "config.retry", "attempts", []string{text, list, object, yes, `-1`, `1.5`}},
		{retry, "config.retry", "on_status_codes", []string{number, text, object, yes, `["x"]`, `[0]`}},
		{retry, "config.retry", "use_retry_after_header", []string{number, text, list, object}},
		{retry, "config.retry", "use_retry_after_headers", []string{number, text, list, object}},
		{tree, "config.strategy", "on_status_codes", []string{number, text, object, yes, `["x"]`}},
		{tree, "config.strategy", "cb_config", []string{number, text, list, yes, `{"failure_threshold":"x","cooldown_interval":60000}`}},
		{tree, "config.strategy", "sticky", []string{number, text, list, yes, `{"ttl":"x"}`, `{"hash_fields":["x"]}`}},
	}
	var all []badConfig
	for _, f := range fields {
		for _, v := range f.wrong {
			all = append(all, badConfig{f.key + "=" + v, fmt.Sprintf(f.frame, fmt.Sprintf("%q:%s", f.key, v)), f.path + "." + f.key})
		}
	}
	for _, v := range []string{number, list, object, yes, `"opnai"`, `"@"`} {
		all = append(all, badConfig{"provider=" + v, `{"api_key":"sk-x","provider":` + v + `}`, "config.provider"})
	}
	for _, v := range []string{number, list, object, yes} {
		all = append(all, badConfig{"api_key=" + v, `{"provider":"openai","api_key":` + v + `}`, "config.api_key"})
	}
	for _, v := range []string{number, text, yes, object} {
		all = append(all, badConfig{"targets=" + v, `{"strategy":{"mode":"fallback"},"targets":` + v + `}`, "config.targets"})
	}
	for _, v := range []string{number, text, list, yes} {
		all = append(all,
			badConfig{"strategy=" + v, `{"strategy":` + v + `,"targets":[{"provider":"openai","api_key":"k"}]}`, "config.strategy"},
			badConfig{"target=" + v, `{"strategy":{"mode":"fallback"},"targets":[` + v + `]}`, "config.targets[0]"})
	}
	for _, v := range []string{number, list, object, yes, `"fastest"`, `"Fallback"`} {
		all = append(all, badConfig{"mode=" + v, `{"strategy":{"mode":` + v + `},"targets":[{"provider":"openai","api_key":"k"}]}`, "config.strategy.mode"})
	}
	for _, v := range []string{number, text, list, yes, `{"then":"a"}`, `{"query":{}}`, `{"query":"x","then":"a"}`, `{"query":{"metadata.x":1},"then":7}`,
		`{"query":{"metadata.x":1},"then":"b"}`, `{"query":{"metadata.x":{"$like":"x"}},"then":"a"}`} {
		all = append(all, badConfig{"condition=" + v, fmt.Sprintf(conditional, v), "config.strategy.conditions[0]"})
	}
	return all
}

func badConfigs() []badConfig {
	target := `{"provider":"openai","api_key":"k"}`
	nest := func(n int) string {
		return strings.Repeat(`{"strategy":{"mode":"single"},"targets":[`, n) + target + strings.Repeat(`]}`, n)
	}
	weights := func(w ...string) string {
		var targets []string
		for _, v := range w {
			targets = append(targets, `{"provider":"openai","api_key":"k","weight":`+v+`}`)
		}
		return `{"strategy":{"mode":"loadbalance"},"targets":[` + strings.Join(targets, ",") + `]}`
	}
	return append(wrongTypes(), []badConfig{
		{"not JSON", `{"provider":`, "config"},
		{"empty", `{}`, "config"},
		{"empty target", `{"strategy":{"mode":"fallback"},"targets":[{"provider":"openai","api_key":"k"},{}]}`, "config.targets[1]"},
		{"no targets", `{"strategy":{"mode":"fallback"},"targets":[]}`, "config"},
		{"no strategy", `{"targets":[` + target + `]}`, "config"},
		{"strategy without targets", `{"strategy":{"mode":"fallback"}}`, "config"},
		{"no mode", `{"strategy":{},"targets":[` + target + `]}`, "config.strategy"},
		{"no conditions", `{"strategy":{"mode":"conditional","default":"a"},"targets":[{"name":"a","provider":"openai","api_key":"k"}]}`, "config.strategy.conditions"},
		{"unknown default", `{"strategy":{"mode":"conditional","conditions":[{"query":{"metadata.x":1},"then":"a"}],"default":"z"},"targets":[{"name":"a","provider":"openai","api_key":"k"}]}`, "config.strategy.default"},
		{"all weights zero", weights("0", "0"), "config.targets"},
		{"negative weight", weights("1", "-1"), "config.targets[1].weight"},
		{"infinite weight", weights("1", "1e400"), "config.targets[1].weight"},
		{"NaN weight", weights("1", "NaN"), "config"},
		{"17 levels", nest(17), "config"},
		{"1,000 levels", nest(1000), "config"},
		{"101 targets", `{"strategy":{"mode":"fallback"},"targets":[` + strings.Repeat(target+",", 100) + target + `]}`, "config.targets"},
		{"a key twice", `{"provider":"openai","provider":"anthropic","api_key":"k"}`, "config"},
		{"legacy options", `{"mode":"fallback","options":[{"provider":"openai"}]}`, "config.options"},
		{"array", `[{"provider":"openai"}]`, "config"},
	}...)
}

// Every field of a Config with every wrong type is refused: as a header, when
// saved, and by the check of the editor, each time naming the path.
func TestBadConfigsAreRefused(t *testing.T) {
	t.Parallel()
	s, up := withUpstream(t)
	replies := map[string]response{}
	for _, c := range badConfigs() {
		t.Run(c.name, func(t *testing.T) {
			if len(c.config) < 40<<10 {
				got := s.call("POST", "/v1/chat/completions", workspaceKey, chatBody("gpt-4o-mini", false), "X-Portkey-Config", c.config)
				wantError(t, got, 400, "Invalid config passed")
				replies[c.name] = got
			}
			saved := s.call("POST", "/v1/configs", adminKey, `{"name":"bad","config":`+jsonText(c.config)+`}`)
			wantError(t, saved, 400)
			if !strings.Contains(saved.Body, strings.TrimPrefix(c.path, "config.")) {
				t.Errorf("the refusal to save does not name %s: %.400s", c.path, saved.Body)
			}
			checked := s.call("POST", "/v1/configs/check", adminKey, `{"config":`+jsonText(c.config)+`}`)
			if checked.Status == 400 {
				return // not JSON at all
			}
			wantProblem(t, checked, c.path)
		})
	}
	s.refused(replies)
	if list := s.call("GET", "/v1/configs", adminKey, nil).JSON(t); number(list["total"]) != 0 {
		t.Errorf("%v bad configs were saved", list["total"])
	}
	if n := len(up.Requests("")); n != 0 {
		t.Errorf("%d requests with a bad config reached a provider", n)
	}
	s.alive()
}

func jsonText(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// wantProblem checks that an editor would show a problem at or below path.
func wantProblem(t *testing.T, got response, path string) {
	t.Helper()
	v := got.JSON(t)
	if got.Status != 200 || v["valid"] != false {
		t.Errorf("the check answers %d: %.300s", got.Status, got.Body)
		return
	}
	problems, _ := v["problems"].([]any)
	for _, p := range problems {
		at, _ := p.(map[string]any)["path"].(string)
		message, _ := p.(map[string]any)["message"].(string)
		if strings.HasPrefix(at, path) && message != "" {
			return
		}
	}
	t.Errorf("no problem at %s: %.400s", path, got.Body)
}

// A config that is big but within limits is walked, not choked on.
func TestLargeConfigsWork(t *testing.T) {
	t.Parallel()
	s, up := withUpstream(t)
	target := `{"provider":"openai","api_key":"sk-config-key"}`
	deep := strings.Repeat(`{"strategy":{"mode":"single"},"targets":[`, 16) + target + strings.Repeat(`]}`, 16)
	wide := `{"strategy":{"mode":"loadbalance"},"targets":[` + strings.Repeat(target+",", 99) + target + `]}`
	for name, config := range map[string]string{"16 levels": deep, "100 targets": wide} {
		got := s.call("POST", "/v1/chat/completions", workspaceKey, chatBody("gpt-4o-mini", false), "X-Portkey-Config", config)
		if got.Status != 200 {
			t.Errorf("%s: status %d: %s", name, got.Status, got.Body)
		}
	}
	if n := len(up.Requests("openai")); n != 2 {
		t.Errorf("%d requests reached the provider, want 2", n)
	}
}
