package control

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/secret"
)

// ErrWrongMasterKey means that this database was sealed with another master key.
var ErrWrongMasterKey = errors.New("the master key is not the one this data was sealed with; start with the right PORTICO_MASTER_KEY or master.key, nothing was changed")

// ErrEmpty means that a store was never bootstrapped.
var ErrEmpty = errors.New("there is no organisation in this database yet; start the server once")

// Options say what to make of an empty store.
type Options struct {
	AdminKey     string // value of the admin key; "" for a random one
	WorkspaceKey string // value of a service key of the default workspace; "" for none
	// DemoProvider is the provider of which a demo gets a virtual key, of the
	// same slug, and a service key. "" for no demo.
	DemoProvider string
}

// First is what a first start makes, to be printed once. Values that the
// operator chose are not repeated.
type First struct {
	Fresh        bool      // the store was empty
	AdminKey     ai.Secret // zero if not made now, or chosen
	WorkspaceKey ai.Secret // zero if not made now, or chosen
	SetupToken   ai.Secret // for <origin>/console/setup?token=…; zero once there is an owner
	Workspace    Workspace // the default one
}

// Bootstrap makes the Service ready: it opens the keys and publishes everything
// to the directory. An empty store gets an organisation, a default workspace
// and an admin key first. While there is no owner, each start issues a new
// set-up token and voids the previous one. Where the store cannot be reached, the
// Service begins with its snapshot, if it has one.
func (s *Service) Bootstrap(ctx context.Context, o Options) (First, error) {
	first, err := s.bootstrap(ctx, o)
	if errors.Is(err, ErrUnavailable) && s.snapshot != nil {
		return First{}, s.openSnapshot(ctx, err)
	}
	return first, err
}

func (s *Service) bootstrap(ctx context.Context, o Options) (First, error) {
	var first First
	err := s.Open(ctx)
	if errors.Is(err, ErrEmpty) {
		first, err = s.create(ctx, o)
		switch {
		case errors.Is(err, errNotEmpty): // another node was faster
			err = s.Open(ctx)
		case err == nil:
			err = s.Load(ctx)
		}
	}
	if err == nil {
		err = s.endExchange(ctx)
	}
	if err != nil {
		return First{}, err
	}
	if first.Workspace, err = s.store.FindWorkspace(ctx, s.Organisation().ID, ""); err != nil {
		return First{}, fmt.Errorf("find the default workspace: %w", err)
	}
	if first.Fresh && o.DemoProvider != "" {
		if err := s.createDemo(ctx, o.DemoProvider); err != nil {
			return First{}, err
		}
	}
	first.SetupToken, err = s.issueSetupToken(ctx)
	return first, err
}

// Open makes the Service ready on a store that was bootstrapped before, and
// changes nothing in it. It is for commands beside a running server.
func (s *Service) Open(ctx context.Context) error {
	orgs, err := s.store.Organisations(ctx)
	if err != nil {
		return fmt.Errorf("read the organisation: %w", err)
	}
	if len(orgs) == 0 {
		return ErrEmpty
	}
	if err := s.openRing(ctx, orgs[0]); err != nil {
		return err
	}
	return s.Load(ctx)
}

// openRing opens the stored keys with the master key.
func (s *Service) openRing(ctx context.Context, org Organisation) error {
	k, err := openKeys(ctx, s.store, s.master, org.ID)
	if err != nil {
		return err
	}
	s.setRing(org, k)
	return nil
}

func (s *Service) setRing(org Organisation, k openedKeys) {
	s.ring.Store(&ring{org: org, data: k.data, digest: secret.NewDigester(k.pepper), oldMaster: k.old})
}

// errNotEmpty means that another process has filled the store meanwhile.
var errNotEmpty = errors.New("there is an organisation already")

