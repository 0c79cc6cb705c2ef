package duckdb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/portico-ai/portico/internal/ledger"
)

func TestInspectCountsAndChangesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "logs.duckdb")
	if _, err := Inspect(t.Context(), path); err == nil {
		t.Error("a missing file was inspected")
	}
	s, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	upTo := fill(t, s, 7)
	// As a crash leaves it: the rows are in the write-ahead log alone.
	crashed := filepath.Join(t.TempDir(), "logs.duckdb")
	for _, suffix := range []string{"", ".wal"} {
		b, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(crashed+suffix, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	want := Inspection{Current: true, Rows: 7, Upto: upTo}
	for _, file := range []string{path, crashed} {
		before, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Inspect(t.Context(), file); err != nil || got != want {
			t.Errorf("%+v, %v; want %+v", got, err, want)
		}
		after, err := os.ReadFile(file)
		if err != nil || string(after) != string(before) {
			t.Errorf("the file was changed (%v)", err)
		}
	}
	if err := os.WriteFile(path, []byte("no database"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Inspect(t.Context(), path); err == nil {
		t.Error("a file that is no database was inspected")
	}
}

// fill lets the store read entries from a journal and returns its end.
func fill(t *testing.T, s *Store, entries int) ledger.Position {
	t.Helper()
	j, err := ledger.Open(t.TempDir(), ledger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close() //nolint:errcheck // only read from here on
	for i := range entries {
		if err := j.Settle(&ledger.Entry{ID: fmt.Sprint(i), WorkspaceID: "w", State: ledger.OK, StartedAt: time.Unix(int64(i), 0).UTC()}); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	f := ledger.NewFollower(j, s, ledger.FollowOptions{})
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	err = f.CatchUp(ctx)
	cancel()
	if err := errors.Join(err, <-done); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	return j.End()
}
