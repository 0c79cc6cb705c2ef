// Package logsql asks a log store's questions in SQL. What a row is, and what the
// questions are, is the same in every database; how a database spells it is its
// Dialect. Each store adds how rows come in.
package logsql
