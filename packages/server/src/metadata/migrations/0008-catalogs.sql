-- What is known of the roles and databases of a branch while its compute sleeps: as they were when it was last looked at.
CREATE TABLE catalogs (
  branch_uid TEXT PRIMARY KEY REFERENCES branches (uid) ON DELETE CASCADE,
  observed_time TEXT NOT NULL,
  -- JSON arrays
  roles TEXT NOT NULL,
  databases TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- SCIM id of the principal who made the object through the API; null for what was made by SQL or by the workspace.
ALTER TABLE catalog_ids ADD COLUMN creator_id INTEGER;
