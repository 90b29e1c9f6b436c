CREATE TABLE apps (
  name TEXT PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  description TEXT NOT NULL,
  compute_size TEXT NOT NULL,
  -- What the user wants of it: a deleted app keeps its row until all that belongs to it is gone.
  wanted TEXT NOT NULL CHECK (wanted IN ('RUNNING', 'STOPPED', 'DELETED')),
  -- Port of the app's own listener; its URL never changes.
  port INTEGER NOT NULL UNIQUE,
  service_principal_id INTEGER NOT NULL,
  client_id TEXT NOT NULL,
  service_principal_name TEXT NOT NULL,
  default_source_code_path TEXT,
  active_deployment TEXT,
  resources TEXT NOT NULL,
  user_api_scopes TEXT NOT NULL,
  last_update TEXT,
  creator TEXT NOT NULL,
  updater TEXT NOT NULL,
  create_time TEXT NOT NULL,
  update_time TEXT NOT NULL
) STRICT;

CREATE TABLE app_deployments (
  deployment_id TEXT PRIMARY KEY,
  app TEXT NOT NULL REFERENCES apps (name) ON DELETE CASCADE,
  sequence INTEGER NOT NULL,
  source_code_path TEXT NOT NULL,
  -- Workspace folder with the files as they were when the deployment was asked for.
  snapshot_path TEXT NOT NULL,
  mode TEXT NOT NULL CHECK (mode IN ('SNAPSHOT', 'AUTO_SYNC')),
  state TEXT NOT NULL CHECK (state IN ('IN_PROGRESS', 'SUCCEEDED', 'FAILED', 'CANCELLED')),
  message TEXT NOT NULL,
  command TEXT,
  env_vars TEXT,
  -- What a finished build needs to be started again, without building.
  build TEXT,
  creator TEXT NOT NULL,
  create_time TEXT NOT NULL,
  update_time TEXT NOT NULL,
  UNIQUE (app, sequence)
) STRICT;

CREATE INDEX app_deployments_in_progress ON app_deployments (state) WHERE state = 'IN_PROGRESS';
