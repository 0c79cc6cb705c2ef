// Package clickhouse keeps log rows in a ClickHouse database that several servers
// may share, through its HTTP interface. Each server is fed from its own journal.
// ClickHouse has no transactions: what an interrupted batch left is applied again,
// and rows are known again by their key.
package clickhouse
