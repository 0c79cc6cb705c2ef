// Package directory is all that the data plane may ask of the control plane: a
// read-only view in memory. A look-up never does I/O.
package directory

import (
	"time"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/route"
)

// A Digest identifies an API key without holding it (HMAC-SHA-256).
type Digest [32]byte

// A Directory answers the data plane's questions. Every question but Key names
// the workspace; an answer from another workspace is no answer.
type Directory interface {
	Key(d Digest) (*Key, bool)
	// Integration finds a stored credential by slug (a virtual key or @provider).
	Integration(workspaceID, slug string) (*Integration, bool)
	// Integrations lists the workspace's credentials, by slug.
	Integrations(workspaceID string) []*Integration
	// Config finds a saved config by slug or id.
	Config(workspaceID, slugOrID string) (*Config, bool)
	// DefaultConfig is the workspace's own default, for keys that have none.
	DefaultConfig(workspaceID string) (*Config, bool)
	// Logging says what is kept of requests, in all workspaces. It is never nil.
	Logging() *Logging
}

// A Key is an API key that works. Revoked keys are not in a directory; expired
// ones are, so that they can be told so.
type Key struct {
	ID, Name   string
	Principal  access.Principal
	ExpiresAt  time.Time // zero: never
	ConfigSlug string    // default config, "" if none
	LockConfig bool      // requests may not override the default config
	Metadata   map[string]string
}

// An Integration is a stored provider credential.
type Integration struct {
	ID, Slug, Name string
	WorkspaceID    string
	Provider       string            // provider id
	Key            ai.Secret         // the provider's API key, if it uses one
	Fields         map[string]string // the row's fields by name; secret ones too
	CustomHost     string            // base URL it is bound to, "" for the row's own
	CustomHeaders  map[string]string
	Deployments    []Deployment // Azure
	ExpiresAt      time.Time    // zero: never
	Unusable       string       // why it cannot be used now, safe to show; "" when it can
}

// A Deployment is one Azure deployment of an integration, chosen by alias.
type Deployment struct {
	Name       string // azure_deployment_name
	Alias      string // the model name a client sends to choose it
	APIVersion string
	ModelSlug  string // the model it serves, for prices
	IsDefault  bool
}

// A Config is a saved routing config, compiled.
type Config struct {
	ID, Slug, Name, VersionID string
	Config                    *route.Config
}
