package control

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/directory"
	"github.com/portico-ai/portico/internal/route"
	"github.com/portico-ai/portico/internal/secret"
)

// Deps is what a Service works with. All are required, except
// Snapshot, Shared, Node, Now and Log.
type Deps struct {
	Store     Store
	Master    *secret.Box
	Directory *directory.Memory
	Providers Providers
	// CheckConfig parses and validates a routing config. Its errors are
	// *ai.Error with Problems.
	CheckConfig func(raw []byte) (*route.Config, error)
	// CheckHost judges the base URL a virtual key is to be bound to; nil accepts
	// every one.
	CheckHost func(url string) error
	// ExportFields are the names of what an export of logs may be of.
	ExportFields []string
	// Snapshot lets the service begin while the store cannot be reached; nil for
	// a store that is where the service is.
	Snapshot SnapshotFile
	// Shared says that other nodes may work on the store.
	Shared bool
	// Node tells apart the nodes that work on the store.
	Node string
	// Mail sends invites; nil leaves that to who makes them.
	Mail Mailer
	Now  func() time.Time
	Log  *slog.Logger
}

// A Service is the control plane. Until Bootstrap or Open has returned, no other
// method may be called. It is safe for concurrent use.
type Service struct {
	store       Store
	master      *secret.Box
	directory   *directory.Memory
	providers   Providers
	checkConfig func(raw []byte) (*route.Config, error)
	checkHost   func(url string) error
	exportable  []string
	snapshot    SnapshotFile
	shared      bool
	node        string
	mail        Mailer
	clock       func() time.Time
	log         *slog.Logger

	// mu keeps changes of the store and of the directory in the same order.
	mu        sync.Mutex
	seen      int64 // the count of changes that the directory reflects
	saved     int64 // the one that the snapshot reflects; -1 for none
	asOf      atomic.Pointer[time.Time]
	ring      atomic.Pointer[ring]
	hashing   chan struct{} // bounds how many passwords are hashed at once
	dummyHash func() string // what a password is compared with when there is no user
}

// A ring holds the organisation's opened keys.
type ring struct {
	org       Organisation
	data      *secret.Box
	digest    *secret.Digester
	oldMaster bool // opened with the master key before an exchange
}

// New makes a Service. Call Bootstrap, or Open, next.
func New(d Deps) *Service {
	s := &Service{
		store: d.Store, master: d.Master, directory: d.Directory, providers: d.Providers,
		checkConfig: d.CheckConfig, checkHost: d.CheckHost, exportable: d.ExportFields, mail: d.Mail,
		snapshot: d.Snapshot, shared: d.Shared, node: d.Node, clock: d.Now, log: d.Log, saved: -1,
		hashing:   make(chan struct{}, 2),
		dummyHash: sync.OnceValue(func() string { return secret.HashPassword("nobody") }),
	}
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s
}

// now is in UTC and milliseconds, the resolution that stores keep.
func (s *Service) now() time.Time { return s.clock().UTC().Truncate(time.Millisecond) }

// write makes a change in the store and, once that is done, publishes it here;
// other processes find it in the count of changes. A client that goes away does
// not leave store and directory apart. Without publish, nothing that a directory
// shows has changed.
func (s *Service) write(ctx context.Context, change func(tx Store) error, publish func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var before int64
	err := s.store.Atomically(context.WithoutCancel(ctx), func(tx Store) (err error) {
		if err = change(tx); err == nil && publish != nil {
			before, err = countChange(ctx, tx)
		}
		return err
	})
	if err != nil || publish == nil {
		return err
	}
	publish()
	if before == s.seen {
		s.seen++
	}
	return nil
}

// Digest is what the directory knows an API key by.
func (s *Service) Digest(key string) directory.Digest {
	return directory.Digest(s.ring.Load().digest.Digest(key))
}

// Providers lists the providers that a virtual key may be for, each with its fields.
func (s *Service) Providers() []ProviderInfo {
	all := slices.Clone(s.providers.Providers())
	for i := range all {
		all[i].Fields = all[i].fields()
	}
	return all
}

// Root is a principal that may do everything: the operator at the command line.
func (s *Service) Root() access.Principal {
	return access.Principal{OrgID: s.Organisation().ID, Role: access.Owner, Scopes: access.All()}
}

// actor is who a change is recorded as.
func actor(p access.Principal) string {
	if p.UserID != "" {
		return p.UserID
	}
	return p.KeyID
}
