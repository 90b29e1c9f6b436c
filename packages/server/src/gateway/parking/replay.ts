// What gives a fresh backend the state that another had: messages of the protocol, in one go. It comes in parts that each end in a Sync: whatever
// fails in the main one undoes all of it.
import {
  encodeBind,
  encodeClose,
  encodeExecute,
  encodeParse,
  encodeSync,
  type NoticeFields,
} from '@lakelet/wire'
import { type BackendState, OWN_STATEMENT, type PreparedStatement } from './backend-state.ts'
import type { Conversation } from './conversation.ts'

/** What a backend does not tell of how it came to what it is. */
export interface Variant {
  /** How custom settings that are set no more are left: never set for longer than a transaction, or reset. */
  readonly emptyAre: 'local' | 'set'
  /** It said `SET ROLE NONE`, whatever it was before. */
  readonly saysNoRole: boolean
}

export interface ReplayOptions extends Variant {
  /** LISTEN, too. */
  readonly listens: boolean
  /** Body of the Parse that made the statement without a name. */
  readonly unnamed: Buffer | undefined
}

/** What cannot be said again although it was said once. */
export class ReplayError extends Error {
  override readonly name = 'ReplayError'

  constructor(fields: NoticeFields) {
    super(fields.message ?? 'the server refused what it had taken before')
  }
}

const SET = `SELECT pg_catalog.set_config(pg_catalog.json_array_element_text(e, 0), pg_catalog.json_array_element_text(e, 1), false)
FROM pg_catalog.json_array_elements($1::pg_catalog.json) AS e`
/** Only what is not so already: what a role begins with was not set by the session. */
const SET_CUSTOM = `SELECT pg_catalog.set_config(pg_catalog.json_array_element_text(e, 0), pg_catalog.json_array_element_text(e, 1), $2::pg_catalog.bool)
FROM pg_catalog.json_array_elements($1::pg_catalog.json) AS e
WHERE pg_catalog.current_setting(pg_catalog.json_array_element_text(e, 0), true) IS NULL
  OR pg_catalog.current_setting(pg_catalog.json_array_element_text(e, 0), true) OPERATOR(pg_catalog.<>) pg_catalog.json_array_element_text(e, 1)`
const SET_ONE = 'SELECT pg_catalog.set_config($1, $2, $3::pg_catalog.bool)'
/** One statement that is PREPARE and nothing else: the server itself refuses several in one Parse. */
const IS_PREPARE = /^(?:\s|--[^\n]*(?:\n|$)|\/\*[^*]*\*+(?:[^/*][^*]*\*+)*\/)*PREPARE\s/i

/** Whether all statements can be made again. */
export function canPrepareAgain({ statements }: BackendState): boolean {
  return statements.every(({ isSql, text }) => !isSql || IS_PREPARE.test(text))
}

/**
 * Gives the backend the state; `login` is what it said when it let us in. Returns the parameters that it reported on the way. Rejects with
 * ReplayError, or as `Conversation.ask` does.
 */
export async function replay(
  conversation: Conversation,
  state: Omit<BackendState, 'fingerprint'>,
  login: ReadonlyMap<string, string>,
  options: ReplayOptions & { readonly signal: AbortSignal },
): Promise<ReadonlyMap<string, string>> {
  const { signal, unnamed } = options
  const parts = [mainPart(state, login, options), ...encodingPart(state)]
  if (parts.some((part) => part.length > 0)) {
    const messages = parts.map((part) => Buffer.concat([...part, encodeSync()]))
    const { error, parameters } = await conversation.ask(Buffer.concat(messages), signal, parts.length)
    if (error) throw new ReplayError(error)
    login = new Map([...login, ...parameters])
  }
  // It may fail, as it may have failed for the client.
  if (unnamed) await conversation.ask(Buffer.concat([parseMessage(unnamed), encodeSync()]), signal)
  return login
}

function mainPart(
  state: Pick<BackendState, 'settings' | 'custom' | 'statements' | 'channels' | 'sessionUser' | 'role'>,
  login: ReadonlyMap<string, string>,
  { listens, emptyAre, saysNoRole }: ReplayOptions,
): Buffer[] {
  const settings = state.settings.filter(([name]) => name !== 'client_encoding')
  const set = state.custom.filter(([, value]) => value !== '')
  const empty = state.custom.filter(([, value]) => value === '')
  const isSomeoneElse = state.sessionUser !== login.get('session_authorization')
  return [
    // What follows is written in UTF-8, until the Sync.
    ...(login.get('client_encoding') === 'UTF8' ? [] : run(SET_ONE, ['client_encoding', 'UTF8', 'true'])),
    ...(settings.length > 0 ? run(SET, [JSON.stringify(settings)]) : []),
    ...(set.length > 0 ? run(SET_CUSTOM, [JSON.stringify(set), 'false']) : []),
    ...(empty.length > 0 ? run(SET_CUSTOM, [JSON.stringify(empty), String(emptyAre === 'local')]) : []),
    ...state.statements.flatMap(prepare),
    ...(listens ? state.channels.flatMap((channel) => run(`LISTEN ${quoted(channel)}`)) : []),
    ...(isSomeoneElse ? run(SET_ONE, ['session_authorization', state.sessionUser, 'false']) : []),
    ...(state.role === 'none' && !saysNoRole ? [] : run(SET_ONE, ['role', state.role, 'false'])),
  ]
}

function encodingPart({ settings }: Pick<BackendState, 'settings'>): Buffer[][] {
  const encoding = settings.find(([name]) => name === 'client_encoding')
  return encoding ? [run(SET_ONE, [...encoding, 'false'])] : []
}

function prepare({ name, text, parameterTypes, isSql }: PreparedStatement): Buffer[] {
  return isSql ? run(text) : [encodeParse(name, text, parameterTypes)]
}

function run(text: string, values: readonly string[] = []): Buffer[] {
  return [
    encodeParse(OWN_STATEMENT, text),
    encodeBind('', OWN_STATEMENT, values),
    encodeExecute(''),
    encodeClose('statement', OWN_STATEMENT),
  ]
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

function parseMessage(body: Buffer): Buffer {
  const header = Buffer.alloc(5)
  header.write('P')
  header.writeUInt32BE(body.length + 4, 1)
  return Buffer.concat([header, body])
}
