package duckdb

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/duckdb/duckdb-go/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ledger"
)

// tamper changes a store behind its back.
func tamper(t *testing.T, path string, queries ...string) {
	t.Helper()
	connector, err := duckdb.NewConnector(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	defer db.Close() //nolint:errcheck // below
	for _, q := range queries {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCompare(t *testing.T) {
	path := filepath.Join(t.TempDir(), "it's logs.duckdb")
	s := mustOpen(t, path)
	const entries = 1000
	fillStore(t, s, 0, entries, 250)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	compare := func(o CompareOptions, more ...*ledger.Entry) Comparison {
		t.Helper()
		o.Show = 3
		c, err := Compare(t.Context(), path, func(add func(*ledger.Entry) error) error {
			for n := range entries {
				if err := add(typicalEntry(n)); err != nil {
					return err
				}
			}
			for _, e := range more {
				if err := add(e); err != nil {
					return err
				}
			}
			return nil
		}, o)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if d := cmp.Diff(Comparison{Entries: entries, Rows: entries}, compare(CompareOptions{Whole: true})); d != "" {
		t.Errorf("nothing differs: %s", d)
	}
	id := func(n int) string { return typical(n).ID }
	at := func(n int) string { return typical(n).StartedAt.Format("2006-01-02 15:04:05.999999") }
	set := func(n int, what string) string { return fmt.Sprintf(`UPDATE logs SET %s WHERE id = '%s'`, what, id(n)) }
	tamper(t, path,
		set(1, `cost_nano = cost_nano + 1`), set(2, `cost_known = false`), set(3, `status = 418`), set(4, `output_tokens = 0, input_tokens = 0`), set(5, `model = 'x'`),
		fmt.Sprintf(`DELETE FROM logs WHERE id IN ('%s', '%s')`, id(0), id(7)),
		fmt.Sprintf(`INSERT INTO logs SELECT * FROM logs WHERE id = '%s'`, id(8)),
		fmt.Sprintf(`INSERT INTO logs SELECT * REPLACE ('nobody' AS id) FROM logs WHERE id = '%s'`, id(9)),
		fmt.Sprintf(`INSERT INTO logs SELECT * REPLACE ('ancient' AS id, started_at - INTERVAL 1 DAY AS started_at) FROM logs WHERE id = '%s'`, id(9)))
	unpriced := typicalEntry(10)
	unpriced.ID, unpriced.CostKnown, unpriced.CostNano = "repriced", false, 0
	tamper(t, path, fmt.Sprintf(`INSERT INTO logs SELECT * REPLACE ('repriced' AS id) FROM logs WHERE id = '%s'`, id(10)))
	nano := func(n int) string { return fmt.Sprint(typical(n).CostNano) }
	want := Comparison{
		Entries: entries + 1, Rows: entries + 2, Older: 1, Repriced: 1, Missing: 1, Extra: 1, Duplicates: 1, Different: 5,
		Differences: []Difference{
			{ID: id(7), What: "missing", Journal: at(7)}, {ID: "nobody", What: "extra", Store: at(9)}, {ID: id(8), What: "duplicate", Journal: "0", Store: "2"},
			{ID: id(1), What: "cost_nano", Journal: nano(1), Store: fmt.Sprint(typical(1).CostNano + 1)}, {ID: id(2), What: "cost_nano", Journal: nano(2), Store: "unknown"},
			{ID: id(5), What: "model", Journal: typical(5).Model, Store: "x"}, {ID: id(3), What: "status", Journal: "200", Store: "418"},
			{ID: id(4), What: "input_tokens", Journal: fmt.Sprint(typical(4).Usage.InputTokens), Store: "0"},
			{ID: id(4), What: "output_tokens", Journal: fmt.Sprint(typical(4).Usage.OutputTokens), Store: "0"},
		},
	}
	// The first entry's row may be gone: retention had its turn.
	if d := cmp.Diff(want, compare(CompareOptions{Kept: typical(0).StartedAt.Add(time.Microsecond)}, unpriced)); d != "" {
		t.Error(d)
	}
	c := compare(CompareOptions{Whole: true}, unpriced)
	if c.Missing != 2 || c.Extra != 2 || c.Older != 0 {
		t.Errorf("with the whole journal: %+v", c)
	}
}
