-- The Data APIs that are enabled. A database is named by its oid, which no renaming changes.
CREATE TABLE data_apis (
  branch_uid TEXT NOT NULL REFERENCES branches (uid) ON DELETE CASCADE,
  database_oid INTEGER NOT NULL,
  -- JSON: the settings as they were asked for.
  spec TEXT NOT NULL,
  -- JSON array: the schemas of the database when this was last changed.
  available_schemas TEXT NOT NULL,
  create_time TEXT NOT NULL,
  update_time TEXT NOT NULL,
  PRIMARY KEY (branch_uid, database_oid)
) STRICT;
