// What the commands of all rows share.
import type { Client, RouteCall, RouteDefinition } from '@lakelet/api'
import { examplesOf } from './examples.ts'
import type { PostgresRow } from './table.ts'

export interface Call {
  readonly params: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, unknown>>
  readonly body?: unknown
}

/** The server checks what the table cannot know at compile time. */
export async function send(
  client: Client,
  route: RouteDefinition,
  call: Call,
  signal: AbortSignal,
): Promise<unknown> {
  return client.call(route, call as unknown as RouteCall<RouteDefinition>, signal)
}

/** Options as the handler of a row gets them. */
export type Options = Readonly<Record<string, unknown>>

/** Where the command stands, and its help. */
export function headOf(row: PostgresRow) {
  return {
    path: ['postgres', row.verb],
    summary: row.route.summary.replace(/;.*/, ''),
    examples: examplesOf(row.verb),
    ...(row.hidden ? { hidden: true as const } : {}),
  }
}
