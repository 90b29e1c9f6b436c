-- What every cluster has from the start. Run in template1, so that every database has it, in single-user mode: a semicolon and an
-- empty line end what is run at once. cloud_admin, the bootstrap superuser, exists already.

CREATE ROLE databricks_superuser NOLOGIN CREATEDB CREATEROLE BYPASSRLS;
GRANT pg_read_all_data, pg_write_all_data, pg_monitor, pg_signal_backend TO databricks_superuser;
-- Without the grant option: Postgres would let a database's owner, a member too, grant on public as databricks_superuser and not as its
-- owner, and pg_restore cannot make such a grant again.
GRANT ALL ON SCHEMA public TO databricks_superuser;
-- As if initdb had granted it: pg_dump leaves out what was so from the beginning.
UPDATE pg_init_privs SET initprivs = (SELECT nspacl FROM pg_namespace WHERE nspname = 'public')
  WHERE classoid = 'pg_namespace'::regclass AND objoid = 'public'::regnamespace;

-- Management and monitoring by the platform.
CREATE ROLE databricks_control_plane LOGIN SUPERUSER;
CREATE ROLE databricks_monitor LOGIN IN ROLE pg_monitor;
ALTER ROLE databricks_monitor SET statement_timeout = '60s';

-- Services that read and write on behalf of users.
CREATE ROLE databricks_gateway LOGIN;
CREATE ROLE databricks_replicator LOGIN REPLICATION;

-- databricks_superuser gets everything on whatever anybody makes, with the right to pass it on, but owns none of it: its
-- members cannot drop or alter it.
CREATE FUNCTION pg_catalog.databricks_grant_on_create() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  target text;
BEGIN
  FOR target IN
    SELECT CASE object_type
      WHEN 'schema' THEN 'SCHEMA ' || objid::regnamespace
      WHEN 'sequence' THEN 'SEQUENCE ' || objid::regclass
      ELSE 'TABLE ' || objid::regclass END
    FROM pg_event_trigger_ddl_commands() made
    LEFT JOIN pg_namespace schema ON made.object_type = 'schema' AND schema.oid = made.objid
    LEFT JOIN pg_class relation ON made.object_type <> 'schema' AND relation.oid = made.objid
    WHERE made.object_type IN ('schema', 'sequence', 'table', 'view', 'materialized view', 'foreign table')
      -- Not ALTER TABLE itself, only the sequence of a column that it adds.
      AND made.command_tag NOT LIKE 'ALTER%'
      -- Nobody else can see a temporary object.
      AND relation.relpersistence IS DISTINCT FROM 't'
      -- CREATE OR REPLACE VIEW finds what was granted before.
      AND NOT EXISTS (SELECT FROM aclexplode(coalesce(schema.nspacl, relation.relacl)) entry
        WHERE entry.grantee = 'databricks_superuser'::regrole AND entry.is_grantable)
  LOOP
    EXECUTE 'GRANT ALL ON ' || target || ' TO databricks_superuser WITH GRANT OPTION';
  END LOOP;
END
$$;

CREATE EVENT TRIGGER on_create_schema ON ddl_command_end
  WHEN TAG IN ('CREATE SCHEMA') EXECUTE FUNCTION pg_catalog.databricks_grant_on_create();
CREATE EVENT TRIGGER on_create_sequence ON ddl_command_end
  WHEN TAG IN ('CREATE SEQUENCE') EXECUTE FUNCTION pg_catalog.databricks_grant_on_create();
CREATE EVENT TRIGGER on_create_table_or_view ON ddl_command_end
  WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO', 'CREATE VIEW', 'CREATE MATERIALIZED VIEW',
    'CREATE FOREIGN TABLE', 'IMPORT FOREIGN SCHEMA', 'ALTER TABLE')
  EXECUTE FUNCTION pg_catalog.databricks_grant_on_create();
-- As in the real service, databricks_superuser may begin the statistics of statements anew.
CREATE FUNCTION pg_catalog.databricks_grant_on_extension() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET allow_system_table_mods = on AS $$
DECLARE
  target regprocedure;
BEGIN
  FOR target IN
    SELECT member.objid FROM pg_extension made
    JOIN pg_depend member ON member.refclassid = 'pg_extension'::regclass AND member.refobjid = made.oid
      AND member.classid = 'pg_proc'::regclass AND member.deptype = 'e'
    JOIN pg_proc ON pg_proc.oid = member.objid
    WHERE made.extname = 'pg_stat_statements' AND proname = 'pg_stat_statements_reset'
  LOOP
    EXECUTE 'GRANT EXECUTE ON FUNCTION ' || target || ' TO databricks_superuser';
    -- Told as what the extension itself granted, it is not in what pg_dump writes: whoever restores that may not grant it.
    UPDATE pg_init_privs SET initprivs = (SELECT proacl FROM pg_proc WHERE oid = target)
    WHERE objoid = target AND classoid = 'pg_proc'::regclass;
  END LOOP;
END
$$;

CREATE EVENT TRIGGER on_create_extension ON ddl_command_end
  WHEN TAG IN ('CREATE EXTENSION', 'ALTER EXTENSION') EXECUTE FUNCTION pg_catalog.databricks_grant_on_extension();
-- pg_dump leaves out what belongs to an extension that every database has; a user could not restore an event trigger.
ALTER EXTENSION plpgsql ADD FUNCTION pg_catalog.databricks_grant_on_create();
ALTER EXTENSION plpgsql ADD EVENT TRIGGER on_create_schema;
ALTER EXTENSION plpgsql ADD EVENT TRIGGER on_create_sequence;
ALTER EXTENSION plpgsql ADD EVENT TRIGGER on_create_table_or_view;
ALTER EXTENSION plpgsql ADD FUNCTION pg_catalog.databricks_grant_on_extension();
ALTER EXTENSION plpgsql ADD EVENT TRIGGER on_create_extension;

CREATE DATABASE databricks_postgres;

GRANT ALL ON DATABASE databricks_postgres TO databricks_superuser WITH GRANT OPTION;

-- A session in template1 keeps everybody from creating a database, and what is made there would be in every new one.
REVOKE CONNECT, TEMPORARY ON DATABASE template1 FROM PUBLIC;
