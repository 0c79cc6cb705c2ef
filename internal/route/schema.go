package route

import (
	"bytes"
	_ "embed"
)

//go:embed config.schema.json
var schema []byte

// Schema returns the JSON Schema (draft 2020-12) of a config, for editors. It
// accepts every config that Parse accepts, except that it knows no null for
// "absent", and refuses as much of the rest as a schema can say.
func Schema() []byte { return bytes.Clone(schema) }
