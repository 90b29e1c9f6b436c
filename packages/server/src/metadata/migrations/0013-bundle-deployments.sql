-- What `databricks bundle` records of its deployments. `body` is JSON, as the API shows it.
CREATE TABLE bundle_deployments (
  id TEXT PRIMARY KEY,
  creator_id INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;

CREATE TABLE bundle_versions (
  deployment_id TEXT NOT NULL REFERENCES bundle_deployments (id) ON DELETE CASCADE,
  version_id INTEGER NOT NULL,
  -- Milliseconds since 1970 at which the version loses the deployment's lock unless its client shows signs of life.
  locked_until INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (deployment_id, version_id)
) STRICT;

-- Operations of a version, and with version 0 the resources of a deployment as the last operation on each left them.
CREATE TABLE bundle_records (
  deployment_id TEXT NOT NULL REFERENCES bundle_deployments (id) ON DELETE CASCADE,
  version_id INTEGER NOT NULL,
  resource_key TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (deployment_id, version_id, resource_key)
) STRICT;
