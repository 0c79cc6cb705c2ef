package logsql

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ai"
)

// A Dialect is how a database spells what is not the same in all of them. Texts
// with %s are formats of expressions.
type Dialect struct {
	Name           string // before errors
	Logs, Feedback string // the tables, as questions read them
	Started        string // the column of a request's start
	Micros         string // the start in microseconds since 1970, an expression
	MicrosOf       string // the same of any Instant column
	Instant        func(micros int64) any

	Contains, StartsWith string                                  // of a text and a part of it
	Mentions             func(columns []string) string           // whether one of some columns, in lower case, has a part ?
	Member               string                                  // of the metadata and a key ?: its value or ''
	Key                  func(name string) string                // the argument for Member's ?
	Divide               string                                  // whole numbers of which none is negative, rounded down
	Users                string                                  // how many different end users there are; %s is a FILTER clause
	Quantiles            func(ranks []int, filter string) string // an array of values of latency_bin, of the nearest rank
	Joined               string                                  // the different values of a text column but '', sorted by their bytes, listSeparator between
	First                string                                  // a column's value in the row that began first, of those the one with the least id
	NumberText           string                                  // a number as a text that is sorted by its bytes
	Double               string                                  // the type
	RowID                string                                  // what finds a row again quickly; "" if there is no need
	Texts                string                                  // what follows IN for a parameter that is a []any of texts; "" if there are no such
	Text                 func(string) string                     // what the database can keep of a text

	// These report whether an error says that a question needs more memory than
	// there is, or took longer than it may.
	OutOfMemory, TooLong func(error) bool
}

func (d *Dialect) contains(text string) string { return fmt.Sprintf(d.Contains, text, "?") }

// Rows are the answer to a query.
type Rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close() error
}

// A Query runs one. Its parameters are written as ?, and are strings, bools,
// int64s, what Dialect.Instant makes, or of Dialect.Texts a []any of strings.
type Query func(ctx context.Context, text string, args []any) (Rows, error)

// An Asker asks a database.
type Asker struct {
	*Dialect
	Query Query
}

// failed is the error of a question. One that asks for too much is the asker's.
func (a Asker) failed(what string, err error) error {
	e := ai.Errorf(ai.Invalid, "This needs more memory or time than the log store has: ask for a shorter time, a longer interval or fewer columns")
	e.Err = fmt.Errorf("%s: %s: %w", a.Name, what, err)
	if a.OutOfMemory(err) || a.TooLong(err) {
		return e
	}
	return e.Err
}

// each reads an answer row by row.
func (a Asker) each(ctx context.Context, text string, args []any, row func(Rows) error) error {
	rows, err := a.Query(ctx, text, args)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		if err := row(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// UTF8 makes s text: bytes that are not UTF-8, which a client's header may hold,
// become the replacement character.
func UTF8(s string) string { return strings.ToValidUTF8(s, "\ufffd") }

// instant is the argument that a start is compared with.
func (d *Dialect) instant(t time.Time) any { return d.Instant(t.UnixMicro()) }

// Shares are ranks as parts of 1, each a trifle smaller: rounded up, a share of up
// to a thousand million rows is then that of the exact rank, although neither is a
// number that computers have.
func Shares(ranks []int) []string {
	list := make([]string, len(ranks))
	for i, r := range ranks {
		list[i] = strconv.FormatFloat(float64(r)/100-1e-12, 'f', 12, 64)
	}
	return list
}
