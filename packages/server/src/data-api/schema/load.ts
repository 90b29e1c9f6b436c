// Reads the catalogues into a cache: a few queries, by whoever may connect.
import type { Client } from 'pg'
import {
  type Computed,
  keyOf,
  type Relationship,
  type Routine,
  type SchemaCache,
  type Table,
} from './model.ts'
import { type ForeignKeyRow, relate, type ViewColumnRow } from './relate.ts'

const TABLES = `
  SELECT c.oid::int8::text AS oid, n.nspname AS schema, c.relname AS name, c.relkind IN ('v', 'm') AS is_view,
    obj_description(c.oid, 'pg_class') AS description,
    coalesce((SELECT json_agg(a.attname ORDER BY array_position(k.conkey, a.attnum)) FROM pg_constraint k
      JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey) WHERE k.conrelid = c.oid AND k.contype = 'p'), '[]') AS primary_key,
    (SELECT json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, NULL), 'isNullable', NOT a.attnotnull,
        'default', CASE WHEN a.attidentity <> '' THEN
          CASE WHEN pg_get_serial_sequence(format('%I.%I', n.nspname, c.relname), a.attname) IS NOT NULL
            THEN format('nextval(%L::regclass)', pg_get_serial_sequence(format('%I.%I', n.nspname, c.relname), a.attname)) END
          WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
        'isGenerated', a.attgenerated <> '',
        'labels', (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = a.atttypid),
        'description', col_description(c.oid, a.attnum)) ORDER BY a.attnum)
      FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = ANY ($1) AND c.relkind IN ('r', 'v', 'm', 'f', 'p')`

const KEYS = `
  SELECT k.conname AS name, k.conrelid::int8::text AS from_oid, k.confrelid::int8::text AS to_oid,
    (SELECT json_agg(f.attname ORDER BY u.n) FROM unnest(k.conkey) WITH ORDINALITY u (num, n) JOIN pg_attribute f ON f.attrelid = k.conrelid AND f.attnum = u.num) AS from_columns,
    (SELECT json_agg(t.attname ORDER BY u.n) FROM unnest(k.confkey) WITH ORDINALITY u (num, n) JOIN pg_attribute t ON t.attrelid = k.confrelid AND t.attnum = u.num) AS to_columns,
    EXISTS (SELECT FROM pg_index i WHERE i.indrelid = k.conrelid AND i.indisunique AND i.indpred IS NULL
      AND (SELECT array_agg(x ORDER BY x) FROM unnest(i.indkey::int2[]) x) = (SELECT array_agg(x ORDER BY x) FROM unnest(k.conkey) x)) AS is_unique
  FROM pg_constraint k WHERE k.contype = 'f' AND k.conparentid = 0`

/** Where the columns of a view come from: its rule keeps the origin of each (resorigtbl, resorigcol of src/include/nodes/primnodes.h). */
const VIEWS = String.raw`
  SELECT r.ev_class::int8::text AS view_oid, a.attname AS view_column, m[3] AS origin_oid, o.attname AS origin_column
  FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class AND c.relkind IN ('v', 'm') JOIN pg_namespace n ON n.oid = c.relnamespace
    CROSS JOIN LATERAL regexp_matches(r.ev_action::text, ':resno (\d+) :resname (\S+) :ressortgroupref \d+ :resorigtbl (\d+) :resorigcol (\d+) :resjunk false', 'g') m
    JOIN pg_attribute a ON a.attrelid = r.ev_class AND a.attnum = m[1]::int2 AND (a.attname = m[2] OR m[2] ~ '\\')
    JOIN pg_attribute o ON o.attrelid = m[3]::oid AND o.attnum = m[4]::int2
  WHERE n.nspname = ANY ($1) AND m[3] <> '0' AND r.ev_type = '1'`

