// Package duckdb keeps log rows in one DuckDB file: it takes rows in cheaply and
// answers filters and group-bys over millions of them. It is fed from the
// journal, which holds everything, so the file can always be built again. It is
// the only package that imports DuckDB, and needs cgo.
package duckdb
