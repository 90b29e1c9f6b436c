// What the Data API knows of a database: its exposed tables, what relates them, and its functions.

export interface Column {
  readonly name: string
  /** As Postgres prints it, fit to be used as a type in SQL. */
  readonly type: string
  readonly isNullable: boolean
  /** The expression of its default. */
  readonly default: string | null
  readonly isGenerated: boolean
  readonly labels: readonly string[] | null
  readonly description: string | null
}

export interface Table {
  readonly oid: number
  readonly schema: string
  readonly name: string
  readonly isView: boolean
  readonly columns: ReadonlyMap<string, Column>
  readonly primaryKey: readonly string[]
  readonly description: string | null
}

export type Cardinality = 'many-to-one' | 'one-to-many' | 'one-to-one'

/** A way from one table to another. */
export type Relationship = Direct | Junction | Computed

interface Way {
  readonly from: Table
  readonly to: Table
  readonly isToOne: boolean
}

export interface Direct extends Way {
  readonly kind: 'direct'
  readonly cardinality: Cardinality
  readonly constraint: string
  /** Pairs of columns: of `from`, and of `to`. */
  readonly columns: readonly (readonly [string, string])[]
}

export interface Junction extends Way {
  readonly kind: 'junction'
  readonly through: Table
  readonly constraints: readonly [string, string]
  /** Pairs: of `from` and of the junction; of the junction and of `to`. */
  readonly first: readonly (readonly [string, string])[]
  readonly second: readonly (readonly [string, string])[]
}

export interface Computed extends Way {
  readonly kind: 'computed'
  readonly schema: string
  readonly routine: string
}

export interface Parameter {
  readonly name: string
  readonly type: string
  readonly isRequired: boolean
  readonly isVariadic: boolean
}

export interface Routine {
  readonly schema: string
  readonly name: string
  readonly parameters: readonly Parameter[]
  readonly returns: 'void' | 'scalar' | 'composite'
  readonly isSet: boolean
  /** The table whose rows it returns. */
  readonly tableOid: number | null
  /** The type of its only argument, where that is a table's row. */
  readonly argumentOid: number | null
  readonly volatility: 'i' | 's' | 'v'
  readonly returnsOne: boolean
  readonly description: string | null
}

export interface SchemaCache {
  readonly schemas: readonly string[]
  readonly tables: ReadonlyMap<string, Table>
  readonly relationships: ReadonlyMap<number, readonly Relationship[]>
  readonly routines: ReadonlyMap<string, readonly Routine[]>
  readonly zones: ReadonlySet<string>
}

/** Key of a table or function. */
export function keyOf(schema: string, name: string): string {
  return `${schema}\0${name}`
}
