package duckdb

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/duckdb/duckdb-go/mapping"

	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/store/logsql"
)

// An appender adds rows to logs, a chunk at a time. Only one goroutine may use it.
type appender struct {
	raw    mapping.Appender
	chunk  *chunk
	record logsql.Record
}

// newAppender begins on a connection of the driver, within its transaction.
// The rows go through c.
func newAppender(driverConn any, c *chunk) (*appender, error) {
	conn, err := connection(driverConn)
	if err != nil {
		return nil, err
	}
	a := &appender{chunk: c}
	if mapping.AppenderCreateExt(conn, catalog, "main", "logs", &a.raw) == mapping.StateError {
		return nil, errors.Join(a.failure("begin to append"), a.close())
	}
	return a, nil
}

// connection is the C connection beneath the driver's, which it keeps to itself.
func connection(driverConn any) (mapping.Connection, error) {
	v := reflect.Indirect(reflect.ValueOf(driverConn))
	if v.Kind() == reflect.Struct {
		if f := v.FieldByName("conn"); f.IsValid() && f.Type() == reflect.TypeFor[mapping.Connection]() {
			return mapping.Connection{Ptr: f.FieldByName("Ptr").UnsafePointer()}, nil
		}
	}
	return mapping.Connection{}, fmt.Errorf("unexpected connection %T", driverConn)
}

// add takes one row.
func (a *appender) add(e *ledger.Entry) error {
	a.record.Load(e)
	a.chunk.add(&a.record)
	if a.chunk.rows == capacity() {
		return a.pass()
	}
	return nil
}

// pass hands the chunk's rows over.
func (a *appender) pass() error {
	mapping.DataChunkSetSize(a.chunk.raw, mapping.IdxT(a.chunk.rows)) //nolint:gosec // at most capacity
	if mapping.AppendDataChunk(a.raw, a.chunk.raw) == mapping.StateError {
		return a.failure("append rows")
	}
	a.chunk.reset()
	return nil
}

// flush puts all rows into the table.
func (a *appender) flush() error {
	if a.chunk.rows > 0 {
		if err := a.pass(); err != nil {
			return err
		}
	}
	if mapping.AppenderFlush(a.raw) == mapping.StateError {
		return a.failure("flush rows")
	}
	return nil
}

func (a *appender) failure(what string) error {
	data := mapping.AppenderErrorData(a.raw)
	defer mapping.DestroyErrorData(&data)
	return fmt.Errorf("%s: %s", what, mapping.ErrorDataMessage(data))
}

// close must be called once.
func (a *appender) close() error {
	a.chunk.reset()
	a.chunk.long.free()
	if mapping.AppenderDestroy(&a.raw) == mapping.StateError {
		return errors.New("appender not closed cleanly")
	}
	return nil
}
