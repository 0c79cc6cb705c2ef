package control

import (
	"context"
	"time"

	"github.com/portico-ai/portico/internal/access"
)

// InviteLifetime is how long an invite's link works.
const InviteLifetime = 7 * 24 * time.Hour

// What becomes of an invite, beside Expired.
const (
	Pending   Status = "pending"
	Accepted  Status = "accepted"
	Cancelled Status = "cancelled"
)

// An Invite lets a person join the organisation. Whoever has its link may.
type Invite struct {
	ID, OrgID, Email                            string
	Role                                        access.Role
	Workspaces                                  []InviteWorkspace
	KeyScopes                                   []access.Scope // of the user key made in each workspace; none, no key
	Digest                                      string         // of the link's token
	Status                                      Status         // as stored; see State
	InvitedBy                                   string
	ExpiresAt, AcceptedAt, CreatedAt, UpdatedAt time.Time
}

// An InviteWorkspace is a workspace that the invited person will be in.
type InviteWorkspace struct {
	ID   string      `json:"id"`
	Role access.Role `json:"role"`
}

// State is what has become of the invite at the given time.
func (i *Invite) State(now time.Time) Status {
	if i.Status == Pending && !now.Before(i.ExpiresAt) {
		return Expired
	}
	return i.Status
}

// An InviteStore keeps invites. An email has at most one that is pending.
type InviteStore interface {
	InsertInvite(ctx context.Context, i Invite) error
	// UpdateInvite changes the digest, the status and the times.
	UpdateInvite(ctx context.Context, i Invite) error
	// CancelInvitesBy cancels what a user or a key has sent and nobody has accepted.
	CancelInvitesBy(ctx context.Context, orgID, by string, at time.Time) error
	FindInvite(ctx context.Context, orgID, id string) (Invite, error)
	FindPendingInvite(ctx context.Context, orgID, email string) (Invite, error)
	FindInviteByDigest(ctx context.Context, digest string) (Invite, error)
	Invites(ctx context.Context, orgID string, f InviteFilter, p Page) ([]Invite, int, error)
}

// An InviteFilter narrows a list. Empty fields do not.
type InviteFilter struct {
	Role   access.Role
	Email  string
	Status Status
	Now    time.Time // what Expired and Pending are judged by
}

// Invites lists the organisation's invites, the latest first.
func (s *Service) Invites(ctx context.Context, p access.Principal, f InviteFilter, page Page) ([]Invite, int, error) {
	if err := require(p, access.UsersList); err != nil {
		return nil, 0, err
	}
	f.Email, f.Now = normalEmail(f.Email), s.now()
	list, total, err := s.store.Invites(ctx, p.OrgID, f, page)
	return list, total, storeError(err, "Invite")
}

// Invite finds one invite.
func (s *Service) Invite(ctx context.Context, p access.Principal, id string) (Invite, error) {
	if err := require(p, access.UsersRead); err != nil {
		return Invite{}, err
	}
	i, err := s.store.FindInvite(ctx, p.OrgID, id)
	return i, storeError(err, "Invite")
}

// DeleteInvite cancels an invite: its link stops working.
func (s *Service) DeleteInvite(ctx context.Context, p access.Principal, id string) error {
	if err := require(p, access.UsersDelete); err != nil {
		return err
	}
	return storeError(s.write(ctx, func(tx Store) error {
		i, err := tx.FindInvite(ctx, p.OrgID, id)
		if err != nil {
			return err
		}
		if i.Status != Pending {
			return conflict("", "this invite is %s already", i.Status)
		}
		i.Status, i.UpdatedAt = Cancelled, s.now()
		return tx.UpdateInvite(ctx, i)
	}, nil), "Invite")
}
