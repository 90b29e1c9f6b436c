// Libraries of extensions that a session has loaded: they bring settings of their own, which a fresh backend lacks until it loads them, too. A
// client may not load one by its name; but whoever may call a function has its library loaded by that, and a strict function that is given
// NULL is not even run.
import { encodeBind, encodeClose, encodeExecute, encodeParse, encodeSync } from '@lakelet/wire'
import { OWN_STATEMENT } from './backend-state.ts'
import type { Conversation } from './conversation.ts'

/** The library behind a prefix of settings, where it is called otherwise. */
const LIBRARIES: Readonly<Record<string, string>> = { hnsw: 'vector', ivfflat: 'vector' }
const LOAD_PLPGSQL = 'DO LANGUAGE plpgsql $$ BEGIN END $$'
const PREFIXES = `SELECT DISTINCT pg_catalog.split_part(name, '.', 1) FROM pg_catalog.pg_settings
WHERE pg_catalog.strpos(name, '.') OPERATOR(pg_catalog.>) 0`
/** A call that loads the library of the parameter. NULL comes from a subquery, lest the call be left out beforehand. */
const CALL = `SELECT pg_catalog.format('SELECT %I.%I(%s)', n.nspname, p.proname, (SELECT pg_catalog.string_agg(
    pg_catalog.format('(SELECT NULL::%s)', pg_catalog.format_type(t, NULL)), ', ' ORDER BY o)
    FROM pg_catalog.unnest(p.proargtypes::pg_catalog.oid[]) WITH ORDINALITY AS a (t, o)))
FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace
WHERE p.proisstrict AND p.prokind OPERATOR(pg_catalog.=) 'f' AND NOT p.proretset AND p.pronargs OPERATOR(pg_catalog.>) 0
  AND p.provariadic OPERATOR(pg_catalog.=) 0
  AND pg_catalog.regexp_replace(p.probin, '^.*/|[.][a-z]+$', '', 'g') OPERATOR(pg_catalog.=) $1
  AND NOT 'pg_catalog.internal'::pg_catalog.regtype::pg_catalog.oid OPERATOR(pg_catalog.=) ANY (p.proargtypes::pg_catalog.oid[])
  AND pg_catalog.has_function_privilege(p.oid, 'EXECUTE') AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
ORDER BY p.oid LIMIT 1`

/** Loads what brings settings of these prefixes, as far as it can; returns what it said for that. */
export async function loadLibraries(
  conversation: Conversation,
  prefixes: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (prefixes.length === 0) return []
  const has = (await ask(conversation, PREFIXES, [], signal)).map(String)
  const said: string[] = []
  for (const prefix of prefixes.filter((each) => !has.includes(each))) {
    const [call] =
      prefix === 'plpgsql'
        ? [LOAD_PLPGSQL]
        : await ask(conversation, CALL, [LIBRARIES[prefix] ?? prefix], signal)
    if (call === undefined || said.includes(call)) continue
    await ask(conversation, call, [], signal)
    said.push(call)
  }
  return said
}

/** Says the same to another backend; whatever fails stays undone. */
export async function loadAgain(
  conversation: Conversation,
  said: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  for (const call of said) await ask(conversation, call, [], signal)
}

async function ask(
  conversation: Conversation,
  text: string,
  values: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  const { rows } = await conversation.ask(
    Buffer.concat([
      encodeParse(OWN_STATEMENT, text),
      encodeBind('', OWN_STATEMENT, values),
      encodeExecute(''),
      encodeClose('statement', OWN_STATEMENT),
      encodeSync(),
    ]),
    signal,
  )
  return rows.flatMap((row) => (row ? [row.toString('utf8')] : []))
}
