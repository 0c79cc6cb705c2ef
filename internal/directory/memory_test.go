package directory

import (
	"strconv"
	"sync"
	"testing"
)

func TestKeysInRotation(t *testing.T) {
	m := NewMemory()
	old, cur := Digest{1}, Digest{2}
	m.PutKey("k", map[Digest]*Key{old: {ID: "k", Name: "old"}, cur: {ID: "k", Name: "new"}})
	m.PutKey("other", map[Digest]*Key{{9}: {ID: "other"}})
	if k, ok := m.Key(old); !ok || k.Name != "old" {
		t.Fatalf("old value: %v %v", k, ok)
	}
	m.PutKey("k", map[Digest]*Key{cur: {ID: "k"}})
	if _, ok := m.Key(old); ok {
		t.Error("the old value outlived the change that dropped it")
	}
	m.RemoveKey("k")
	if _, ok := m.Key(cur); ok {
		t.Error("a revoked key is known")
	}
	if _, ok := m.Key(Digest{9}); !ok {
		t.Error("revoking one key removed another")
	}
}

func TestIntegrationsStayInTheirWorkspace(t *testing.T) {
	m := NewMemory()
	m.PutIntegration(&Integration{ID: "1", Slug: "my-key", WorkspaceID: "a"})
	m.PutIntegration(&Integration{ID: "2", Slug: "my-key", WorkspaceID: "b"})
	m.PutIntegration(&Integration{ID: "3", Slug: "other", WorkspaceID: "a"})
	if i, _ := m.Integration("b", "my-key"); i == nil || i.ID != "2" {
		t.Errorf("b/my-key = %v", i)
	}
	if _, ok := m.Integration("b", "other"); ok {
		t.Error("b sees a's credential")
	}
	m.PutIntegration(&Integration{ID: "1", Slug: "renamed", WorkspaceID: "a"})
	if _, ok := m.Integration("a", "my-key"); ok {
		t.Error("the old slug still works")
	}
	if got := m.Integrations("a"); len(got) != 2 || got[0].Slug != "other" || got[1].Slug != "renamed" {
		t.Errorf("a = %v", got)
	}
	m.RemoveIntegration("a", "1")
	if _, ok := m.Integration("a", "renamed"); ok {
		t.Error("a removed credential is known")
	}
}

func TestConfigsAndTheDefault(t *testing.T) {
	m := NewMemory()
	m.PutConfig("a", &Config{ID: "1", Slug: "pc-one"}, true)
	m.PutConfig("a", &Config{ID: "2", Slug: "pc-two"}, false)
	for _, ref := range []string{"1", "pc-one"} {
		if c, ok := m.Config("a", ref); !ok || c.ID != "1" {
			t.Errorf("Config(a, %s) = %v", ref, c)
		}
	}
	if _, ok := m.Config("b", "pc-one"); ok {
		t.Error("b sees a's config")
	}
	m.PutConfig("a", &Config{ID: "2", Slug: "pc-two"}, true)
	if c, _ := m.DefaultConfig("a"); c == nil || c.ID != "2" {
		t.Errorf("default = %v, want the later one", c)
	}
	m.RemoveConfig("a", "2")
	if c, ok := m.DefaultConfig("a"); ok {
		t.Errorf("default = %v after its removal", c)
	}
}

func TestLoadReplacesEverything(t *testing.T) {
	m := NewMemory()
	m.PutConfig("a", &Config{ID: "old", Slug: "pc-old"}, true)
	m.PutKey("old", map[Digest]*Key{{1}: {ID: "old"}})
	m.Load(Snapshot{
		Keys:         map[Digest]*Key{{2}: {ID: "k"}},
		Integrations: []*Integration{{ID: "1", Slug: "my-key", WorkspaceID: "a"}},
		Configs:      []SnapshotConfig{{"a", &Config{ID: "1", Slug: "pc-one"}, true}, {"a", &Config{ID: "2", Slug: "pc-two"}, false}},
	})
	if _, ok := m.Config("a", "old"); ok {
		t.Error("an old config is known")
	}
	if _, ok := m.Key(Digest{1}); ok {
		t.Error("an old key is known")
	}
	if _, ok := m.Key(Digest{2}); !ok {
		t.Error("the loaded key is not known")
	}
	if c, _ := m.DefaultConfig("a"); c == nil || c.ID != "1" {
		t.Errorf("default = %v", c)
	}
	if c, _ := m.Config("a", "pc-two"); c == nil || c.ID != "2" {
		t.Errorf("pc-two = %v", c)
	}
	if i, _ := m.Integration("a", "my-key"); i == nil || i.ID != "1" {
		t.Errorf("my-key = %v", i)
	}
}

func TestReadersAndWritersAtOnce(t *testing.T) {
	m := NewMemory()
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 200 {
				id := strconv.Itoa(w*1000 + i)
				d := Digest{byte(w), byte(i)}
				m.PutKey(id, map[Digest]*Key{d: {ID: id}})
				if k, ok := m.Key(d); !ok || k.ID != id {
					t.Errorf("key %s is not there when its change returned", id)
				}
				m.PutIntegration(&Integration{ID: id, Slug: id, WorkspaceID: "w"})
			}
		})
	}
	wg.Wait()
	if n := len(m.Integrations("w")); n != 800 {
		t.Errorf("%d integrations, want 800: a change was lost", n)
	}
}
