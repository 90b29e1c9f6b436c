-- What a deployment was made of is no part of the workspace tree: nobody lists it, and a deployment of a folder above does not copy it again.
CREATE TABLE deployment_files (
  deployment_id TEXT NOT NULL REFERENCES app_deployments (deployment_id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  -- As it is on disk: relative to the source folder, a notebook with its extension.
  path TEXT NOT NULL,
  -- NULL for a folder.
  blob TEXT,
  PRIMARY KEY (deployment_id, path)
) STRICT, WITHOUT ROWID;

CREATE INDEX deployment_files_blob ON deployment_files (blob) WHERE blob IS NOT NULL;

-- Snapshots lay below the app's home until now; some hold copies of earlier ones, which nothing needs.
INSERT OR IGNORE INTO deployment_files (deployment_id, path, blob)
SELECT d.deployment_id,
  substr(o.path, length(d.snapshot_path) + 2) || CASE
    WHEN o.type <> 'NOTEBOOK' THEN ''
    WHEN o.format = 'JUPYTER' THEN '.ipynb'
    ELSE CASE o.language WHEN 'SQL' THEN '.sql' WHEN 'SCALA' THEN '.scala' WHEN 'R' THEN '.r' ELSE '.py' END
  END,
  o.blob
FROM app_deployments d
JOIN workspace_objects o ON o.path > d.snapshot_path || '/' AND o.path < d.snapshot_path || '0'
WHERE NOT EXISTS (
  SELECT 1 FROM app_deployments e
  WHERE instr(substr(o.path, length(d.snapshot_path) + 1) || '/', e.snapshot_path || '/') > 0
)
ORDER BY o.type = 'NOTEBOOK';

DELETE FROM workspace_objects WHERE EXISTS (
  SELECT 1 FROM app_deployments d
  WHERE workspace_objects.path = d.snapshot_path
    OR (workspace_objects.path > d.snapshot_path || '/' AND workspace_objects.path < d.snapshot_path || '0')
);
DELETE FROM workspace_objects
WHERE path IN (SELECT '/Users/' || client_id || '/src' FROM apps)
  AND NOT EXISTS (SELECT 1 FROM workspace_objects child WHERE child.parent = workspace_objects.path);
DELETE FROM permission_grants
WHERE object_type = 'file' AND object_id NOT IN (SELECT CAST(object_id AS TEXT) FROM workspace_objects);
