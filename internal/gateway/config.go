package gateway

import (
	"strings"
	"sync"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/directory"
	"github.com/portico-ai/portico/internal/route"
)

// config finds the routing config that applies: the header's (inline JSON or a
// saved slug), else the key's default, else the workspace's, else none, which is
// a single target named by the other headers.
func (g *Gateway) config(c *Call, rec *record) (*route.Config, error) {
	value := strings.TrimSpace(c.header("X-Portkey-Config"))
	switch {
	case value == "":
		if c.Key.ConfigSlug != "" {
			return g.saved(c, rec, c.Key.ConfigSlug)
		}
		if standard, ok := g.Directory.DefaultConfig(c.Key.Principal.WorkspaceID); ok {
			return g.use(c, rec, standard)
		}
		return g.bare, nil
	case c.Key.ConfigSlug != "" && c.Key.LockConfig && value != c.Key.ConfigSlug:
		return nil, ai.Errorf(ai.Invalid, "Cannot override default config set for this API key.")
	case value[0] == '{' || value[0] == '[':
		cfg, err := g.inline.get(value)
		if err != nil {
			return nil, err
		}
		return cfg, g.checkSlugs(c, cfg)
	default:
		return g.saved(c, rec, value)
	}
}

func (g *Gateway) saved(c *Call, rec *record, slug string) (*route.Config, error) {
	saved, ok := g.Directory.Config(c.Key.Principal.WorkspaceID, slug)
	if !ok {
		return nil, &ai.Error{Kind: ai.Invalid, Param: "x-portkey-config", Code: "config_not_found",
			Message: "Invalid config id passed: this workspace has no config " + quote(slug)}
	}
	return g.use(c, rec, saved)
}

func (g *Gateway) use(c *Call, rec *record, saved *directory.Config) (*route.Config, error) {
	rec.entry.ConfigID, rec.entry.ConfigSlug, rec.entry.ConfigVersion = saved.ID, saved.Slug, saved.VersionID
	return saved.Config, g.checkSlugs(c, saved.Config)
}

// checkSlugs refuses a config that names credentials this workspace does not have.
func (g *Gateway) checkSlugs(c *Call, cfg *route.Config) error {
	var missing []string
	for t := range cfg.Leaves() {
		if t.VirtualKey == "" {
			continue
		}
		if _, ok := g.Directory.Integration(c.Key.Principal.WorkspaceID, t.VirtualKey); !ok {
			missing = append(missing, t.VirtualKey)
		}
	}
	if missing == nil {
		return nil
	}
	return &ai.Error{Kind: ai.Invalid, Param: "x-portkey-config", Code: "virtual_key_not_found",
		Message: "Following keys are not valid: " + strings.Join(missing, ", ")}
}

// A configCache keeps compiled inline configs by their text, so that a client
// that sends the same one with every request pays for parsing it once.
type configCache struct {
	options route.Options
	secrets secretNames
	max     int

	mu     sync.RWMutex
	byText map[string]inlineConfig
}

type inlineConfig struct {
	compiled *route.Config
	shown    string // the text with its secrets masked
}

func newConfigCache(max int, o route.Options, secrets secretNames) *configCache {
	return &configCache{options: o, secrets: secrets, max: max, byText: make(map[string]inlineConfig)}
}

func (cc *configCache) get(text string) (*route.Config, error) {
	cc.mu.RLock()
	known, ok := cc.byText[text]
	cc.mu.RUnlock()
	if ok {
		return known.compiled, nil
	}
	compiled, err := ParseConfig([]byte(text), cc.options)
	if err != nil {
		return nil, err
	}
	cc.mu.Lock()
	defer cc.mu.Unlock()
	if len(cc.byText) >= cc.max {
		clear(cc.byText) // rare: more distinct configs than the bound; start again
	}
	cc.byText[strings.Clone(text)] = inlineConfig{compiled, string(cc.secrets.mask(nil, []byte(text)))}
	return compiled, nil
}

// shown is a config's text as a log may hold it.
func (cc *configCache) shown(text string) string {
	cc.mu.RLock()
	known, ok := cc.byText[text]
	cc.mu.RUnlock()
	if ok {
		return known.shown
	}
	if !jsonedit.Whole([]byte(text)) {
		return "" // not JSON: nobody can say what in it is secret
	}
	return string(cc.secrets.mask(nil, []byte(text)))
}

func quote(s string) string {
	if len(s) > 100 {
		s = s[:100] + "…"
	}
	return "\"" + strings.ToValidUTF8(s, "�") + "\""
}
