package control

import (
	"context"
	"time"

	"github.com/portico-ai/portico/internal/access"
)

// A Config is a saved routing config. What it says is in its versions, which
// never change; one of them is current.
type Config struct {
	ID, OrgID, WorkspaceID string
	Slug, Name             string
	IsDefault              bool // of its workspace
	VersionID              string
	OwnerID, UpdatedBy     string
	CreatedAt, UpdatedAt   time.Time
}

// A ConfigVersion is what a config said at some time.
type ConfigVersion struct {
	ID, ConfigID, OrgID, WorkspaceID string
	Number                           int    // from 1
	Body                             string // JSON; sealed in a store, masked for a caller
	CreatedBy                        string
	CreatedAt                        time.Time
}

// A ConfigStore keeps configs and their versions. A ref is an id or a slug;
// slugs are unique in a workspace.
type ConfigStore interface {
	InsertConfig(ctx context.Context, c Config) error
	UpdateConfig(ctx context.Context, c Config) error
	ArchiveConfig(ctx context.Context, t Tenant, id string, at time.Time) error
	// ClearDefaultConfig makes no config the workspace's default.
	ClearDefaultConfig(ctx context.Context, t Tenant) error
	FindConfig(ctx context.Context, t Tenant, ref string) (Config, error)
	Configs(ctx context.Context, t Tenant, p Page) ([]Config, int, error)

	InsertConfigVersion(ctx context.Context, v ConfigVersion) error
	FindConfigVersion(ctx context.Context, t Tenant, id string) (ConfigVersion, error)
	// CurrentVersions lists the current version of every config of the tenant.
	CurrentVersions(ctx context.Context, t Tenant) ([]ConfigVersion, error)
	// ConfigVersions lists newest first.
	ConfigVersions(ctx context.Context, t Tenant, configID string, p Page) ([]ConfigVersion, int, error)
}

// ConfigInput is what a caller may say of a config. Nil fields keep their value.
type ConfigInput struct {
	Workspace string // id or slug; for organisation principals
	Name      *string
	Body      []byte // the routing config as JSON, nil to keep it
	IsDefault *bool
}

// A ConfigDetail is a config and one of its versions, secrets masked.
type ConfigDetail struct {
	Config  Config
	Version ConfigVersion
}

// Configs lists a workspace's configs.
func (s *Service) Configs(ctx context.Context, p access.Principal, ref string, page Page) ([]Config, int, error) {
	if err := require(p, access.ConfigsList); err != nil {
		return nil, 0, err
	}
	w, err := s.Target(ctx, p, ref)
	if err != nil {
		return nil, 0, err
	}
	list, total, err := s.store.Configs(ctx, w.tenant(), page)
	return list, total, storeError(err, "Config")
}

// Config finds a config by id or slug, with its current version.
func (s *Service) Config(ctx context.Context, p access.Principal, workspace, ref string) (ConfigDetail, error) {
	if err := require(p, access.ConfigsRead); err != nil {
		return ConfigDetail{}, err
	}
	c, err := s.findConfig(ctx, s.store, p, workspace, ref)
	if err != nil {
		return ConfigDetail{}, storeError(err, "Config")
	}
	v, err := s.store.FindConfigVersion(ctx, c.tenant(), c.VersionID)
	if err != nil {
		return ConfigDetail{}, storeError(err, "Config")
	}
	err = s.maskVersion(&v)
	return ConfigDetail{Config: c, Version: v}, err
}

// ConfigVersions lists what a config has said, newest first.
func (s *Service) ConfigVersions(ctx context.Context, p access.Principal, workspace, ref string, page Page) ([]ConfigDetail, int, error) {
	if err := require(p, access.ConfigsRead); err != nil {
		return nil, 0, err
	}
	c, err := s.findConfig(ctx, s.store, p, workspace, ref)
	if err != nil {
		return nil, 0, storeError(err, "Config")
	}
	versions, total, err := s.store.ConfigVersions(ctx, c.tenant(), c.ID, page)
	if err != nil {
		return nil, 0, storeError(err, "Config")
	}
	list := make([]ConfigDetail, len(versions))
	for i, v := range versions {
		if err := s.maskVersion(&v); err != nil {
			return nil, 0, err
		}
		list[i] = ConfigDetail{Config: c, Version: v}
	}
	return list, total, nil
}

// CheckConfig says what is wrong with a routing config, nil if nothing is.
func (s *Service) CheckConfig(p access.Principal, body []byte) error {
	if err := require(p, access.ConfigsCreate, access.ConfigsRead, access.ConfigsUpdate); err != nil {
		return err
	}
	_, err := s.checkConfig(body)
	return err
}

func (s *Service) findConfig(ctx context.Context, store Store, p access.Principal, workspace, ref string) (c Config, err error) {
	err = s.locate(ctx, p, workspace, func(t Tenant) error {
		c, err = store.FindConfig(ctx, t, ref)
		return err
	})
	return c, err
}

func (c Config) tenant() Tenant { return Tenant{Org: c.OrgID, Workspace: c.WorkspaceID} }
