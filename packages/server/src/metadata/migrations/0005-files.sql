-- The workspace tree. A path here is absolute, without the /Workspace prefix and without a slash at its end; the root is ''.
-- Contents are files named by their SHA-256 (column blob); a row is written only after its content is on disk.
CREATE TABLE workspace_objects (
  object_id INTEGER PRIMARY KEY,
  path TEXT NOT NULL UNIQUE,
  parent TEXT REFERENCES workspace_objects (path),
  type TEXT NOT NULL CHECK (type IN ('DIRECTORY', 'FILE', 'NOTEBOOK')),
  language TEXT CHECK (language IN ('PYTHON', 'SQL', 'SCALA', 'R')),
  format TEXT CHECK (format IN ('SOURCE', 'JUPYTER')),
  blob TEXT,
  size INTEGER,
  created_at INTEGER NOT NULL,
  modified_at INTEGER NOT NULL,
  CHECK ((type = 'DIRECTORY') = (blob IS NULL)),
  CHECK ((path = '') = (parent IS NULL))
) STRICT;

CREATE INDEX workspace_objects_parent ON workspace_objects (parent);
CREATE INDEX workspace_objects_blob ON workspace_objects (blob) WHERE blob IS NOT NULL;

INSERT INTO workspace_objects (object_id, path, parent, type, created_at, modified_at)
VALUES (1, '', NULL, 'DIRECTORY', 0, 0), (2, '/Users', '', 'DIRECTORY', 0, 0), (3, '/Shared', '', 'DIRECTORY', 0, 0);
