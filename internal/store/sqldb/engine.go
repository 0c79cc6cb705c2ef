package sqldb

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/portico-ai/portico/internal/control"
)

// An engine is what differs between databases.
type engine struct {
	// bind writes a statement's placeholders as the engine knows them.
	bind func(query string) string
	// ddl writes a migration's column types as the engine knows them.
	ddl func(script string) string
	// begin lets a transaction that changes something be the only one.
	begin func(ctx context.Context, tx *sql.Tx) error
	// beginMigration is begin for a migration, which may take longer.
	beginMigration func(ctx context.Context, tx *sql.Tx) error
	// unhurried lets the statements of a transaction take their time; "" where none
	// is hurried.
	unhurried string
	// hasTable is a query that counts the tables of a name.
	hasTable string
	// announce tells other processes that something was changed; "" where they
	// have to look.
	announce   string
	isConflict func(err error) bool // a unique index was violated
	// snapshot is the level at which a transaction sees the database as it was at
	// one moment.
	snapshot sql.IsolationLevel
}

// checkText refuses what one of the engines cannot store or compare, so that
// both take and refuse the same.
func checkText(args []any) error {
	for _, a := range args {
		v := reflect.ValueOf(a)
		if v.Kind() == reflect.String && (!utf8.ValidString(v.String()) || strings.Contains(v.String(), "\x00")) {
			return fmt.Errorf("%w: it holds a zero byte or is not UTF-8", control.ErrText)
		}
	}
	return nil
}
