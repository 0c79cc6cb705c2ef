// Package objects has what the formats share whose files are objects in a
// customer's bucket of cloud storage: the ids of files, and batches as OpenAI
// describes them.
package objects

import (
	"encoding/base64"
	"net/url"
	"strings"
)

// A Store is a cloud's storage. Ids of files are Prefix and the object's address in
// base64, for addresses hold slashes, and ids stand in paths. The id of a file of
// results tells the model as well, after a dot.
type Store struct {
	Scheme string // of addresses: "s3://"
	Prefix string // of ids: "s3-"
}

// ID is the id of a file at an address.
func (s Store) ID(uri string) string {
	return s.Prefix + base64.RawURLEncoding.EncodeToString([]byte(uri))
}

// ResultID is the id of a file of results, whose lines a model has made.
func (s Store) ResultID(uri, model string) string {
	return s.ID(uri) + "." + base64.RawURLEncoding.EncodeToString([]byte(model))
}

// Model is the model that has made the results in a file, if its id says that it
// is one of results. The id may be percent-encoded.
func (s Store) Model(id string) (model string, ok bool) {
	if plain, err := url.PathUnescape(id); err == nil {
		id = plain
	}
	_, code, ok := strings.Cut(id, ".")
	if !ok || !strings.HasPrefix(id, s.Prefix) {
		return "", false
	}
	plain, err := base64.RawURLEncoding.DecodeString(code)
	return string(plain), err == nil && len(plain) > 0
}

// URI is the address that a file's id stands for. Addresses are ids too, as they
// are or percent-encoded, even twice: clients encode what they put into a path.
func (s Store) URI(id string) (uri string, ok bool) {
	if code, isID := strings.CutPrefix(id, s.Prefix); isID {
		code, _, _ = strings.Cut(code, ".")
		if plain, err := base64.RawURLEncoding.DecodeString(code); err == nil {
			id = string(plain)
		}
	}
	for range 2 {
		if plain, err := url.PathUnescape(id); err == nil && !strings.HasPrefix(id, s.Scheme) {
			id = plain
		}
	}
	path, isURI := strings.CutPrefix(id, s.Scheme)
	bucket, object, named := strings.Cut(path, "/")
	return id, isURI && named && bucket != "" && object != ""
}
