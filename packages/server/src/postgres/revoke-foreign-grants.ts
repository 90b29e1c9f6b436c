import { type AdminConnection, identifier } from './admin.ts'

/**
 * The rights of role $1 in this database that somebody other than the object's owner granted. DROP OWNED leaves them: it revokes as
 * the owner does (aclchk.c, select_best_grantor), and grants made with a grant option belong to who made them.
 */
const FOREIGN_GRANTS = `
  SELECT DISTINCT grantor.rolname AS grantor, objects.kind || ' ' || objects.name AS object
  FROM (
    SELECT 'SCHEMA' AS kind, quote_ident(nspname) AS name, nspowner AS owner, nspacl AS acl FROM pg_namespace
    UNION ALL
    SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, oid::regclass::text, relowner, relacl FROM pg_class
    UNION ALL
    SELECT 'TABLE', c.oid::regclass::text, c.relowner, a.attacl
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    UNION ALL
    SELECT 'DATABASE', quote_ident(datname), datdba, datacl FROM pg_database
    UNION ALL
    SELECT 'ROUTINE', oid::regprocedure::text, proowner, proacl FROM pg_proc
    UNION ALL
    SELECT 'TYPE', oid::regtype::text, typowner, typacl FROM pg_type
    UNION ALL
    SELECT 'LANGUAGE', quote_ident(lanname), lanowner, lanacl FROM pg_language
    UNION ALL
    SELECT 'FOREIGN DATA WRAPPER', quote_ident(fdwname), fdwowner, fdwacl FROM pg_foreign_data_wrapper
    UNION ALL
    SELECT 'FOREIGN SERVER', quote_ident(srvname), srvowner, srvacl FROM pg_foreign_server
    UNION ALL
    SELECT 'LARGE OBJECT', oid::text, lomowner, lomacl FROM pg_largeobject_metadata
  ) AS objects, aclexplode(objects.acl) AS entry
  JOIN pg_authid grantee ON grantee.oid = entry.grantee
  JOIN pg_authid grantor ON grantor.oid = entry.grantor
  WHERE grantee.rolname = $1 AND entry.grantor <> objects.owner`

/** Takes from a role what others than the owners of the objects granted to it, in the connection's database. */
export async function revokeForeignGrants(admin: AdminConnection, role: string): Promise<void> {
  const grants = await admin.query<{ grantor: string; object: string }>(FOREIGN_GRANTS, [role])
  for (const { grantor, object } of grants) {
    await admin.transaction(async () => {
      await admin.execute(`SET LOCAL ROLE ${identifier(grantor)}`)
      await admin.execute(`REVOKE ALL ON ${object} FROM ${identifier(role)} CASCADE`)
    })
  }
}
