package control

import (
	"context"
	"errors"
)

// Errors that a Store returns, wrapped or not. Any other error means that it
// could not do its work.
var (
	ErrNotFound  = errors.New("not found")
	ErrConflict  = errors.New("already exists")
	ErrAmbiguous = errors.New("found in several workspaces")
	ErrText      = errors.New("not a text that can be stored")
	// ErrUnavailable is of a database server that cannot be reached now.
	ErrUnavailable = errors.New("the control plane's database cannot be reached")
)

// A Store keeps everything the control plane knows. Deletion is archiving:
// archived rows are not found by any query.
type Store interface {
	OrganisationStore
	WorkspaceStore
	UserStore
	MemberStore
	InviteStore
	SessionStore
	APIKeyStore
	VirtualKeyStore
	ConfigStore
	SavedFilterStore
	ExportStore
	ChangeFeed

	// Atomically runs do in one transaction: all of its changes happen, or none.
	Atomically(ctx context.Context, do func(tx Store) error) error
}

// A ChangeFeed wakes the processes that work on the same store.
type ChangeFeed interface {
	// Announce, in a transaction, tells all of them once it is committed.
	Announce(ctx context.Context) error
	// Changes is sent to after announcements, at least one after the last, until
	// ctx ends. It may miss some while the store cannot be reached, and is nil
	// where processes have to look for themselves.
	Changes(ctx context.Context) <-chan struct{}
}

// A Tenant says whose rows a query may see or touch. An empty Workspace means
// all workspaces of the organisation.
type Tenant struct{ Org, Workspace string }

// A Page is a part of a list. Number counts from 0.
type Page struct{ Number, Size int }

// Everything is a Page that holds a whole list.
var Everything = Page{Size: 1 << 30}

// A Status is what has become of a row.
type Status string

// The statuses. Expired is computed, never stored.
const (
	Active        Status = "active"
	Archived      Status = "archived"
	Expired       Status = "expired"
	SecretMissing Status = "secret_missing" // a virtual key whose host changed
)
