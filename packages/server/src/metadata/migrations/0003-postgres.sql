-- Projects, their branches, the endpoints of those, and the ids under which roles and databases are known.
-- A deleted project or branch keeps its row until purge_time; only ids of live ones are unique.

CREATE TABLE projects (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  project_id TEXT NOT NULL,
  -- name and SCIM id of the principal who created it
  owner TEXT NOT NULL,
  owner_id INTEGER NOT NULL,
  display_name TEXT NOT NULL,
  pg_version INTEGER NOT NULL,
  history_retention_seconds INTEGER NOT NULL,
  -- JSON: what new endpoints start with
  default_endpoint_settings TEXT NOT NULL,
  default_branch_uid TEXT NOT NULL,
  enable_pg_native_login INTEGER NOT NULL,
  -- JSON array of {key, value}, or null
  custom_tags TEXT,
  budget_policy_id TEXT,
  create_time TEXT NOT NULL,
  update_time TEXT NOT NULL,
  delete_time TEXT,
  purge_time TEXT
) STRICT;
CREATE UNIQUE INDEX projects_live_id ON projects (project_id) WHERE delete_time IS NULL;
CREATE INDEX projects_id ON projects (project_id);

CREATE TABLE branches (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  branch_id TEXT NOT NULL,
  project_uid TEXT NOT NULL REFERENCES projects (uid) ON DELETE CASCADE,
  state TEXT NOT NULL CHECK (state IN ('INIT', 'READY', 'RESETTING')),
  state_change_time TEXT NOT NULL,
  is_protected INTEGER NOT NULL,
  -- when it is deleted by itself, and the length of life that was asked for, if it was
  expire_time TEXT,
  ttl_seconds INTEGER,
  -- null for a root branch
  source_branch_uid TEXT,
  source_lsn TEXT,
  source_time TEXT,
  -- how its files were cloned: reflink or copy
  clone_method TEXT,
  logical_size_bytes INTEGER NOT NULL,
  create_time TEXT NOT NULL,
  update_time TEXT NOT NULL,
  delete_time TEXT,
  purge_time TEXT
) STRICT;
CREATE UNIQUE INDEX branches_live_id ON branches (project_uid, branch_id) WHERE delete_time IS NULL;
CREATE INDEX branches_project ON branches (project_uid);
CREATE INDEX branches_expiry ON branches (expire_time) WHERE expire_time IS NOT NULL;

CREATE TABLE endpoints (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  endpoint_id TEXT NOT NULL,
  branch_uid TEXT NOT NULL REFERENCES branches (uid) ON DELETE CASCADE,
  type TEXT NOT NULL CHECK (type IN ('ENDPOINT_TYPE_READ_WRITE', 'ENDPOINT_TYPE_READ_ONLY')),
  min_cu REAL NOT NULL,
  max_cu REAL NOT NULL,
  -- null = never suspended
  suspend_seconds INTEGER,
  disabled INTEGER NOT NULL,
  -- JSON object of Postgres settings
  pg_settings TEXT NOT NULL,
  last_active_time TEXT,
  create_time TEXT NOT NULL,
  update_time TEXT NOT NULL,
  UNIQUE (branch_uid, endpoint_id)
) STRICT;

-- Which resource id stands for which object of the Postgres catalogue. The catalogue is the truth about the object; the
-- oid ties the two, survives renaming by SQL, and is the same in every branch that is cloned from this one.
CREATE TABLE catalog_ids (
  branch_uid TEXT NOT NULL REFERENCES branches (uid) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('role', 'database')),
  oid INTEGER NOT NULL,
  id TEXT NOT NULL,
  create_time TEXT NOT NULL,
  update_time TEXT NOT NULL,
  PRIMARY KEY (branch_uid, kind, oid),
  UNIQUE (branch_uid, kind, id)
) STRICT, WITHOUT ROWID;
