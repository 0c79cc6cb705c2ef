package control

import (
	"context"
	"strings"

	"github.com/google/uuid"
	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/directory"
	"github.com/portico-ai/portico/internal/route"
)

// CreateConfig saves a routing config; it can be used when this returns.
func (s *Service) CreateConfig(ctx context.Context, p access.Principal, in ConfigInput) (Config, error) {
	if err := require(p, access.ConfigsCreate); err != nil {
		return Config{}, err
	}
	w, err := s.Target(ctx, p, in.Workspace)
	if err != nil {
		return Config{}, err
	}
	if in.Name == nil {
		in.Name = new(string)
	}
	var bad problems
	bad.checkName(in.Name)
	if in.Body == nil {
		bad.add("config", "config is required: a routing config as a JSON object")
	}
	if err := bad.err(); err != nil {
		return Config{}, err
	}
	body, compiled, err := s.readConfig(in.Body, nil)
	if err != nil {
		return Config{}, err
	}
	now := s.now()
	c := Config{
		ID: uuid.NewString(), OrgID: w.OrgID, WorkspaceID: w.ID, Slug: shortSlug("pc", *in.Name), Name: *in.Name,
		IsDefault: in.IsDefault != nil && *in.IsDefault, OwnerID: actor(p), UpdatedBy: actor(p), CreatedAt: now, UpdatedAt: now,
	}
	v := s.newVersion(&c, 1, body)
	err = s.write(ctx, func(tx Store) error {
		if c.IsDefault {
			if err := tx.ClearDefaultConfig(ctx, w.tenant()); err != nil {
				return err
			}
		}
		if err := tx.InsertConfig(ctx, c); err != nil {
			return err
		}
		return tx.InsertConfigVersion(ctx, v)
	}, func() { s.publishConfig(c, compiled) })
	return c, storeError(err, "Config")
}

// UpdateConfig changes what the input names. A new body becomes a new version.
func (s *Service) UpdateConfig(ctx context.Context, p access.Principal, ref string, in ConfigInput) (Config, error) {
	if err := require(p, access.ConfigsUpdate); err != nil {
		return Config{}, err
	}
	var c Config
	var compiled *route.Config
	err := s.write(ctx, func(tx Store) (err error) {
		if c, err = s.findConfig(ctx, tx, p, in.Workspace, ref); err != nil {
			return err
		}
		compiled, err = s.applyConfigInput(ctx, tx, p, &c, in)
		return err
	}, func() { s.publishConfig(c, compiled) })
	return c, storeError(err, "Config")
}

func (s *Service) applyConfigInput(ctx context.Context, tx Store, p access.Principal, c *Config, in ConfigInput) (*route.Config, error) {
	if in.Name != nil {
		var bad problems
		bad.checkName(in.Name)
		if err := bad.err(); err != nil {
			return nil, err
		}
		c.Name = *in.Name
	}
	current, err := tx.FindConfigVersion(ctx, c.tenant(), c.VersionID)
	if err != nil {
		return nil, err
	}
	old, err := s.openVersion(current)
	if err != nil {
		return nil, err
	}
	if in.Body == nil {
		in.Body = old
	}
	body, compiled, err := s.readConfig(in.Body, old)
	if err != nil {
		return nil, err
	}
	c.UpdatedBy, c.UpdatedAt = actor(p), s.now()
	if string(body) != string(old) {
		v := s.newVersion(c, current.Number+1, body)
		if err := tx.InsertConfigVersion(ctx, v); err != nil {
			return nil, err
		}
	}
	if in.IsDefault != nil {
		if *in.IsDefault && !c.IsDefault {
			if err := tx.ClearDefaultConfig(ctx, c.tenant()); err != nil {
				return nil, err
			}
		}
		c.IsDefault = *in.IsDefault
	}
	return compiled, tx.UpdateConfig(ctx, *c)
}

// readConfig puts kept secrets back in place of their masks and validates.
func (s *Service) readConfig(body, old []byte) ([]byte, *route.Config, error) {
	body, err := s.unmaskConfig(body, old)
	if err != nil {
		return nil, nil, err
	}
	compiled, err := s.checkConfig(body)
	return body, compiled, err
}

// newVersion makes the current version of c, sealed. Every config is sealed,
// because any may hold a provider's key.
func (s *Service) newVersion(c *Config, number int, body []byte) ConfigVersion {
	v := ConfigVersion{
		ID: uuid.NewString(), ConfigID: c.ID, OrgID: c.OrgID, WorkspaceID: c.WorkspaceID,
		Number: number, CreatedBy: c.UpdatedBy, CreatedAt: c.UpdatedAt,
	}
	v.Body = s.ring.Load().data.Seal(body, v.binding())
	c.VersionID = v.ID
	return v
}

// DeleteConfig archives a config. One that a key has as its default stays, for
// that key's requests would fail.
func (s *Service) DeleteConfig(ctx context.Context, p access.Principal, workspace, ref string) error {
	if err := require(p, access.ConfigsDelete); err != nil {
		return err
	}
	var c Config
	err := s.write(ctx, func(tx Store) (err error) {
		if c, err = s.findConfig(ctx, tx, p, workspace, ref); err != nil {
			return err
		}
		users, _, err := tx.APIKeys(ctx, c.tenant(), APIKeyFilter{ConfigID: c.ID}, Page{Size: 5})
		if err != nil {
			return err
		}
		if len(users) > 0 {
			return conflict("slug", "config %s is the default of %s; give them another one first", c.Slug, keyNames(users))
		}
		w, err := tx.FindWorkspace(ctx, c.OrgID, c.WorkspaceID)
		if err != nil {
			return err
		}
		if w.UserKeyConfig == c.ID {
			return conflict("slug", "config %s is what new user keys of the workspace get; set defaults.user_api_key_config to another one first", c.Slug)
		}
		return tx.ArchiveConfig(ctx, c.tenant(), c.ID, s.now())
	}, func() { s.directory.RemoveConfig(c.WorkspaceID, c.ID) })
	return storeError(err, "Config")
}

func keyNames(keys []APIKey) string {
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.Name
	}
	return "API key " + strings.Join(names, ", ")
}

func (s *Service) publishConfig(c Config, compiled *route.Config) {
	s.directory.PutConfig(c.WorkspaceID, &directory.Config{
		ID: c.ID, Slug: c.Slug, Name: c.Name, VersionID: c.VersionID, Config: compiled,
	}, c.IsDefault)
}