// create fills an empty store in one transaction.
func (s *Service) create(ctx context.Context, o Options) (First, error) {
	for name, value := range map[string]string{"PORTICO_BOOTSTRAP_ADMIN_KEY": o.AdminKey, "PORTICO_BOOTSTRAP_WORKSPACE_KEY": o.WorkspaceKey} {
		if value != "" && len(value) < MinKeyLength {
			return First{}, fmt.Errorf("%s has at least %d characters", name, MinKeyLength)
		}
	}
	if o.AdminKey != "" && o.AdminKey == o.WorkspaceKey {
		return First{}, errors.New("PORTICO_BOOTSTRAP_ADMIN_KEY and PORTICO_BOOTSTRAP_WORKSPACE_KEY must differ")
	}
	now := s.now()
	org := Organisation{ID: uuid.NewString(), Name: "My organisation", CreatedAt: now}
	sealed, data, err := s.master.NewDataKey(dataKeyBinding(org.ID))
	if err != nil {
		return First{}, err
	}
	org.DataKey = sealed
	pepper := secret.NewPepper()
	s.ring.Store(&ring{org: org, data: data, digest: secret.NewDigester(pepper)})
	w := Workspace{
		ID: uuid.NewString(), OrgID: org.ID, Slug: shortSlug("ws", "shared"), Name: "Shared Team Workspace",
		IsDefault: true, CreatedAt: now, UpdatedAt: now,
	}
	first := First{Fresh: true}
	keys := []APIKey{s.firstKey(org.ID, "", "Admin", access.OrgService.Scopes(), o.AdminKey, &first.AdminKey)}
	if o.WorkspaceKey != "" || o.DemoProvider != "" {
		keys = append(keys, s.firstKey(org.ID, w.ID, "First workspace key", workspaceKeyScopes, o.WorkspaceKey, &first.WorkspaceKey))
	}
	err = s.write(ctx, func(tx Store) error {
		there, err := tx.Organisations(ctx)
		if err != nil {
			return err
		}
		if len(there) > 0 {
			return errNotEmpty
		}
		err = errors.Join(tx.InsertOrganisation(ctx, org), tx.InsertWorkspace(ctx, w),
			tx.PutSetting(ctx, settingPepper, s.master.Seal(pepper, pepperBinding)))
		for _, k := range keys {
			err = errors.Join(err, tx.InsertAPIKey(ctx, k))
		}
		return err
	}, nil)
	if err != nil {
		return First{}, fmt.Errorf("make the organisation: %w", err)
	}
	return first, nil
}

var workspaceKeyScopes = []access.Scope{
	access.Completions, access.LogsWrite, access.LogsView, access.LogsList, access.LogsExport, access.Analytics,
}

// firstKey makes a key with the operator's value, or with a random one that is
// put into printed.
func (s *Service) firstKey(orgID, workspaceID, name string, scopes []access.Scope, value string, printed *ai.Secret) APIKey {
	if value == "" {
		value = newKeyValue()
		*printed = ai.NewSecret(value)
	}
	now := s.now()
	k := APIKey{
		ID: uuid.NewString(), OrgID: orgID, WorkspaceID: workspaceID, Type: access.OrgService,
		Name: name, Scopes: scopes, CreationMode: "auto", CreatedAt: now, UpdatedAt: now,
	}
	if workspaceID != "" {
		k.Type = access.WorkspaceService
	}
	s.setKeyValue(&k, value)
	return k
}

func (s *Service) createDemo(ctx context.Context, provider string) error {
	name := "Demo"
	_, err := s.CreateVirtualKey(ctx, s.Root(), VirtualKeyInput{Name: &name, Slug: &provider, Provider: &provider})
	if err != nil {
		return fmt.Errorf("make the demo's virtual key: %w", err)
	}
	return nil
}

// issueSetupToken voids the previous token and, while there is no owner, makes
// a new one.
func (s *Service) issueSetupToken(ctx context.Context) (ai.Secret, error) {
	owner, err := s.HasOwner(ctx)
	if err != nil || owner {
		return ai.Secret{}, err
	}
	token := newToken()
	err = s.write(ctx, func(tx Store) error { return tx.PutSetting(ctx, settingSetup, tokenDigest(token)) }, nil)
	if err != nil {
		return ai.Secret{}, fmt.Errorf("store the set-up token: %w", err)
	}
	return ai.NewSecret(token), nil
}
