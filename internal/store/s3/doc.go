// Package s3 keeps objects in a bucket of Amazon S3 or of a server that speaks
// its API: four calls of it, signed by package sign.
package s3
