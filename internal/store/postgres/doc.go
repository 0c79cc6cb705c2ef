// Package postgres keeps log rows in a PostgreSQL database that several servers
// may share. Each is fed from its own journal. It is the only package that
// imports the driver.
package postgres
