package control

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/portico-ai/portico/internal/directory"
)

// rows are what a directory is made of, as they are stored: secrets are sealed.
// Whatever Load reads is in here, and so in the snapshot on the node's disk, too.
type rows struct {
	TakenAt      time.Time
	Count        int64 // of changes
	Organisation Organisation
	Sealings     []sealing
	Workspaces   []Workspace
	Keys         []APIKey
	VirtualKeys  []VirtualKey
	Configs      []Config
	Versions     []ConfigVersion // the current one of each config
	Logging      Logging
}

// Load publishes everything in the store to the directory, in place of what it
// knew. A row that cannot be read is left out and logged: one bad row does not
// keep the rest from working.
func (s *Service) Load(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.readRows(ctx)
	if err != nil {
		return err
	}
	if err := s.publish(ctx, r); err != nil {
		return err
	}
	s.seen = r.Count
	s.asOf.Store(&r.TakenAt)
	s.save(ctx, r)
	return nil
}

func (s *Service) readRows(ctx context.Context) (r *rows, err error) {
	r = &rows{TakenAt: s.now()}
	if r.Count, err = readCount(ctx, s.store); err != nil { // first: what comes later is loaded again
		return nil, err
	}
	if r.Organisation, r.Sealings, err = s.readOrganisation(ctx); err != nil {
		return nil, err
	}
	all := Tenant{Org: r.Organisation.ID}
	if r.Workspaces, _, err = s.store.Workspaces(ctx, all.Org, WorkspaceFilter{}, Everything); err != nil {
		return nil, fmt.Errorf("load the workspaces: %w", err)
	}
	if r.Keys, _, err = s.store.APIKeys(ctx, all, APIKeyFilter{}, Everything); err != nil {
		return nil, fmt.Errorf("load the API keys: %w", err)
	}
	if r.VirtualKeys, _, err = s.store.VirtualKeys(ctx, all, Everything); err != nil {
		return nil, fmt.Errorf("load the virtual keys: %w", err)
	}
	if r.Configs, _, err = s.store.Configs(ctx, all, Everything); err != nil {
		return nil, fmt.Errorf("load the configs: %w", err)
	}
	if r.Versions, err = s.store.CurrentVersions(ctx, all); err != nil {
		return nil, fmt.Errorf("load the configs: %w", err)
	}
	if r.Logging, err = readLogging(ctx, s.store); err != nil {
		return nil, fmt.Errorf("load the logging settings: %w", err)
	}
	return r, nil
}

// readOrganisation refuses another organisation than the one whose keys are
// open: another database has come to the place of this one.
func (s *Service) readOrganisation(ctx context.Context) (Organisation, []sealing, error) {
	orgs, err := s.store.Organisations(ctx)
	if err != nil {
		return Organisation{}, nil, fmt.Errorf("read the organisation: %w", err)
	}
	if len(orgs) == 0 {
		return Organisation{}, nil, ErrEmpty
	}
	if open := s.Organisation().ID; orgs[0].ID != open {
		return Organisation{}, nil, fmt.Errorf("this database is of organisation %s, and this process serves %s; restart it if that is meant", orgs[0].ID, open)
	}
	sealings, err := readSealings(ctx, s.store)
	return orgs[0], sealings, err
}

func (s *Service) publish(ctx context.Context, r *rows) error {
	logging, err := r.Logging.view()
	if err != nil { // better not served than kept against somebody's will
		return fmt.Errorf("load the logging settings: %w", err)
	}
	snapshot := directory.Snapshot{Keys: map[directory.Digest]*directory.Key{}, Logging: logging}
	look := r.lookup()
	for _, k := range r.Keys {
		values, err := s.directoryKeys(k, look)
		if err != nil {
			s.log.ErrorContext(ctx, "an API key could not be loaded", "key", k.ID, "error", err)
			continue
		}
		maps.Copy(snapshot.Keys, values)
	}
	for _, k := range r.VirtualKeys {
		snapshot.Integrations = append(snapshot.Integrations, s.integration(k))
	}
	versions := map[string]ConfigVersion{}
	for _, v := range r.Versions {
		versions[v.ID] = v
	}
	for _, c := range r.Configs {
		view, err := s.configView(c, versions[c.VersionID])
		if err != nil {
			s.log.ErrorContext(ctx, "a config could not be loaded", "config", c.Slug, "error", err)
			continue
		}
		snapshot.Configs = append(snapshot.Configs, directory.SnapshotConfig{WorkspaceID: c.WorkspaceID, Config: view, IsDefault: c.IsDefault})
	}
	s.directory.Load(snapshot)
	return nil
}

func (s *Service) configView(c Config, v ConfigVersion) (*directory.Config, error) {
	if v.ID == "" {
		return nil, fmt.Errorf("its version %s: %w", c.VersionID, ErrNotFound)
	}
	body, err := s.openVersion(v)
	if err != nil {
		return nil, err
	}
	compiled, err := s.checkConfig(body)
	if err != nil {
		return nil, err
	}
	return &directory.Config{ID: c.ID, Slug: c.Slug, Name: c.Name, VersionID: c.VersionID, Config: compiled}, nil
}

// A lookup finds what an API key refers to.
type lookup struct {
	config    func(t Tenant, id string) (Config, error)
	workspace func(orgID, id string) (Workspace, error)
}

// lookIn asks a store.
func lookIn(ctx context.Context, store Store) lookup {
	return lookup{
		config:    func(t Tenant, id string) (Config, error) { return store.FindConfig(ctx, t, id) },
		workspace: func(orgID, id string) (Workspace, error) { return store.FindWorkspace(ctx, orgID, id) },
	}
}

func (r *rows) lookup() lookup {
	configs, workspaces := map[string]Config{}, map[string]Workspace{}
	for _, c := range r.Configs {
		configs[c.ID] = c
	}
	for _, w := range r.Workspaces {
		workspaces[w.ID] = w
	}
	return lookup{
		config: func(t Tenant, id string) (Config, error) {
			if c, ok := configs[id]; ok && c.WorkspaceID == t.Workspace {
				return c, nil
			}
			return Config{}, fmt.Errorf("config %s: %w", id, ErrNotFound)
		},
		workspace: func(_, id string) (Workspace, error) {
			if w, ok := workspaces[id]; ok {
				return w, nil
			}
			return Workspace{}, fmt.Errorf("workspace %s: %w", id, ErrNotFound)
		},
	}
}
