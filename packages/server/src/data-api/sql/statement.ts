// A statement that grows: every value is a parameter, every name a quoted identifier.
import { escapeIdentifier } from 'pg'
import type { Field } from '../parse/tree.ts'
import type { Table } from '../schema/model.ts'

export const quote = escapeIdentifier

/** A table or function by its full name. */
export function qualified(schema: string, name: string): string {
  return `${quote(schema)}.${quote(name)}`
}

export class Statement {
  readonly values: unknown[] = []

  /** Adds a value and gives its place. */
  param(value: unknown): string {
    this.values.push(value)
    return `$${this.values.length}`
  }

  /** A column, or what its JSON path leads to. */
  field(alias: string, table: Table | undefined, { name, path }: Field): string {
    const column = `${quote(alias)}.${quote(name)}`
    if (path.length === 0) return column
    const type = table?.columns.get(name)?.type
    const base = type === 'json' || type === 'jsonb' || table === undefined ? column : `to_jsonb(${column})`
    return path.reduce((sql, { asText, key }) => {
      const operand = typeof key === 'number' ? `${this.param(key)}::int` : `${this.param(key)}::text`
      return `${sql}${asText ? '->>' : '->'}${operand}`
    }, `(${base})`)
  }
}

/** Names of types that SQL spells itself, which are no identifiers (src/backend/parser/gram.y, SimpleTypename). */
const KEYWORDS = new Set(
  (
    'bigint,bit,boolean,char,character,dec,decimal,float,int,integer,interval,json,numeric,real,smallint,time,timestamp,varchar,' +
    'bit varying,character varying,double precision,time with time zone,time without time zone,timestamp with time zone,timestamp without time zone'
  ).split(','),
)

/** `sql` as another type, which a client names. */
export function cast(sql: string, type: string | undefined): string {
  if (type === undefined) return sql
  const element = type.endsWith('[]') ? type.slice(0, -2).trim() : type
  const name = KEYWORDS.has(element.toLowerCase()) ? element.toLowerCase() : quote(element)
  return `CAST(${sql} AS ${name}${type.endsWith('[]') ? '[]' : ''})`
}
