-- Postgres roles for identities of the workspace.
--
-- What ties a role to an identity is a security label of provider databricks_auth, text `id=<numeric id>,type=<TYPE>`.
-- Labels live in the shared catalog pg_shseclabel: they follow branches and go with DROP ROLE. The server has no
-- label provider module, so the label is written by a function that belongs to the bootstrap superuser.
--
-- Rules that keep this safe, because the owner of a database owns schema public and may replace what is in it:
-- a SECURITY DEFINER function calls nothing outside pg_catalog, has a fixed search_path, takes names only as values,
-- and decides everything itself. The roles are created by the caller, so Postgres checks CREATEROLE and gives ADMIN.

\echo Use "CREATE EXTENSION databricks_auth" to load this file. \quit

-- Writes the label of a role that exists, after checking who asks and what for. Called by databricks_create_role.
CREATE FUNCTION public.databricks_label_role_impl(identity text, identity_type text) RETURNS void
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  wanted text := pg_catalog.upper(identity_type);
  role_oid oid;
  identities jsonb;
  identity_id bigint;
BEGIN
  IF identity IS NULL OR identity_type IS NULL THEN
    RAISE EXCEPTION 'identity and type must not be null' USING ERRCODE = 'null_value_not_allowed';
  END IF;
  IF wanted NOT IN ('USER', 'SERVICE_PRINCIPAL', 'GROUP') THEN
    RAISE EXCEPTION 'unknown identity type "%"', identity_type
      USING ERRCODE = 'invalid_parameter_value', HINT = 'The type is one of USER, SERVICE_PRINCIPAL and GROUP.';
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_shseclabel l JOIN pg_catalog.pg_roles r ON r.oid = l.objoid
    WHERE r.rolname = session_user AND l.classoid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND l.provider = 'databricks_auth'
  ) AND NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = session_user) THEN
    RAISE EXCEPTION 'roles for identities can only be created in a session that logged in with an OAuth token'
      USING ERRCODE = 'insufficient_privilege',
        HINT = 'Connect as a user or service principal of the workspace with a database credential as the password.';
  END IF;
  identities := pg_catalog.pg_read_file('databricks_auth/identities.json', true)::jsonb;
  SELECT (each ->> 'id')::bigint INTO identity_id
    FROM pg_catalog.jsonb_array_elements(COALESCE(identities -> 'identities', '[]')) AS each
    WHERE each ->> 'name' = identity AND each ->> 'type' = wanted
    LIMIT 1;
  IF identity_id IS NULL THEN
    RAISE EXCEPTION 'identity "%" of type % does not exist in this workspace', identity, wanted
      USING ERRCODE = 'invalid_parameter_value',
        HINT = 'A user is named by e-mail address, a service principal by application (client) id, a group by display name.';
  END IF;
  SELECT oid INTO role_oid FROM pg_catalog.pg_roles WHERE rolname = identity;
  IF role_oid IS NULL THEN
    RAISE EXCEPTION 'role "%" does not exist', identity USING ERRCODE = 'undefined_object';
  END IF;
  IF NOT pg_catalog.pg_has_role(session_user, role_oid, 'MEMBER WITH ADMIN OPTION') THEN
    RAISE EXCEPTION 'permission denied to label role "%"', identity USING ERRCODE = 'insufficient_privilege';
  END IF;
  DELETE FROM pg_catalog.pg_shseclabel
    WHERE objoid = role_oid AND classoid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND provider = 'databricks_auth';
  INSERT INTO pg_catalog.pg_shseclabel (objoid, classoid, provider, label)
    VALUES (role_oid, 'pg_catalog.pg_authid'::pg_catalog.regclass, 'databricks_auth',
      pg_catalog.format('id=%s,type=%s', identity_id, wanted));
END
$$;

CREATE FUNCTION public.databricks_create_role(identity text, type text) RETURNS void
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF identity IS NULL OR type IS NULL THEN
    RAISE EXCEPTION 'identity and type must not be null' USING ERRCODE = 'null_value_not_allowed';
  END IF;
  IF pg_catalog.octet_length(identity) > 63 THEN
    RAISE EXCEPTION 'identity "%" is longer than the 63 bytes that a role name can have', identity
      USING ERRCODE = 'name_too_long';
  END IF;
  EXECUTE pg_catalog.format('CREATE ROLE %I LOGIN INHERIT', identity);
  PERFORM public.databricks_label_role_impl(identity, type);
END
$$;
COMMENT ON FUNCTION public.databricks_create_role(text, text) IS
  'creates a role that the named user, service_principal or group of the workspace logs in as with an OAuth token';

CREATE FUNCTION public.databricks_list_roles_impl(OUT role_name text, OUT identity_type text) RETURNS SETOF record
  LANGUAGE sql STABLE SECURITY INVOKER
BEGIN ATOMIC
  SELECT r.rolname::text, pg_catalog.lower(pg_catalog.substring(l.label, 'type=([A-Z_]+)'))
    FROM pg_catalog.pg_shseclabel l JOIN pg_catalog.pg_roles r ON r.oid = l.objoid
    WHERE l.classoid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND l.provider = 'databricks_auth';
END;

CREATE VIEW public.databricks_list_roles AS SELECT * FROM public.databricks_list_roles_impl();
COMMENT ON VIEW public.databricks_list_roles IS 'roles that belong to identities of the workspace';

GRANT SELECT ON public.databricks_list_roles TO PUBLIC;
