// Functions: which one a request means, and its call.
import { DataApiError, PGRST } from '../errors.ts'
import { keyOf, type Routine, type SchemaCache } from '../schema/model.ts'
import { qualified, quote, type Statement } from './statement.ts'

/** What a function is given. */
export type Arguments =
  /** By a query or a form: text, and several values for a variadic one. */
  | { readonly kind: 'named'; readonly values: ReadonlyMap<string, readonly string[]> }
  /** By a body of JSON, an object. */
  | { readonly kind: 'json'; readonly text: string; readonly keys: readonly string[] }
  /** A body as the only argument, which has no name. */
  | { readonly kind: 'raw'; readonly body: Buffer; readonly types: readonly string[] }

const namesOf = (given: Arguments): readonly string[] =>
  given.kind === 'named' ? [...given.values.keys()] : given.kind === 'json' ? given.keys : []

export interface FoundRoutine {
  readonly routine: Routine
  readonly given: Arguments
}

/** The one function of that name that takes these arguments; PGRST202 or PGRST203. */
export function findRoutine(
  cache: SchemaCache,
  schema: string,
  name: string,
  given: Arguments,
  raw: (Arguments & { kind: 'raw' }) | undefined,
): FoundRoutine {
  const all = cache.routines.get(keyOf(schema, name)) ?? []
  const names = namesOf(given)
  const fits = ({ parameters }: Routine) =>
    names.every((each) => parameters.some((parameter) => parameter.name === each)) &&
    parameters.every((parameter) => !parameter.isRequired || names.includes(parameter.name))
  const named = given.kind === 'raw' ? [] : all.filter(fits)
  const isSingle = ({ parameters: [only, ...others] }: Routine) =>
    only !== undefined && others.length === 0 && only.name === '' && (raw?.types.includes(only.type) ?? false)
  const found = named.length > 0 ? named : all.filter(isSingle)
  const [routine] = found
  if (!routine) throw missing(schema, name, names, raw !== undefined)
  if (found.length > 1) throw ambiguous(found)
  return { routine, given: named.length > 0 || !raw ? given : raw }
}

function missing(schema: string, name: string, names: readonly string[], isPost: boolean): DataApiError {
  const full = `${schema}.${name}`
  const called = names.length === 0 ? `${full} without parameters` : `${full}(${names.join(', ')})`
  const searched =
    names.length === 0
      ? 'without parameters'
      : `with parameter${names.length > 1 ? 's' : ''} ${names.join(', ')}`
  const or = isPost ? ' or with a single unnamed json/jsonb parameter' : ''
  return new DataApiError(PGRST.routine, `Could not find the function ${called} in the schema cache`, {
    details: `Searched for the function ${full} ${searched}${or}, but no matches were found in the schema cache.`,
  })
}

function ambiguous(found: readonly Routine[]): DataApiError {
  const shown = found.map(
    ({ schema, name, parameters }) =>
      `${schema}.${name}(${parameters.map((each) => `${each.name} => ${each.type}`).join(', ')})`,
  )
  return new DataApiError(
    PGRST.ambiguousRoutine,
    `Could not choose the best candidate function between: ${shown.join(', ')}`,
    {
      hint: 'Try renaming the parameters or the function itself in the database so function overloading can be resolved',
    },
  )
}

/** The call as the rows that it gives; one column `pgrst_scalar` for what is no row. */
export function callSql(statement: Statement, { routine, given }: FoundRoutine): string {
  const { from, args } = argumentsSql(statement, routine, given)
  const call = `${qualified(routine.schema, routine.name)}(${args.join(', ')})`
  const comma = from === '' ? '' : `${from}, `
  if (routine.returns === 'composite') return `SELECT "c".* FROM ${comma}LATERAL ${call} AS "c"`
  return `SELECT ${call} AS "pgrst_scalar"${from === '' ? '' : ` FROM ${from}`}`
}

function argumentsSql(
  statement: Statement,
  { parameters }: Routine,
  given: Arguments,
): { readonly from: string; readonly args: readonly string[] } {
  const [only] = parameters
  if (given.kind === 'raw') {
    const value = only?.type === 'bytea' ? given.body : given.body.toString('utf8')
    return { from: '', args: [`${statement.param(value)}::${only?.type ?? 'json'}`] }
  }
  const used = parameters.filter(({ name }) => namesOf(given).includes(name))
  const named = (name: string, isVariadic: boolean, sql: string) =>
    `${isVariadic ? 'VARIADIC ' : ''}${quote(name)} := ${sql}`
  if (given.kind === 'named') {
    const args = used.map(({ name, type, isVariadic }) => {
      const values = given.values.get(name) ?? []
      const value = isVariadic ? statement.param([...values]) : statement.param(values.at(-1) ?? null)
      return named(name, isVariadic, `${value}::${type}`)
    })
    return { from: '', args }
  }
  if (used.length === 0) return { from: '', args: [] }
  const typed = used.map(({ name, type }) => `${quote(name)} ${type}`).join(', ')
  const from = `(SELECT * FROM json_to_record(${statement.param(given.text)}::json) AS "p"(${typed})) AS "a"`
  return { from, args: used.map(({ name, isVariadic }) => named(name, isVariadic, `"a".${quote(name)}`)) }
}
