-- Passwords that the workspace made for roles, sealed. The key is the hash of what Postgres stores of a password: so a clone of a branch has
-- the same ones, and a password that SQL changed since is not found.
CREATE TABLE role_passwords (
  verifier_hash TEXT PRIMARY KEY,
  project_uid TEXT NOT NULL REFERENCES projects (uid) ON DELETE CASCADE,
  sealed TEXT NOT NULL
) STRICT;
