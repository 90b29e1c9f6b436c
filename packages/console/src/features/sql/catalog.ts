// The catalog of a database, read by SQL once it is awake: for completion and for the list of tables.
import { useQuery } from '@tanstack/react-query'
import type { Moment } from '../past/moment.ts'
import { runOnce } from './run-once.ts'

export interface Relation {
  readonly schema: string
  readonly name: string
  readonly kind: 'table' | 'view'
  readonly columns: readonly string[]
}

const RELATIONS = `select n.nspname as schema, c.relname as name,
  case when c.relkind in ('r', 'p') then 'table' else 'view' end as kind,
  coalesce((select json_agg(a.attname order by a.attnum)
    from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '[]') as columns
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname not in ('pg_catalog', 'information_schema')
  and n.nspname not like 'pg\\_toast%'
order by 1, 2 limit 10000`

/** The relations that the caller's role may know of, now or at a moment; nothing is asked while the compute sleeps. */
export function useCatalog(
  target: {
    readonly project: string
    readonly branch: string
    readonly database: string
    readonly moment?: Moment | undefined
  },
  isAwake: boolean,
) {
  return useQuery({
    queryKey: ['catalog', target],
    queryFn: async ({ signal }): Promise<Relation[]> => {
      const { rows } = await runOnce({ ...target, statements: [RELATIONS], isReadOnly: true }, signal)
      return rows.map((row) => ({
        schema: row['schema'] ?? '',
        name: row['name'] ?? '',
        kind: row['kind'] === 'table' ? 'table' : 'view',
        columns: JSON.parse(row['columns'] ?? '[]') as string[],
      }))
    },
    enabled: isAwake,
    staleTime: Infinity,
    retry: false,
  })
}

/** Tables with their columns, as the editor's completion takes them. */
export function namespaceOf(
  relations: readonly Relation[],
): Record<string, Record<string, readonly string[]>> {
  const schemas: Record<string, Record<string, readonly string[]>> = {}
  for (const { schema, name, columns } of relations) (schemas[schema] ??= {})[name] = columns
  return schemas
}
