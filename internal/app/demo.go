package app

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/egress"
)

// demoConfig is the cookbook's: half of the traffic to one provider, half to
// another that has a fallback behind it. The built-in mock plays all three.
const demoConfig = `{"strategy":{"mode":"loadbalance"},"targets":[` +
	`{"name":"claude","virtual_key":"mock","weight":0.5,"override_params":{"model":"mock-claude:latency=240ms,chunk-delay=15ms"}},` +
	`{"strategy":{"mode":"fallback"},"weight":0.5,"targets":[` +
	`{"name":"openai","virtual_key":"mock","override_params":{"model":"mock-gpt:rate=0.5:503,latency=120ms,chunk-delay=15ms"}},` +
	`{"name":"azure","virtual_key":"mock","override_params":{"model":"mock-gpt:latency=180ms,chunk-delay=15ms"}}]}]}`

// demoPrompts are what the sample traffic asks.
var demoPrompts = []string{
	"What is a load balancer?", "Write a haiku about fallbacks", "Summarise the release notes", "Translate 'good morning' into French",
	"Which regions are we deployed in?", "Draft a polite reminder", "Explain retries to a five-year-old", "List three risks of this plan",
}

// fillDemo sends sample traffic through the whole pipeline, so that a new demo's
// console has something true to show.
func (a *App) fillDemo(ctx context.Context) {
	key := firstKey(a.cfg.BootstrapWorkspaceKey, a.first.WorkspaceKey)
	if key == "" {
		return
	}
	self := egress.New(&egress.Policy{}, egress.Options{Handlers: map[string]http.Handler{"self": a.server.Handler}})
	for i := range 24 {
		if ctx.Err() != nil {
			return
		}
		stream := i%5 == 4
		body := `{"model":"gpt-4o-mini","messages":[{"role":"user","content":"` + demoPrompts[i%len(demoPrompts)] + `"}]` + map[bool]string{true: `,"stream":true`, false: ""}[stream] + `}`
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://self/v1/chat/completions", strings.NewReader(body))
		if err != nil {
			return
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-Portkey-Api-Key", key)
		r.Header.Set("X-Portkey-Config", demoConfig)
		r.Header.Set("X-Portkey-Trace-Id", "demo-"+time.Now().Format("150405")+"-"+string(rune('a'+i/4)))
		r.Header.Set("X-Portkey-Metadata", `{"_user":"`+[]string{"ada", "grace", "linus"}[i%3]+`","_environment":"demo"}`)
		resp, err := self.Do(r)
		if err != nil {
			a.log.Warn("the demo's sample traffic stopped", "err", err)
			return
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
}

func firstKey(chosen, made ai.Secret) string {
	if !chosen.IsZero() {
		return chosen.Reveal()
	}
	return made.Reveal()
}
