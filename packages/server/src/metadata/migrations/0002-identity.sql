-- Who exists in the workspace, by what secrets they prove it, and what they may do.
-- Secrets are stored as SHA-256 of high-entropy values; nothing here can be turned back into one.

CREATE TABLE principals (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('user', 'service_principal', 'group')),
  -- e-mail address, application id, or the group's display name
  name TEXT NOT NULL,
  display_name TEXT NOT NULL,
  active INTEGER NOT NULL,
  external_id TEXT,
  -- JSON object of the SCIM attributes that nothing here interprets: name, entitlements, roles
  attributes TEXT NOT NULL,
  -- 1 for the groups that every workspace has and that cannot be renamed or deleted
  is_system INTEGER NOT NULL,
  created_at TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX principals_name ON principals (kind, lower(name));

CREATE TABLE group_members (
  group_id INTEGER NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
  member_id INTEGER NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
  PRIMARY KEY (group_id, member_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_members_member ON group_members (member_id);

CREATE TABLE personal_tokens (
  id TEXT PRIMARY KEY,
  principal_id INTEGER NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
  hash TEXT NOT NULL UNIQUE,
  comment TEXT NOT NULL,
  -- JSON array of scopes; empty means all
  scopes TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER
) STRICT;

CREATE TABLE service_principal_secrets (
  id TEXT PRIMARY KEY,
  principal_id INTEGER NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
  hash TEXT NOT NULL UNIQUE,
  scopes TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER
) STRICT;
CREATE INDEX service_principal_secrets_principal ON service_principal_secrets (principal_id);

-- What the OAuth server keeps between two requests: codes, refresh tokens, grants, interactions. `id` is a hash.
CREATE TABLE oauth_artifacts (
  model TEXT NOT NULL,
  id TEXT NOT NULL,
  grant_id TEXT,
  uid TEXT,
  payload TEXT NOT NULL,
  expires_at INTEGER,
  PRIMARY KEY (model, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX oauth_artifacts_grant ON oauth_artifacts (grant_id) WHERE grant_id IS NOT NULL;
CREATE INDEX oauth_artifacts_uid ON oauth_artifacts (uid) WHERE uid IS NOT NULL;

CREATE TABLE signing_keys (
  kid TEXT PRIMARY KEY,
  private_jwk TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  -- when its last token has died; null while it signs
  verify_until INTEGER
) STRICT;

CREATE TABLE permission_grants (
  object_type TEXT NOT NULL,
  object_id TEXT NOT NULL,
  principal_id INTEGER NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
  level TEXT NOT NULL,
  PRIMARY KEY (object_type, object_id, principal_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE browser_sessions (
  hash TEXT PRIMARY KEY,
  principal_id INTEGER NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE sign_in_links (
  hash TEXT PRIMARY KEY,
  principal_id INTEGER NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
  expires_at INTEGER NOT NULL
) STRICT;
