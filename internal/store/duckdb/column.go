package duckdb

import (
	"strings"
	"time"

	"github.com/duckdb/duckdb-go/mapping"

	"github.com/portico-ai/portico/internal/ledger"
)

// A column of the table logs: its type, and where an entry keeps its value. One
// table of them makes the schema, the writing and the reading, which therefore
// agree.
type column struct {
	name, sqlType string
	wire          mapping.Type
	put           func(c cell, r *record)
	field         func(r *record) any // what rows.Scan fills
}

// A record is an entry with the parts that are no column of their own encoded.
type record struct {
	*ledger.Entry
	started    time.Time
	err        ledger.ErrorInfo
	endUser    string // Entry.EndUser
	userNamed  bool   // endUser is what the metadata names, which then is not in metadata
	latencyBin int16
	shape      []byte // JSON of ledger.Entry, of it what shapeOf says
	metadata   []byte // JSON
	detail     []byte // JSON of ledger.Entry.Rest, what lists do not show
}

// Text is compressed in the one way that fits: trying all of them, as DuckDB does
// by itself, costs more than the rest of storing a row.
const (
	repeated = "VARCHAR NOT NULL USING COMPRESSION dictionary" // few different ones
	various  = "VARCHAR NOT NULL USING COMPRESSION fsst"       // nearly every one another
)

func text[T ~string](name, sqlType string, field func(*record) *T) column {
	return column{
		name, sqlType, mapping.TypeVarchar,
		func(c cell, r *record) { c.setText(string(*field(r))) },
		func(r *record) any { return field(r) },
	}
}

func encoded(name, sqlType string, field func(*record) *[]byte) column {
	return column{
		name, sqlType, mapping.TypeVarchar,
		func(c cell, r *record) { c.setBytes(*field(r)) },
		func(r *record) any { return field(r) },
	}
}

func flag(name string, field func(*record) *bool) column {
	return column{
		name, "BOOLEAN NOT NULL", mapping.TypeBoolean,
		func(c cell, r *record) { set(c, *field(r)) },
		func(r *record) any { return field(r) },
	}
}

func integer(name string, field func(*record) *int) column {
	return column{
		name, "INTEGER NOT NULL", mapping.TypeInteger,
		func(c cell, r *record) { set(c, int32(*field(r))) }, //nolint:gosec // small numbers
		func(r *record) any { return field(r) },
	}
}

func smallint(name string, field func(*record) *int16) column {
	return column{
		name, "SMALLINT NOT NULL", mapping.TypeSmallInt,
		func(c cell, r *record) { set(c, *field(r)) },
		func(r *record) any { return field(r) },
	}
}

func bigint(name string, field func(*record) *int64) column {
	return column{
		name, "BIGINT NOT NULL", mapping.TypeBigInt,
		func(c cell, r *record) { set(c, *field(r)) },
		func(r *record) any { return field(r) },
	}
}

func instant(name string, field func(*record) *time.Time) column {
	return column{
		name, "TIMESTAMP NOT NULL", mapping.TypeTimestamp,
		func(c cell, r *record) { set(c, field(r).UnixMicro()) },
		func(r *record) any { return field(r) },
	}
}

func names(list []column) string {
	all := make([]string, len(list))
	for i, c := range list {
		all[i] = c.name
	}
	return strings.Join(all, ", ")
}

func definitions(list []column) string {
	all := make([]string, len(list))
	for i, c := range list {
		all[i] = c.name + " " + c.sqlType
	}
	return strings.Join(all, ",\n\t")
}

// valid makes s what DuckDB takes as text: bytes that are not UTF-8, which a
// client's header may hold, become the replacement character.
func valid[T ~string](s T) string { return strings.ToValidUTF8(string(s), "\ufffd") }
