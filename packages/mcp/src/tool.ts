// A tool as data: what it is called, what it takes, what it does to the world, and how. The server makes the rest of it.
import { type Client, overviewRoutes, type Session } from '@lakelet/api'
import type { z } from 'zod'
import type { Answer } from './answer.ts'
import type { McpOptions, Toolset } from './options.ts'
import { ToolError } from './problem.ts'

/** What a handler works with. */
export interface ToolContext {
  readonly client: Client
  /** Aborted when the client cancels or goes. */
  readonly signal: AbortSignal
  readonly options: McpOptions
  readonly tool: string
  /** Tells the client how far it is, where it asked to be told. */
  readonly progress: (message: string) => void
}

export interface ToolDefinition {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly toolset: Toolset
  readonly input: z.ZodObject
  /** `reads`: changes nothing. `adds`: makes something new. `destroys`: replaces or removes, and is confirmed. */
  readonly effect: 'reads' | 'adds' | 'destroys'
  /** Whether a second call of the same changes nothing more. */
  readonly isIdempotent?: boolean
  readonly isOffered?: (options: McpOptions) => boolean
  readonly run: (context: ToolContext, input: never) => Promise<Answer>
}

/** Declares a tool; the type of its handler's input follows from its schema. */
export function defineTool<const S extends z.ZodObject>(
  definition: Omit<ToolDefinition, 'input' | 'run'> & {
    readonly input: S
    readonly run: (context: ToolContext, input: z.output<S>) => Promise<Answer>
  },
): ToolDefinition {
  return definition
}

export function sessionOf({ client, signal }: ToolContext): Promise<Session> {
  return client.call(overviewRoutes.getSession, {}, signal)
}

interface Plan {
  /** The call. */
  readonly input: { readonly confirm?: string | undefined; readonly confirm_name?: string | undefined }
  /** What would happen, in the server's words. */
  readonly would: string
  /** What it would happen to. */
  readonly data: unknown
  readonly state: unknown
  /** What has to be repeated in `confirm_name`, for what is not to be lost by mistake. */
  readonly name?: string | undefined
}

/** The answer of a call that is not confirmed yet; undefined for one that is. Throws a ToolError for a wrong word. */
export async function unconfirmed(context: ToolContext, plan: Plan): Promise<Answer | undefined> {
  const { options, tool, client } = context
  const { confirm, confirm_name: name, ...input } = plan.input
  const { user } = await sessionOf(context)
  const asked = { tool, caller: `${user} ${client.host}`, input, state: plan.state }
  if (confirm === undefined) return ask(options.confirmations.ask(asked), plan)
  if (plan.name !== undefined && name !== plan.name) {
    throw new ToolError(
      'Nothing was done. This is protected, a default branch or a whole project: confirm_name has to repeat its full name. Ask the person first.',
      { confirm_name: plan.name },
    )
  }
  if (options.confirmations.take(confirm, asked)) return undefined
  throw new ToolError(
    'Nothing was done: the word in confirm is not for this call. It is for one call, with the same input, within ten minutes, while the thing is as it was. Call again without confirm for a new one.',
  )
}

function ask(word: string, { would, data, name }: Plan): Answer {
  const more = name === undefined ? '' : ' and confirm_name with the full name that is in the data'
  return {
    text: `Nothing was done yet. ${would} Show this to the person you work for; if they agree, call again with the same input, confirm: "${word}"${more}.`,
    data: { ...(data as object), ...(name === undefined ? {} : { confirm_name: name }) },
  }
}
