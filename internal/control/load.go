package control

import (
	"context"
	"fmt"
	"maps"

	"github.com/portico-ai/portico/internal/directory"
)

// Load publishes everything in the store to the directory, in place of what it
// knew. A row that cannot be read is left out and logged: one bad row does not
// keep the rest from working.
func (s *Service) Load(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	count, err := readCount(ctx, s.store) // first: what comes later is loaded again
	if err != nil {
		return err
	}
	all := Tenant{Org: s.Organisation().ID}
	snapshot := directory.Snapshot{Keys: map[directory.Digest]*directory.Key{}}
	keys, _, err := s.store.APIKeys(ctx, all, APIKeyFilter{}, Everything)
	if err != nil {
		return fmt.Errorf("load the API keys: %w", err)
	}
	for _, k := range keys {
		values, err := s.directoryKeys(ctx, k)
		if err != nil {
			s.log.ErrorContext(ctx, "an API key could not be loaded", "key", k.ID, "error", err)
			continue
		}
		maps.Copy(snapshot.Keys, values)
	}
	virtualKeys, _, err := s.store.VirtualKeys(ctx, all, Everything)
	if err != nil {
		return fmt.Errorf("load the virtual keys: %w", err)
	}
	for _, k := range virtualKeys {
		snapshot.Integrations = append(snapshot.Integrations, s.integration(k))
	}
	configs, _, err := s.store.Configs(ctx, all, Everything)
	if err != nil {
		return fmt.Errorf("load the configs: %w", err)
	}
	for _, c := range configs {
		view, err := s.loadConfig(ctx, c)
		if err != nil {
			s.log.ErrorContext(ctx, "a config could not be loaded", "config", c.Slug, "error", err)
			continue
		}
		snapshot.Configs = append(snapshot.Configs, directory.SnapshotConfig{WorkspaceID: c.WorkspaceID, Config: view, IsDefault: c.IsDefault})
	}
	logging, err := readLogging(ctx, s.store)
	if err == nil {
		snapshot.Logging, err = logging.view()
	}
	if err != nil { // better not served than kept against somebody's will
		return fmt.Errorf("load the logging settings: %w", err)
	}
	s.directory.Load(snapshot)
	s.seen = count
	return nil
}

func (s *Service) loadConfig(ctx context.Context, c Config) (*directory.Config, error) {
	v, err := s.store.FindConfigVersion(ctx, c.tenant(), c.VersionID)
	if err != nil {
		return nil, err
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
