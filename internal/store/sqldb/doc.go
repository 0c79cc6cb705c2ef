// Package sqldb keeps the control plane in a SQL database. It is the only
// package that speaks SQL. Statements are dialect-neutral: times are integers
// (Unix milliseconds, 0 for none), structured values are JSON text, placeholders
// are question marks.
package sqldb
