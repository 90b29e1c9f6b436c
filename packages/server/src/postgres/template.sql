-- The roles that every cluster has from the start. cloud_admin, the bootstrap superuser, exists already.

CREATE ROLE databricks_superuser NOLOGIN CREATEDB CREATEROLE BYPASSRLS;
GRANT pg_read_all_data, pg_write_all_data, pg_monitor, pg_signal_backend TO databricks_superuser;
-- Run in template1, so that schema public of every database has it.
GRANT ALL ON SCHEMA public TO databricks_superuser WITH GRANT OPTION;

-- Management and monitoring by the platform.
CREATE ROLE databricks_control_plane LOGIN SUPERUSER;
CREATE ROLE databricks_monitor LOGIN IN ROLE pg_monitor;
ALTER ROLE databricks_monitor SET statement_timeout = '60s';

-- Services that read and write on behalf of users.
CREATE ROLE databricks_gateway LOGIN;
CREATE ROLE databricks_replicator LOGIN REPLICATION;