const ROUTINES = `
  SELECT n.nspname AS schema, p.proname AS name, p.provolatile AS volatility, p.proretset AS is_set, p.prorows = 1 AS returns_one,
    obj_description(p.oid, 'pg_proc') AS description,
    CASE WHEN p.prorettype = 'void'::regtype THEN 'void'
      WHEN t.typtype = 'c' OR p.prorettype = 'record'::regtype OR 't' = ANY (p.proargmodes) OR 'o' = ANY (p.proargmodes) AND p.prorettype = 'record'::regtype THEN 'composite'
      ELSE 'scalar' END AS returns,
    nullif(t.typrelid, 0)::int8::text AS table_oid,
    (SELECT nullif(x.typrelid, 0)::int8::text FROM pg_type x WHERE p.pronargs = 1 AND x.oid = p.proargtypes[0]) AS argument_oid,
    coalesce((SELECT json_agg(json_build_object('name', coalesce(p.proargnames[u.n], ''), 'type', format_type(u.type, NULL),
        'isRequired', coalesce(p.proargmodes[u.n], 'i') <> 'v' AND
          (SELECT count(*) FROM unnest(coalesce(p.proargmodes, array_fill('i'::"char", ARRAY[p.pronargs::int]))) WITH ORDINALITY z (mode, i)
            WHERE z.i <= u.n AND z.mode IN ('i', 'b', 'v')) <= p.pronargs - p.pronargdefaults,
        'isVariadic', coalesce(p.proargmodes[u.n], 'i') = 'v') ORDER BY u.n)
      FROM unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) WITH ORDINALITY u (type, n)
      WHERE coalesce(p.proargmodes[u.n], 'i') IN ('i', 'b', 'v')), '[]') AS parameters
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_type t ON t.oid = p.prorettype
  WHERE n.nspname = ANY ($1) AND p.prokind = 'f' AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)`

interface TableRow {
  readonly oid: string
  readonly schema: string
  readonly name: string
  readonly is_view: boolean
  readonly description: string | null
  readonly primary_key: readonly string[]
  readonly columns: readonly (Table['columns'] extends ReadonlyMap<string, infer C> ? C : never)[] | null
}

interface RoutineRow {
  readonly schema: string
  readonly name: string
  readonly volatility: Routine['volatility']
  readonly is_set: boolean
  readonly returns_one: boolean
  readonly description: string | null
  readonly returns: Routine['returns']
  readonly table_oid: string | null
  readonly argument_oid: string | null
  readonly parameters: Routine['parameters']
}

/** Reads all that is exposed in `schemas`. */
export async function loadSchema(client: Client, schemas: readonly string[]): Promise<SchemaCache> {
  const names = [[...schemas]]
  const tables = (await client.query<TableRow>(TABLES, names)).rows.map(tableOf)
  const keys = (await client.query<ForeignKeyRow>(KEYS)).rows
  const views = (await client.query<ViewColumnRow>(VIEWS, names)).rows
  const routines = (await client.query<RoutineRow>(ROUTINES, names)).rows.map(routineOf)
  const zones = await client.query<{ name: string }>('SELECT name FROM pg_timezone_names')
  return {
    schemas,
    tables: new Map(tables.map((table) => [keyOf(table.schema, table.name), table])),
    relationships: byOrigin([...relate(tables, keys, views), ...computed(tables, routines)]),
    routines: Map.groupBy(routines, ({ schema, name }) => keyOf(schema, name)),
    zones: new Set(zones.rows.map(({ name }) => name)),
  }
}

function tableOf(row: TableRow): Table {
  return {
    oid: Number(row.oid),
    schema: row.schema,
    name: row.name,
    isView: row.is_view,
    description: row.description,
    primaryKey: row.primary_key,
    columns: new Map((row.columns ?? []).map((column) => [column.name, column])),
  }
}

function routineOf(row: RoutineRow): Routine {
  return {
    schema: row.schema,
    name: row.name,
    parameters: row.parameters,
    returns: row.returns,
    isSet: row.is_set,
    tableOid: row.table_oid === null ? null : Number(row.table_oid),
    argumentOid: row.argument_oid === null ? null : Number(row.argument_oid),
    volatility: row.volatility,
    returnsOne: row.returns_one,
    description: row.description,
  }
}

/** Functions from a row of one table to rows of another. */
function computed(tables: readonly Table[], routines: readonly Routine[]): Computed[] {
  const byOid = new Map(tables.map((table) => [table.oid, table]))
  return routines.flatMap(({ schema, name, argumentOid, tableOid, isSet, returnsOne }) => {
    const from = argumentOid === null ? undefined : byOid.get(argumentOid)
    const to = tableOid === null ? undefined : byOid.get(tableOid)
    if (!from || !to) return []
    return [{ kind: 'computed' as const, from, to, isToOne: !isSet || returnsOne, schema, routine: name }]
  })
}

function byOrigin(all: readonly Relationship[]): ReadonlyMap<number, readonly Relationship[]> {
  return Map.groupBy(all, ({ from }) => from.oid)
}
