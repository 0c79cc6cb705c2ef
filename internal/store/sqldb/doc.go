// Package sqldb keeps the control plane in a SQL database: SQLite for one node,
// PostgreSQL for several. It is the only package that speaks SQL about the
// control plane. Statements and migrations are common to both engines: times are
// integers (Unix milliseconds, 0 for none), structured values are JSON text,
// placeholders are question marks. What differs is an engine.
package sqldb
