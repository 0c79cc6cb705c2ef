package duckdb

import (
	"strings"

	"github.com/duckdb/duckdb-go/mapping"

	"github.com/portico-ai/portico/internal/store/logsql"
)

// schemaVersion changes whenever the tables do; a file of another version is set
// aside and built again from the journal.
const schemaVersion = 4

// Text is compressed in the one way that fits: trying all of them, as DuckDB does
// by itself, costs more than the rest of storing a row.
const (
	repeated = "VARCHAR NOT NULL USING COMPRESSION dictionary"
	various  = "VARCHAR NOT NULL USING COMPRESSION fsst"
)

// types are DuckDB's for each kind of column: in tables, and in memory.
var types = map[logsql.Kind]struct {
	sql  string
	wire mapping.Type
}{
	logsql.Text: {repeated, mapping.TypeVarchar}, logsql.JSON: {repeated, mapping.TypeVarchar}, logsql.Flag: {"BOOLEAN NOT NULL", mapping.TypeBoolean},
	logsql.Int16: {"SMALLINT NOT NULL", mapping.TypeSmallInt}, logsql.Int32: {"INTEGER NOT NULL", mapping.TypeInteger},
	logsql.Int64: {"BIGINT NOT NULL", mapping.TypeBigInt}, logsql.Instant: {"TIMESTAMP NOT NULL", mapping.TypeTimestamp},
}

// schema makes the tables. reader is one row; its rows counts those of logs, so
// that an opening notices when some are missing.
func schema() string {
	columns := make([]string, len(logsql.Columns))
	for i, c := range logsql.Columns {
		sqlType := types[c.Kind].sql
		if c.Various {
			sqlType = various
		}
		columns[i] = c.Name + " " + sqlType
	}
	return "CREATE TABLE IF NOT EXISTS logs (\n\t" + strings.Join(columns, ",\n\t") + `
);
CREATE TABLE IF NOT EXISTS reader (version INTEGER NOT NULL, segment UBIGINT NOT NULL, "offset" BIGINT NOT NULL, "rows" BIGINT NOT NULL);
` + feedbackTable
}
