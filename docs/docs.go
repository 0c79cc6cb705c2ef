// Package docs embeds the machine-readable part of the manual.
package docs

import _ "embed"

// OpenAPI is the description of the HTTP API, as YAML.
//
//go:embed openapi.yaml
var OpenAPI []byte
