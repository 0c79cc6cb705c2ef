ALTER TABLE workspaces ADD COLUMN icon TEXT NOT NULL DEFAULT '';
ALTER TABLE workspaces ADD COLUMN user_key_config TEXT NOT NULL DEFAULT '';
ALTER TABLE workspaces ADD COLUMN created_by TEXT NOT NULL DEFAULT '';

ALTER TABLE users ADD COLUMN archived_at BIGINT NOT NULL DEFAULT 0;
DROP INDEX users_email;
CREATE UNIQUE INDEX users_email ON users (org_id, email) WHERE archived_at = 0;

CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX api_keys_user ON api_keys (user_id);

CREATE TABLE workspace_members (
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  user_id TEXT NOT NULL REFERENCES users (id),
  org_id TEXT NOT NULL REFERENCES organisations (id),
  role TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, user_id)
);
CREATE INDEX workspace_members_user ON workspace_members (user_id);

CREATE TABLE invites (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES organisations (id),
  email TEXT NOT NULL,
  role TEXT NOT NULL,
  workspaces TEXT NOT NULL,
  key_scopes TEXT NOT NULL,
  digest TEXT NOT NULL, -- of the link's token
  status TEXT NOT NULL,
  invited_by TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  accepted_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX invites_digest ON invites (digest);
CREATE UNIQUE INDEX invites_pending ON invites (org_id, email) WHERE status = 'pending';
