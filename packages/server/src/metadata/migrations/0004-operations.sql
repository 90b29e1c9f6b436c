-- Long-running operations: what was asked, how far it is, how it ended.
CREATE TABLE operations (
  id TEXT PRIMARY KEY,
  -- full name of the resource it works on, as its own name shows it
  resource TEXT NOT NULL,
  kind TEXT NOT NULL,
  metadata_type TEXT NOT NULL,
  -- SCIM id of who asked; null for the workspace itself
  caller_id INTEGER,
  -- the object whose permissions decide who may poll it
  object_uid TEXT NOT NULL,
  -- JSON
  input TEXT NOT NULL,
  progress TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'undoing', 'succeeded', 'failed')),
  steps_done INTEGER NOT NULL,
  -- JSON: the reply's response or error
  response TEXT,
  error TEXT,
  create_time TEXT NOT NULL,
  end_time TEXT
) STRICT;
CREATE INDEX operations_state ON operations (state);
CREATE INDEX operations_ended ON operations (end_time) WHERE end_time IS NOT NULL;

-- What a running operation keeps others from touching. A scope is a path; it covers everything below it.
CREATE TABLE operation_locks (
  operation_id TEXT NOT NULL REFERENCES operations (id) ON DELETE CASCADE,
  scope TEXT NOT NULL,
  mode TEXT NOT NULL CHECK (mode IN ('shared', 'exclusive')),
  PRIMARY KEY (operation_id, scope)
) STRICT, WITHOUT ROWID;
