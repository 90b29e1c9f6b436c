// What a schema offers, as OpenAPI 2.0, whatever the caller may do of it.
import type { Column, SchemaCache, Table } from './schema/model.ts'

/** The description of the exposed tables and functions of `schema`. */
export function openApi(cache: SchemaCache, schema: string, url: string): object {
  const tables = [...cache.tables.values()].filter((table) => table.schema === schema)
  const routines = [...cache.routines.values()].flat().filter((routine) => routine.schema === schema)
  const { host, pathname, protocol } = new URL(url)
  return {
    swagger: '2.0',
    info: {
      title: 'Lakelet Data API',
      description: 'Tables, views and functions of this database over HTTP',
      version: '13',
    },
    host,
    basePath: pathname,
    schemes: [protocol.replace(':', '')],
    consumes: ['application/json', 'application/vnd.pgrst.object+json', 'text/csv'],
    produces: ['application/json', 'application/vnd.pgrst.object+json', 'text/csv'],
    paths: Object.fromEntries([
      ...tables.map((table) => [`/${table.name}`, tablePaths(table)]),
      ...routines.map(({ name, parameters, description }) => [
        `/rpc/${name}`,
        {
          post: {
            tags: [`(rpc) ${name}`],
            ...(description === null ? {} : { summary: description }),
            parameters: [
              {
                name: 'args',
                in: 'body',
                required: true,
                schema: {
                  type: 'object',
                  required: parameters.filter(({ isRequired }) => isRequired).map((each) => each.name),
                  properties: Object.fromEntries(
                    parameters.map((each) => [each.name, { format: each.type, ...typeOf(each.type) }]),
                  ),
                },
              },
            ],
            responses: { 200: { description: 'OK' } },
          },
        },
      ]),
    ]),
    definitions: Object.fromEntries(tables.map((table) => [table.name, definition(table)])),
  }
}

function tablePaths(table: Table): object {
  const tags = [table.name]
  const filters = [...table.columns.values()].map(({ name, type }) => ({
    name,
    in: 'query',
    type: 'string',
    format: type,
  }))
  const query = (...names: string[]) => names.map((name) => ({ name, in: 'query', type: 'string' }))
  const body = { name: table.name, in: 'body', schema: { $ref: `#/definitions/${table.name}` } }
  const get = {
    tags,
    parameters: [...filters, ...query('select', 'order', 'offset', 'limit')],
    responses: {
      200: { description: 'OK', schema: { type: 'array', items: { $ref: `#/definitions/${table.name}` } } },
      206: { description: 'Partial Content' },
    },
  }
  return {
    get,
    post: {
      tags,
      parameters: [body, ...query('select', 'columns', 'on_conflict')],
      responses: { 201: { description: 'Created' } },
    },
    patch: { tags, parameters: [...filters, body], responses: { 204: { description: 'No Content' } } },
    delete: { tags, parameters: filters, responses: { 204: { description: 'No Content' } } },
  }
}

function definition({ columns, primaryKey, description }: Table): object {
  const all = [...columns.values()]
  return {
    type: 'object',
    ...(description === null ? {} : { description }),
    required: all.filter((column) => !column.isNullable && column.default === null).map(({ name }) => name),
    properties: Object.fromEntries(all.map((column) => [column.name, property(column, primaryKey)])),
  }
}

function property(column: Column, primaryKey: readonly string[]): object {
  const notes = [
    column.description,
    primaryKey.includes(column.name) ? 'This is a Primary Key.<pk/>' : null,
  ].filter((each) => each !== null)
  return {
    format: column.type,
    ...typeOf(column.type),
    ...(column.labels ? { enum: column.labels } : {}),
    ...(notes.length > 0 ? { description: notes.join('\n\n') } : {}),
  }
}

function typeOf(type: string): object {
  if (type.endsWith('[]')) return { type: 'array', items: typeOf(type.slice(0, -2)) }
  if (/^(?:smallint|integer|bigint)$/.test(type)) return { type: 'integer' }
  if (/^(?:numeric|real|double precision)/.test(type)) return { type: 'number' }
  if (type === 'boolean') return { type: 'boolean' }
  return type === 'json' || type === 'jsonb' ? {} : { type: 'string' }
}
