package directory

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Memory is a Directory held in memory. Look-ups take no lock: they read an
// immutable state behind an atomic pointer. A change copies only the map it
// touches, and is visible to every look-up that starts after it returns.
// The zero value is not usable; call NewMemory.
type Memory struct {
	mu    sync.Mutex // one change at a time
	state atomic.Pointer[state]
}

// state is immutable once published. Integrations and configs are maps by
// workspace, so that no look-up can reach into another one.
type state struct {
	keys         map[Digest]*Key
	integrations map[string]map[string]*Integration // workspace, slug
	configs      map[string]configs
	logging      *Logging
}

type configs struct {
	byRef map[string]*Config // slug and id
	def   *Config            // the workspace's default, may be nil
}

// NewMemory makes an empty directory.
func NewMemory() *Memory {
	m := &Memory{}
	m.state.Store(&state{logging: &Logging{}})
	return m
}

var _ Directory = (*Memory)(nil)

// Key implements Directory.
func (m *Memory) Key(d Digest) (*Key, bool) {
	k, ok := m.state.Load().keys[d]
	return k, ok
}

// Integration implements Directory.
func (m *Memory) Integration(workspaceID, slug string) (*Integration, bool) {
	i, ok := m.state.Load().integrations[workspaceID][slug]
	return i, ok
}

// Integrations implements Directory.
func (m *Memory) Integrations(workspaceID string) []*Integration {
	all := slices.Collect(maps.Values(m.state.Load().integrations[workspaceID]))
	slices.SortFunc(all, func(a, b *Integration) int { return strings.Compare(a.Slug, b.Slug) })
	return all
}

// Config implements Directory.
func (m *Memory) Config(workspaceID, slugOrID string) (*Config, bool) {
	c, ok := m.state.Load().configs[workspaceID].byRef[slugOrID]
	return c, ok
}

// DefaultConfig is the config that applies in a workspace when neither the
// request nor its key names one.
func (m *Memory) DefaultConfig(workspaceID string) (*Config, bool) {
	c := m.state.Load().configs[workspaceID].def
	return c, c != nil
}

// Logging implements Directory.
func (m *Memory) Logging() *Logging { return m.state.Load().logging }

// PutLogging publishes what is kept of requests.
func (m *Memory) PutLogging(l *Logging) { m.change(func(s *state) { s.logging = l }) }

// change publishes a copy of the state after edit has replaced parts of it.
func (m *Memory) change(edit func(s *state)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	next := *m.state.Load()
	edit(&next)
	m.state.Store(&next)
}

// A Snapshot is everything a directory knows.
type Snapshot struct {
	Keys         map[Digest]*Key
	Integrations []*Integration
	Configs      []SnapshotConfig
	Logging      *Logging // nil keeps everything
}

// A SnapshotConfig is a config, whose it is and whether it is the default there.
type SnapshotConfig struct {
	WorkspaceID string
	Config      *Config
	IsDefault   bool
}

// Load puts a snapshot in place of everything known so far, in one step.
func (m *Memory) Load(from Snapshot) {
	next := state{
		keys:         maps.Clone(from.Keys),
		integrations: map[string]map[string]*Integration{},
		configs:      map[string]configs{},
		logging:      from.Logging,
	}
	if next.logging == nil {
		next.logging = &Logging{}
	}
	for _, i := range from.Integrations {
		if next.integrations[i.WorkspaceID] == nil {
			next.integrations[i.WorkspaceID] = map[string]*Integration{}
		}
		next.integrations[i.WorkspaceID][i.Slug] = i
	}
	for _, c := range from.Configs {
		ws := next.configs[c.WorkspaceID]
		if ws.byRef == nil {
			ws.byRef = map[string]*Config{}
		}
		ws.byRef[c.Config.Slug], ws.byRef[c.Config.ID] = c.Config, c.Config
		if c.IsDefault {
			ws.def = c.Config
		}
		next.configs[c.WorkspaceID] = ws
	}
	m.change(func(s *state) { *s = next })
}

// PutKey publishes a key under the digests of its current values, and under no
// other. A key in rotation has two, whose Key values may expire at other times.
func (m *Memory) PutKey(id string, values map[Digest]*Key) {
	m.change(func(s *state) {
		s.keys = without(s.keys, id)
		maps.Copy(s.keys, values)
	})
}

// RemoveKey revokes a key: none of its values is known any more.
func (m *Memory) RemoveKey(id string) {
	m.change(func(s *state) { s.keys = without(s.keys, id) })
}

// RemoveWorkspace forgets a workspace: its keys, credentials and configs.
func (m *Memory) RemoveWorkspace(id string) {
	m.change(func(s *state) {
		s.keys = maps.Clone(s.keys)
		maps.DeleteFunc(s.keys, func(_ Digest, k *Key) bool { return k.Principal.WorkspaceID == id })
		s.integrations = maps.Clone(s.integrations)
		delete(s.integrations, id)
		s.configs = maps.Clone(s.configs)
		delete(s.configs, id)
	})
}

func without(keys map[Digest]*Key, id string) map[Digest]*Key {
	next := make(map[Digest]*Key, len(keys)+2)
	for d, k := range keys {
		if k.ID != id {
			next[d] = k
		}
	}
	return next
}

// PutIntegration publishes a credential, in place of the one with the same id.
func (m *Memory) PutIntegration(i *Integration) {
	m.change(func(s *state) {
		bySlug := dropIntegration(s, i.WorkspaceID, i.ID)
		bySlug[i.Slug] = i
	})
}

// RemoveIntegration forgets a credential.
func (m *Memory) RemoveIntegration(workspaceID, id string) {
	m.change(func(s *state) { dropIntegration(s, workspaceID, id) })
}

// dropIntegration puts a copy of the workspace's map, without id, in place of
// the published one and returns it.
func dropIntegration(s *state, workspaceID, id string) map[string]*Integration {
	next := maps.Clone(s.integrations[workspaceID])
	if next == nil {
		next = map[string]*Integration{}
	}
	maps.DeleteFunc(next, func(_ string, i *Integration) bool { return i.ID == id })
	s.integrations = with(s.integrations, workspaceID, next)
	return next
}

// PutConfig publishes a config, in place of the one with the same id. isDefault
// makes it the workspace's default; otherwise it stops being that.
func (m *Memory) PutConfig(workspaceID string, c *Config, isDefault bool) {
	m.change(func(s *state) {
		next := dropConfig(s.configs[workspaceID], c.ID)
		next.byRef[c.Slug], next.byRef[c.ID] = c, c
		if isDefault {
			next.def = c
		}
		s.configs = with(s.configs, workspaceID, next)
	})
}

// RemoveConfig forgets a config.
func (m *Memory) RemoveConfig(workspaceID, id string) {
	m.change(func(s *state) {
		s.configs = with(s.configs, workspaceID, dropConfig(s.configs[workspaceID], id))
	})
}

func dropConfig(old configs, id string) configs {
	next := configs{byRef: maps.Clone(old.byRef), def: old.def}
	if next.byRef == nil {
		next.byRef = map[string]*Config{}
	}
	maps.DeleteFunc(next.byRef, func(_ string, c *Config) bool { return c.ID == id })
	if next.def != nil && next.def.ID == id {
		next.def = nil
	}
	return next
}

func with[V any](m map[string]V, key string, v V) map[string]V {
	next := maps.Clone(m)
	if next == nil {
		next = map[string]V{}
	}
	next[key] = v
	return next
}
