-- Snapshots of root branches. Each outlives its branch, whose id is kept as it was; a project takes its snapshots with it.
CREATE TABLE snapshots (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  snapshot_id TEXT NOT NULL,
  project_uid TEXT NOT NULL REFERENCES projects (uid) ON DELETE CASCADE,
  state TEXT NOT NULL CHECK (state IN ('INIT', 'READY')),
  source_branch_uid TEXT NOT NULL,
  source_branch_id TEXT NOT NULL,
  -- exactly where its content ends, and when the branch was there; null until it is ready
  source_lsn TEXT,
  source_time TEXT,
  -- taken by the schedule of its branch
  is_scheduled INTEGER NOT NULL,
  -- null = kept until it is deleted
  expire_time TEXT,
  clone_method TEXT,
  full_size_bytes INTEGER,
  diff_size_bytes INTEGER,
  -- JSON: the ids of its roles and databases, and what was known of them
  catalog TEXT,
  create_time TEXT NOT NULL,
  UNIQUE (project_uid, snapshot_id)
) STRICT;
CREATE INDEX snapshots_expiry ON snapshots (expire_time) WHERE expire_time IS NOT NULL;

-- When snapshots of a branch are taken by themselves.
CREATE TABLE snapshot_schedules (
  branch_uid TEXT PRIMARY KEY REFERENCES branches (uid) ON DELETE CASCADE,
  -- JSON array of cadences
  schedule TEXT NOT NULL,
  -- up to here all that was due has been taken
  done_until TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The snapshot that a branch was made from, as it was called then; it may be gone.
ALTER TABLE branches ADD COLUMN source_snapshot_id TEXT;
