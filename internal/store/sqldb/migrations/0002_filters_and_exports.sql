CREATE TABLE saved_filters (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES organisations (id),
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  owner_id TEXT NOT NULL, -- a user, or an API key
  name TEXT NOT NULL,
  filters TEXT NOT NULL,
  shared INTEGER NOT NULL,
  archived_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX saved_filters_workspace ON saved_filters (workspace_id);

CREATE TABLE exports (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES organisations (id),
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  description TEXT NOT NULL,
  filters TEXT NOT NULL,
  requested_data TEXT NOT NULL,
  format TEXT NOT NULL,
  status TEXT NOT NULL,
  problem TEXT NOT NULL,
  total BIGINT NOT NULL,
  progress TEXT NOT NULL,
  created_by TEXT NOT NULL,
  archived_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  started_at BIGINT NOT NULL,
  finished_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX exports_workspace ON exports (workspace_id);
CREATE INDEX exports_status ON exports (status);
