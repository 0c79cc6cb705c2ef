CREATE TABLE organisations (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  data_key TEXT NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE settings (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
);

CREATE TABLE workspaces (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES organisations (id),
  slug TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  is_default INTEGER NOT NULL,
  metadata TEXT NOT NULL,
  archived_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX workspaces_slug ON workspaces (org_id, slug) WHERE archived_at = 0;
CREATE UNIQUE INDEX workspaces_default ON workspaces (org_id) WHERE is_default = 1;

CREATE TABLE users (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES organisations (id),
  email TEXT NOT NULL,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX users_email ON users (org_id, email);

CREATE TABLE sessions (
  digest TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES organisations (id),
  user_id TEXT NOT NULL REFERENCES users (id),
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE api_keys (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES organisations (id),
  workspace_id TEXT NOT NULL, -- '' for a key of the organisation
  user_id TEXT NOT NULL,
  type TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  masked TEXT NOT NULL,
  scopes TEXT NOT NULL,
  metadata TEXT NOT NULL,
  config_id TEXT NOT NULL,
  lock_config INTEGER NOT NULL,
  creation_mode TEXT NOT NULL,
  created_by TEXT NOT NULL,
  digest TEXT NOT NULL,
  old_digest TEXT NOT NULL,
  old_until BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  archived_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX api_keys_digest ON api_keys (digest);
CREATE INDEX api_keys_tenant ON api_keys (org_id, workspace_id);

CREATE TABLE virtual_keys (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES organisations (id),
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  slug TEXT NOT NULL,
  name TEXT NOT NULL,
  note TEXT NOT NULL,
  provider TEXT NOT NULL,
  status TEXT NOT NULL,
  fields TEXT NOT NULL,
  deployments TEXT NOT NULL,
  custom_host TEXT NOT NULL,
  destination TEXT NOT NULL,
  sealed TEXT NOT NULL,
  masked TEXT NOT NULL,
  owner_id TEXT NOT NULL,
  updated_by TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  archived_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX virtual_keys_slug ON virtual_keys (workspace_id, slug) WHERE archived_at = 0;

CREATE TABLE configs (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES organisations (id),
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  slug TEXT NOT NULL,
  name TEXT NOT NULL,
  is_default INTEGER NOT NULL,
  version_id TEXT NOT NULL,
  owner_id TEXT NOT NULL,
  updated_by TEXT NOT NULL,
  archived_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX configs_slug ON configs (workspace_id, slug) WHERE archived_at = 0;

CREATE TABLE config_versions (
  id TEXT PRIMARY KEY,
  config_id TEXT NOT NULL REFERENCES configs (id),
  org_id TEXT NOT NULL,
  workspace_id TEXT NOT NULL,
  number INTEGER NOT NULL,
  body TEXT NOT NULL, -- sealed
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX config_versions_number ON config_versions (config_id, number);
