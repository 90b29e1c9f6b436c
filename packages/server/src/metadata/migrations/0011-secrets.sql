-- Secret scopes, their secrets and who may do what with them. `sealed` is encrypted with a key that lies beside this file, not in it.
CREATE TABLE secret_scopes (
  name TEXT PRIMARY KEY
) STRICT;

CREATE TABLE secrets (
  scope TEXT NOT NULL REFERENCES secret_scopes (name) ON DELETE CASCADE,
  key TEXT NOT NULL,
  sealed TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (scope, key)
) STRICT;

CREATE TABLE secret_acls (
  scope TEXT NOT NULL REFERENCES secret_scopes (name) ON DELETE CASCADE,
  principal_id INTEGER NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
  permission TEXT NOT NULL CHECK (permission IN ('READ', 'WRITE', 'MANAGE')),
  PRIMARY KEY (scope, principal_id)
) STRICT;

-- What apps may do by their resources: no lines of the access list, so that who sets the list does not take it away.
CREATE TABLE secret_attachments (
  scope TEXT NOT NULL REFERENCES secret_scopes (name) ON DELETE CASCADE,
  principal_id INTEGER NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
  permission TEXT NOT NULL CHECK (permission IN ('READ', 'WRITE', 'MANAGE')),
  PRIMARY KEY (scope, principal_id)
) STRICT;
