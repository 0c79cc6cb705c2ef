package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
)

// A Server is a database server that a test has started.
type Server interface {
	Database() string              // makes an empty one and returns its URL
	Execute(url, statement string) // in a database
	Run()                          // after Stop
	Stop()                         // at once
}

// An Opener opens the store of a URL for a server's journal.
type Opener func(t *testing.T, url, journal string) (LogStore, error)

// Servers runs the suite for stores that several servers share. The password is
// part of the URLs.
func Servers(t *testing.T, s Server, password string, open Opener) {
	t.Run("several feed one store", func(t *testing.T) { shared(t, s, open) })
	t.Run("tables of a newer version are refused", func(t *testing.T) { newer(t, s, open) })
	t.Run("a wrong password is refused and not told", func(t *testing.T) { refused(t, s, password, open) })
	t.Run("a server that is away is waited for", func(t *testing.T) { away(t, s, open) })
}

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// shared opens stores at the same time and feeds each from its own position; some
// entries come from both, as when a data folder was copied.
func shared(t *testing.T, s Server, open Opener) {
	url := s.Database()
	opened := make(chan LogStore)
	for _, name := range []string{"one", "two"} {
		go func() {
			store, err := open(t, url, name)
			if err != nil {
				t.Error(err)
			}
			opened <- store
		}()
	}
	one, two := <-opened, <-opened
	if t.Failed() {
		return
	}
	list := newGenerator(30).entries(90)
	for i := range list {
		list[i].WorkspaceID = "w"
	}
	apply(t, []LogStore{one}, list[:60], ledger.Position{Segment: 3, Offset: 5})
	if pos, err := two.Position(t.Context()); err != nil || pos != (ledger.Position{}) {
		t.Errorf("the other's position is %+v, %v", pos, err)
	}
	apply(t, []LogStore{two}, list[30:], ledger.Position{Segment: 1, Offset: 9})
	if pos, err := one.Position(t.Context()); err != nil || pos != (ledger.Position{Segment: 3, Offset: 5}) {
		t.Errorf("the first's position is %+v, %v", pos, err)
	}
	for _, store := range []LogStore{one, two} {
		l, err := store.List(t.Context(), "w", ledger.Filter{}, ledger.Page{Size: ledger.MaxPage})
		if err != nil || l.Total != 90 || len(l.Entries) != 90 {
			t.Errorf("%d of %d entries, %v; want 90", len(l.Entries), l.Total, err)
		}
	}
}

func newer(t *testing.T, s Server, open Opener) {
	url := s.Database()
	must[LogStore](t)(open(t, url, "one"))
	s.Execute(url, "INSERT INTO portico_schema_versions (version, applied_at) VALUES (999, now())")
	if _, err := open(t, url, "one"); err == nil || !strings.Contains(err.Error(), "newer") {
		t.Errorf("opened with %v", err)
	}
}

func refused(t *testing.T, s Server, password string, open Opener) {
	url := s.Database()
	user, rest, _ := strings.Cut(url, "@")
	scheme, _, _ := strings.Cut(user, "://")
	for _, bad := range []string{scheme + "://portico:wrong-canary@" + rest, url + "-absent", scheme + "://portico:wrong-canary@" + rest + "&x=%zz", scheme + "://po:wrong-canary@:x/y"} {
		_, err := open(t, bad, "one")
		if err == nil || strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), password) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// away settles requests while the server is stopped, at the start and later.
func away(t *testing.T, s Server, open Opener) {
	url := s.Database()
	s.Stop()
	store := must[LogStore](t)(open(t, url, "one"))
	if _, err := store.List(t.Context(), "w", ledger.Filter{}, ledger.Page{}); !isKind(err, ai.Unavailable) {
		t.Errorf("asked while it is away: %v", err)
	}
	j := must[*ledger.Journal](t)(ledger.Open(t.TempDir(), ledger.Options{}))
	defer j.Close() //nolint:errcheck // a test's
	f := ledger.NewFollower(j, store, ledger.FollowOptions{Backoff: 10 * time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	defer func() { cancel(); <-done }()
	settled := 0
	settle := func(n int) {
		for range n {
			settled++
			e := &ledger.Entry{ID: fmt.Sprintf("entry-%d", settled), WorkspaceID: "w", StartedAt: time.Unix(1_700_000_000+int64(settled), 0).UTC(), State: ledger.OK}
			if err := j.Settle(e); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 3 {
		settle(100)
		s.Run()
		caught, giveUp := context.WithTimeout(ctx, 30*time.Second)
		if err := f.CatchUp(caught); err != nil {
			t.Fatalf("%v; %d bytes behind", err, f.Lag())
		}
		giveUp()
		l, err := store.List(ctx, "w", ledger.Filter{}, ledger.Page{Size: 1})
		if err != nil || l.Total != int64(settled) {
			t.Errorf("%d entries, %v; want %d", l.Total, err, settled)
		}
		settle(50)
		s.Stop()
		var e *ai.Error
		if _, err := store.Get(ctx, "w", "entry-1"); !errors.As(err, &e) || e.Kind != ai.Unavailable {
			t.Errorf("asked while it is away: %v", err)
		}
	}
	s.Run()
	if f.Quarantined() > 0 {
		t.Errorf("%d set apart", f.Quarantined())
	}
}
