package control

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/portico-ai/portico/internal/access"
)

// A Mailer sends plain mail.
type Mailer interface {
	Send(ctx context.Context, to, subject, text string) error
}

// mailPatience is how long a request waits for its mail to be taken.
const mailPatience = 20 * time.Second

// InviteInput is what a caller may say of an invite.
type InviteInput struct {
	Email      string
	Role       access.Role
	Workspaces []InviteWorkspace // by id or slug
	KeyScopes  []access.Scope
}

// A Sent is an invite whose link is known this one time.
type Sent struct {
	Invite Invite
	Link   string
	Mailed bool
}

// CreateInvite invites a person. link makes the address to open of a token. With
// a Mailer the link is mailed, too. Nobody invites to what they cannot do
// themselves.
func (s *Service) CreateInvite(ctx context.Context, p access.Principal, in InviteInput, link func(token string) string) (Sent, error) {
	if err := require(p, access.UsersCreate); err != nil {
		return Sent{}, err
	}
	var bad problems
	email := bad.checkEmail(in.Email)
	if len(in.KeyScopes) > 0 {
		checkKeyScopes(&bad, access.WorkspaceUser, &in.KeyScopes)
	}
	if err := bad.err(); err != nil {
		return Sent{}, err
	}
	now := s.now()
	token := newToken()
	i := Invite{
		ID: uuid.NewString(), OrgID: p.OrgID, Email: email, Role: in.Role, KeyScopes: in.KeyScopes, Digest: tokenDigest(token),
		Status: Pending, InvitedBy: actor(p), ExpiresAt: now.Add(InviteLifetime), CreatedAt: now, UpdatedAt: now,
	}
	err := s.write(ctx, func(tx Store) (err error) {
		if i.Workspaces, err = inviteWorkspaces(ctx, tx, p, in.Workspaces); err != nil {
			return err
		}
		if err := mayInvite(p, i); err != nil {
			return err
		}
		if err := s.makeRoom(ctx, tx, i); err != nil {
			return err
		}
		return tx.InsertInvite(ctx, i)
	}, nil)
	if err != nil {
		return Sent{}, storeError(err, "Invite")
	}
	return s.send(ctx, i, link(token)), nil
}

// inviteWorkspaces finds the workspaces that an invite names.
func inviteWorkspaces(ctx context.Context, tx Store, p access.Principal, in []InviteWorkspace) ([]InviteWorkspace, error) {
	all := make([]InviteWorkspace, 0, len(in))
	for n, x := range in {
		at := "workspaces[" + strconv.Itoa(n) + "].id"
		if x.ID == "" {
			return nil, invalid(at, "id is required: the workspace's id or slug")
		}
		w, err := tx.FindWorkspace(ctx, p.OrgID, x.ID)
		if errors.Is(err, ErrNotFound) {
			return nil, invalid(at, "there is no workspace %q", x.ID)
		}
		if err != nil {
			return nil, err
		}
		for _, other := range all {
			if other.ID == w.ID {
				return nil, invalid(at, "workspace %s is there twice", w.Slug)
			}
		}
		all = append(all, InviteWorkspace{w.ID, x.Role})
	}
	return all, nil
}

// mayInvite refuses an invite to more than the caller could do.
func mayInvite(p access.Principal, i Invite) error {
	if i.Role == access.Owner {
		return invalid("role", "nobody is invited as an owner; invite an admin, then make them one")
	}
	if err := mayGiveInOrganisation(p, i.Role, "role"); err != nil {
		return err
	}
	for n, w := range i.Workspaces {
		if err := mayGiveInWorkspace(p, w.Role, "workspaces["+strconv.Itoa(n)+"].role"); err != nil {
			return err
		}
	}
	if sc := p.Lacks(i.KeyScopes); sc != "" {
		e := forbidden("You cannot give a key the scope %s, which you do not have yourself", sc)
		e.Param = "workspace_api_key_details.scopes"
		return e
	}
	return nil
}

// makeRoom makes sure that the email is new here. An invite of it that has
// expired gives way.
func (s *Service) makeRoom(ctx context.Context, tx Store, i Invite) error {
	if _, err := tx.FindUserByEmail(ctx, i.OrgID, i.Email); !errors.Is(err, ErrNotFound) {
		if err != nil {
			return err
		}
		return conflict("email", "%s is in the organisation already; add them to workspaces instead", i.Email)
	}
	old, err := tx.FindPendingInvite(ctx, i.OrgID, i.Email)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if old.State(i.CreatedAt) == Pending {
		return conflict("email", "%s has been invited already; resend that invite (%s), or delete it first", i.Email, old.ID)
	}
	old.Status, old.UpdatedAt = Cancelled, i.CreatedAt
	return tx.UpdateInvite(ctx, old)
}

// ResendInvite makes a new link, which works in place of the one before. Who gets
// it could join by it, so they must be able to send such an invite.
func (s *Service) ResendInvite(ctx context.Context, p access.Principal, id string, link func(token string) string) (Sent, error) {
	if err := require(p, access.UsersCreate); err != nil {
		return Sent{}, err
	}
	var i Invite
	token := newToken()
	err := s.write(ctx, func(tx Store) (err error) {
		if i, err = tx.FindInvite(ctx, p.OrgID, id); err != nil {
			return err
		}
		if err := mayInvite(p, i); err != nil {
			return err
		}
		if i.Status != Pending {
			return conflict("", "this invite is %s; make a new one", i.Status)
		}
		i.UpdatedAt = s.now()
		i.Digest, i.ExpiresAt = tokenDigest(token), i.UpdatedAt.Add(InviteLifetime)
		return tx.UpdateInvite(ctx, i)
	}, nil)
	if err != nil {
		return Sent{}, storeError(err, "Invite")
	}
	return s.send(ctx, i, link(token)), nil
}

// send mails the link if there is a way to. A mail that fails does not undo the
// invite: the link can be handed over, or sent again.
func (s *Service) send(ctx context.Context, i Invite, link string) Sent {
	sent := Sent{Invite: i, Link: link}
	if s.mail == nil {
		return sent
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), mailPatience)
	defer cancel()
	org := strings.Join(strings.Fields(s.Organisation().Name), " ")
	text := fmt.Sprintf("You are invited to join %s on Portico.\n\nOpen this link to set your password:\n\n%s\n\nIt works once, until %s.\nIf you did not expect it, ignore this mail.\n",
		org, link, i.ExpiresAt.Format("2 January 2006, 15:04 MST"))
	if err := s.mail.Send(ctx, i.Email, "Join "+org+" on Portico", text); err != nil {
		s.log.WarnContext(ctx, "the mail of an invite was not sent", "invite", i.ID, "error", err)
		return sent
	}
	sent.Mailed = true
	return sent
}
