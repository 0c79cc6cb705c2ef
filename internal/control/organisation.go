package control

import (
	"context"
	"time"
)

// An Organisation is a tenant. It has a data key of its own, sealed by the
// master key.
type Organisation struct {
	ID, Name  string
	DataKey   string // sealed
	CreatedAt time.Time
}

// Names of instance-wide settings.
const (
	settingPepper  = "api_key_pepper"     // sealed by the master key
	settingOldSeal = "old_master_sealing" // what the master key before sealed, while it is exchanged
	settingSetup   = "setup_token"        // digest of the one-time set-up token
	settingCount   = "changes"            // how many changes a directory had to learn of
)

// An OrganisationStore keeps organisations and the few instance-wide settings.
type OrganisationStore interface {
	InsertOrganisation(ctx context.Context, o Organisation) error
	Organisations(ctx context.Context) ([]Organisation, error)
	// UpdateDataKey puts another sealing of the organisation's data key.
	UpdateDataKey(ctx context.Context, orgID, sealed string) error
	// Setting returns ErrNotFound for one that was never put.
	Setting(ctx context.Context, name string) (string, error)
	PutSetting(ctx context.Context, name, value string) error
	// DeleteSetting does nothing to one that was never put.
	DeleteSetting(ctx context.Context, name string) error
}

// Organisation returns the organisation that this instance serves.
func (s *Service) Organisation() Organisation { return s.ring.Load().org }
