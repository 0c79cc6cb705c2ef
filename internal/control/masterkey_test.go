package control_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/portico-ai/portico/internal/control"
	"github.com/portico-ai/portico/internal/store/sqldb"
)

// opens reports which of the two keys open the store.
func opens(t *testing.T, s *sqldb.Store) (one, two bool) {
	t.Helper()
	for key, to := range map[byte]*bool{1: &one, 2: &two} {
		err := control.CheckMaster(t.Context(), s, masterKey(t, key))
		if err != nil && !errors.Is(err, control.ErrWrongMasterKey) {
			t.Fatal(err)
		}
		*to = err == nil
	}
	return one, two
}

func wantOpens(t *testing.T, when string, s *sqldb.Store, wantOne, wantTwo bool) {
	t.Helper()
	if one, two := opens(t, s); one != wantOne || two != wantTwo {
		t.Errorf("%s: the old key opens: %v, the new one: %v; want %v and %v", when, one, two, wantOne, wantTwo)
	}
}

func TestExchangeOfTheMasterKey(t *testing.T) {
	w := newWorld(t)
	key := w.first.AdminKey.Reveal()
	vk, err := w.CreateVirtualKey(ctx, w.admin, control.VirtualKeyInput{Name: ptr("n"), Provider: ptr("plain-llm"), Key: ptr("sk-1")})
	must(t, err)
	wantOpens(t, "before", w.store, true, false)
	must(t, control.ExchangeMaster(ctx, w.store, masterKey(t, 1), masterKey(t, 2)))
	wantOpens(t, "while it is exchanged", w.store, true, true)
	must(t, w.store.Close())

	for _, start := range []struct {
		with             byte
		wantOne, wantTwo bool
	}{{1, true, true}, {2, false, true}, {2, false, true}} {
		next := startWith(t, w.path, start.with)
		wantOpens(t, "after a start", next.store, start.wantOne, start.wantTwo)
		if _, ok := next.dir.Key(next.Digest(key)); !ok {
			t.Error("the admin key does not work any more")
		}
		if i, ok := next.dir.Integration(next.first.Workspace.ID, vk.Slug); !ok || i.Unusable != "" {
			t.Errorf("the virtual key does not work any more: %+v", i)
		}
		must(t, next.store.Close())
	}
	if _, err := start(t, w.path, masterKey(t, 1), control.Options{}); !errors.Is(err, control.ErrWrongMasterKey) {
		t.Errorf("the old key, after a start with the new one: %v", err)
	}
}

func startWith(t *testing.T, path string, key byte) *world {
	t.Helper()
	w, err := start(t, path, masterKey(t, key), control.Options{})
	must(t, err)
	return w
}

func TestExchangeAgainAfterACrash(t *testing.T) {
	w := newWorld(t)
	// The key 3 was lost on the way; 1 is still in place.
	must(t, control.ExchangeMaster(ctx, w.store, masterKey(t, 1), masterKey(t, 3)))
	must(t, control.ExchangeMaster(ctx, w.store, masterKey(t, 1), masterKey(t, 2)))
	wantOpens(t, "after the second exchange", w.store, true, true)
	if err := control.CheckMaster(ctx, w.store, masterKey(t, 3)); !errors.Is(err, control.ErrWrongMasterKey) {
		t.Errorf("the lost key: %v", err)
	}
	must(t, control.ForgetOldMaster(ctx, w.store))
	wantOpens(t, "at the end", w.store, false, true)
}

func TestExchangeRefuses(t *testing.T) {
	w := newWorld(t)
	if err := control.ExchangeMaster(ctx, w.store, masterKey(t, 1), masterKey(t, 1)); !errors.Is(err, control.ErrSameMasterKey) {
		t.Errorf("the same key: %v", err)
	}
	if err := control.ExchangeMaster(ctx, w.store, masterKey(t, 2), masterKey(t, 3)); !errors.Is(err, control.ErrWrongMasterKey) {
		t.Errorf("another key: %v", err)
	}
	wantOpens(t, "after refusals", w.store, true, false)
	empty, err := sqldb.OpenSQLite(ctx, filepath.Join(t.TempDir(), "portico.db"))
	must(t, err)
	defer empty.Close()
	if err := control.ExchangeMaster(ctx, empty, masterKey(t, 1), masterKey(t, 2)); !errors.Is(err, control.ErrEmpty) {
		t.Errorf("an empty store: %v", err)
	}
}

// failing fails at its nth change.
type failing struct {
	control.Store
	left *int
}

var errDisk = errors.New("disk")

func (f failing) step() error {
	if *f.left--; *f.left < 0 {
		return errDisk
	}
	return nil
}

func (f failing) Atomically(ctx context.Context, do func(control.Store) error) error {
	return f.Store.Atomically(ctx, func(tx control.Store) error { return do(failing{tx, f.left}) })
}

func (f failing) PutSetting(ctx context.Context, name, value string) error {
	return errors.Join(f.step(), f.Store.PutSetting(ctx, name, value))
}

func (f failing) UpdateDataKey(ctx context.Context, org, sealed string) error {
	return errors.Join(f.step(), f.Store.UpdateDataKey(ctx, org, sealed))
}

func TestExchangeIsOneTransaction(t *testing.T) {
	w := newWorld(t)
	for n := 0; ; n++ {
		left := n
		err := control.ExchangeMaster(ctx, failing{w.store, &left}, masterKey(t, 1), masterKey(t, 2))
		if err == nil {
			if n != 3 {
				t.Errorf("%d changes, want 3", n)
			}
			wantOpens(t, "at the end", w.store, true, true)
			return
		}
		if !errors.Is(err, errDisk) {
			t.Fatal(err)
		}
		wantOpens(t, "after a failed exchange", w.store, true, false)
	}
}
