// What relates the exposed tables and views: foreign keys in both directions, those that views inherit from their tables, and junctions.
import type { Direct, Junction, Table } from './model.ts'

export interface ForeignKeyRow {
  readonly name: string
  readonly from_oid: string
  readonly to_oid: string
  readonly from_columns: readonly string[]
  readonly to_columns: readonly string[]
  /** Whether its columns are unique, so that it is one to one. */
  readonly is_unique: boolean
}

export interface ViewColumnRow {
  readonly view_oid: string
  readonly view_column: string
  readonly origin_oid: string
  readonly origin_column: string
}

/** A table or view that shows columns of a table, and under which names. */
interface Face {
  readonly table: Table
  readonly nameOf: (column: string) => string | undefined
}

interface KeyBetween {
  readonly name: string
  readonly isUnique: boolean
  readonly from: Table
  readonly to: Table
  readonly columns: readonly (readonly [string, string])[]
}

/** All direct ways and those over one junction. */
export function relate(
  tables: readonly Table[],
  keys: readonly ForeignKeyRow[],
  views: readonly ViewColumnRow[],
): (Direct | Junction)[] {
  const faces = facesOf(tables, views)
  const between = keys.flatMap((key) => keysBetween(key, faces))
  return [...between.flatMap(directOf), ...junctionsOf(between)]
}

function facesOf(tables: readonly Table[], views: readonly ViewColumnRow[]): ReadonlyMap<number, Face[]> {
  const faces = new Map<number, Face[]>()
  const add = (oid: number, face: Face) => faces.set(oid, [...(faces.get(oid) ?? []), face])
  for (const table of tables) if (!table.isView) add(table.oid, { table, nameOf: (column) => column })
  const origins = new Map(views.map((row) => [`${row.view_oid} ${row.view_column}`, row]))
  for (const table of tables.filter(({ isView }) => isView)) {
    const shown = new Map<number, Map<string, string>>()
    for (const column of table.columns.keys()) {
      const origin = originOf(table.oid, column, origins)
      if (!origin) continue
      const names = shown.get(origin.oid) ?? new Map<string, string>()
      names.set(origin.column, column)
      shown.set(origin.oid, names)
    }
    for (const [oid, names] of shown) add(oid, { table, nameOf: (column) => names.get(column) })
  }
  return faces
}

/** Through views of views to a table. */
function originOf(
  oid: number,
  column: string,
  origins: ReadonlyMap<string, ViewColumnRow>,
  depth = 0,
): { readonly oid: number; readonly column: string } | undefined {
  const row = origins.get(`${oid} ${column}`)
  if (!row) return depth === 0 ? undefined : { oid, column }
  if (depth > 50) return undefined
  return originOf(Number(row.origin_oid), row.origin_column, origins, depth + 1)
}

function keysBetween(key: ForeignKeyRow, faces: ReadonlyMap<number, readonly Face[]>): KeyBetween[] {
  const found: KeyBetween[] = []
  for (const from of faces.get(Number(key.from_oid)) ?? []) {
    for (const to of faces.get(Number(key.to_oid)) ?? []) {
      const columns = key.from_columns.map((column, at) => [
        from.nameOf(column),
        to.nameOf(key.to_columns[at] ?? ''),
      ])
      if (!columns.every((pair): pair is [string, string] => pair.every((name) => name !== undefined)))
        continue
      found.push({ name: key.name, isUnique: key.is_unique, from: from.table, to: to.table, columns })
    }
  }
  return found
}

function directOf({ name, isUnique, from, to, columns }: KeyBetween): Direct[] {
  const back = columns.map(([a, b]) => [b, a] as const)
  return [
    {
      kind: 'direct',
      from,
      to,
      isToOne: true,
      cardinality: isUnique ? 'one-to-one' : 'many-to-one',
      constraint: name,
      columns,
    },
    {
      kind: 'direct',
      from: to,
      to: from,
      isToOne: isUnique,
      cardinality: isUnique ? 'one-to-one' : 'one-to-many',
      constraint: name,
      columns: back,
    },
  ]
}

/** A junction is a table whose primary key holds the columns of two foreign keys. */
function junctionsOf(between: readonly KeyBetween[]): Junction[] {
  const byTable = Map.groupBy(
    between.filter(({ from, columns }) => columns.every(([column]) => from.primaryKey.includes(column))),
    ({ from }) => from,
  )
  return [...byTable].flatMap(([through, keys]) =>
    keys.flatMap((a) =>
      keys
        .filter((b) => a !== b && a.name !== b.name)
        .map((b) => ({
          kind: 'junction' as const,
          from: a.to,
          to: b.to,
          isToOne: false,
          through,
          constraints: [a.name, b.name] as const,
          first: a.columns.map(([own, other]) => [other, own] as const),
          second: b.columns,
        })),
    ),
  )
}
