// `select=…`: fields with JSON paths, casts, new names and aggregates, and embedded resources.
import { DataApiError, PGRST } from '../errors.ts'
import { Reader } from './reader.ts'
import {
  type Aggregate,
  AGGREGATES,
  type Field,
  type JsonStep,
  type SelectEmbed,
  type SelectField,
  type SelectItem,
} from './tree.ts'

/** Reads the value of `select`; an empty one means all columns. */
export function parseSelect(text: string): readonly SelectItem[] {
  if (text === '') return [{ kind: 'star' }]
  const reader = new Reader(text, 'select parameter')
  const items = readItems(reader)
  reader.end()
  return items
}

function readItems(reader: Reader): SelectItem[] {
  return reader.nested(() => {
    const items: SelectItem[] = []
    do items.push(readItem(reader))
    while (reader.takes(','))
    return items
  })
}

function readItem(reader: Reader): SelectItem {
  if (reader.takes('*')) return { kind: 'star' }
  if (reader.takes('...')) return readEmbed(reader, undefined, reader.name(), true)
  const first = reader.name()
  const isAlias = reader.sees(':') && !reader.sees('::')
  if (isAlias) reader.at += 1
  const alias = isAlias ? first : undefined
  if (alias !== undefined && reader.takes('...')) return readEmbed(reader, alias, reader.name(), true)
  const name = alias === undefined ? first : reader.name()
  if (reader.sees('!') || (reader.sees('(') && !(name === 'count' && reader.sees('()'))))
    return readEmbed(reader, alias, name, false)
  return readField(reader, alias, name)
}

function readField(reader: Reader, alias: string | undefined, name: string): SelectField {
  if (name === 'count' && reader.takes('()')) {
    const aggregate = { name: 'count' as const, cast: readCast(reader) }
    return { kind: 'field', field: { name: '*', path: [] }, alias, cast: undefined, aggregate }
  }
  const field = { name, path: readPath(reader) }
  const cast = readCast(reader)
  const aggregate = readAggregate(reader)
  return { kind: 'field', field, alias, cast, aggregate }
}

function readAggregate(reader: Reader): SelectField['aggregate'] {
  if (!reader.takes('.')) return undefined
  const name = reader.match(/[a-z]+(?=\(\))/y)
  if (!AGGREGATES.includes(name as Aggregate))
    throw reader.error(`expecting one of ${AGGREGATES.join('(), ')}()`)
  reader.expect('()')
  return { name: name as Aggregate, cast: readCast(reader) }
}

function readEmbed(reader: Reader, alias: string | undefined, name: string, isSpread: boolean): SelectEmbed {
  let hint: string | undefined
  let join: 'inner' | 'left' = 'left'
  while (reader.takes('!')) {
    const word = reader.name()
    if (word === 'inner' || word === 'left') join = word
    else hint = word
  }
  reader.expect('(')
  const items = reader.sees(')') ? [] : readItems(reader)
  reader.expect(')')
  return { kind: 'embed', name, alias, hint, join, isSpread, items }
}

function readCast(reader: Reader): string | undefined {
  if (!reader.takes('::')) return undefined
  const type = reader.match(/[A-Za-z_][A-Za-z0-9_ ]*(?:\[\])?/y)
  if (type === undefined) throw reader.error('expecting a type')
  return type.trim()
}

/** `->key`, `->>key` and `->0`, any number of them. */
export function readPath(reader: Reader): readonly JsonStep[] {
  const steps: JsonStep[] = []
  while (reader.takes('->')) {
    const asText = reader.takes('>')
    const index = reader.match(/-?\d+(?=->|::|[.,)]|$)/y)
    if (index !== undefined && Math.abs(Number(index)) > 2 ** 31 - 1)
      throw new DataApiError(PGRST.parse, `index ${index} is out of range`)
    steps.push({ asText, key: index === undefined ? reader.name() : Number(index) })
  }
  return steps
}

/** A field with its path. */
export function readFieldName(reader: Reader): Field {
  return { name: reader.name(), path: readPath(reader) }
}
