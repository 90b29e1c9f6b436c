import {
  credentialRoutes,
  endpointOption,
  endpointRoutes,
  overviewRoutes,
  parseResourceName,
  postgresUrl,
  telemetryRoutes,
} from '@lakelet/api'
import { z } from 'zod'
import { branchFields, databaseField, pageField, projectField } from '../fields.ts'
import { ToolError } from '../problem.ts'
import { branchOf, endpointOf, projectOf } from '../targets.ts'
import { defineTool, sessionOf } from '../tool.ts'

const MOST_SESSIONS = 50

export const observeTools = [
  defineTool({
    name: 'why_awake',
    title: 'Why a compute is awake',
    description:
      'The state of a compute, what keeps it awake, why it last slept or failed, and who is connected. Wakes nothing.',
    toolset: 'observe',
    effect: 'reads',
    input: z.object(branchFields),
    async run(context, input) {
      const { client, signal } = context
      const target = await branchOf(context, input)
      const params = { ...target, endpoint: (await endpointOf(context, target)).endpoint_id }
      const activity = await client.call(endpointRoutes.getActivity, { params }, signal)
      const { sessions } = await client.call(endpointRoutes.listSessions, { params }, signal)
      return {
        text: activity.awake_because
          ? 'The compute is awake, and the data says because of what.'
          : 'What the compute does; nothing is known to keep it awake.',
        data: { ...activity, sessions: sessions.slice(0, MOST_SESSIONS) },
        more:
          sessions.length > MOST_SESSIONS
            ? `${sessions.length} sessions are connected, the first ${MOST_SESSIONS} are listed`
            : undefined,
      }
    },
  }),
  defineTool({
    name: 'top_statements',
    title: 'Statements that took the most time',
    description:
      'The statements of the last hours that took the most time, with calls, rows and cache hits, and what the compute did meanwhile. Wakes nothing.',
    toolset: 'observe',
    effect: 'reads',
    input: z.object({
      ...branchFields,
      hours: z
        .number()
        .min(0.1)
        .max(24 * 31)
        .default(24),
      limit: z.int().min(1).max(50).default(20),
    }),
    async run(context, input) {
      const { client, signal } = context
      const target = await branchOf(context, input)
      const params = { ...target, endpoint: (await endpointOf(context, target)).endpoint_id }
      const now = Date.now()
      const query = {
        start_time: new Date(now - input.hours * 3_600_000).toISOString(),
        end_time: new Date(now).toISOString(),
        step: `${Math.ceil(input.hours * 3600)}s`,
      }
      const telemetry = await client.call(telemetryRoutes.getTelemetry, { params, query }, signal)
      const most = telemetry.pg_stat_statements_counters
      const sum = (column: readonly (number | null)[]) =>
        column.reduce<number>((all, each) => all + (each ?? 0), 0)
      return {
        text: `Statements: ${Math.min(most.length, input.limit)}; times are in milliseconds.`,
        data: {
          awake_seconds: sum(telemetry.compute_counters.awake_seconds),
          cpu_seconds: sum(telemetry.compute_counters.cpu_seconds),
          wait_events: telemetry.wait_event_counters.slice(0, 10),
          statements: most.slice(0, input.limit).map((each) => ({
            query: each.query,
            calls: each.calls,
            total_ms: Math.round(each.total_exec_ms),
            mean_ms: Math.round((each.total_exec_ms / Math.max(each.calls, 1)) * 100) / 100,
            rows: each.rows,
            cache_hits: each.shared_blks_hit,
            cache_misses: each.shared_blks_read,
            role: each.role,
            database: each.database,
          })),
        },
        more: most.length > input.limit ? `${most.length} statements are known; raise limit` : undefined,
      }
    },
  }),
  defineTool({
    name: 'list_operations',
    title: 'Operations',
    description:
      'What the workspace does or did lately (branches made, restores, deployments), how far it is, and why it failed.',
    toolset: 'observe',
    effect: 'reads',
    input: z.object({ project: projectField, page: pageField }),
    async run(context, { project: named, page }) {
      const { client, signal, options } = context
      const project =
        named === undefined && options.project === undefined ? undefined : await projectOf(context, named)
      const query = {
        page_size: 25,
        ...(project === undefined ? {} : { project }),
        ...(page === undefined ? {} : { page_token: page }),
      }
      const reply = await client.call(overviewRoutes.listOperations, { query }, signal)
      const { operations = [], next_page_token: next } = reply
      return {
        text: `Operations: ${operations.length}, the newest first.`,
        data: { operations, next_page_token: next },
        more: next === undefined ? undefined : 'older ones follow, by next_page_token in page',
      }
    },
  }),
  defineTool({
    name: 'connection_string',
    title: 'Connection string',
    description:
      'The URL by which programs connect to a branch as the signed-in user, without a password. with_password: true puts a token in that is good for about an hour and opens the database: ask for it only when the person wants it.',
    toolset: 'observe',
    effect: 'reads',
    input: z.object({
      ...branchFields,
      database: databaseField,
      pooled: z.boolean().default(false).describe('Through the transaction pool.'),
      with_password: z.boolean().default(false),
    }),
    async run(context, input) {
      const { client, signal, options } = context
      if (input.with_password && options.readOnly)
        throw new ToolError('These tools only read, and a password opens the database for writing.')
      const endpoint = await endpointOf(context, await branchOf(context, input))
      const session = await sessionOf(context)
      const { hosts } = endpoint.status
      const host = input.pooled ? (hosts.read_write_pooled_host ?? hosts.host) : hosts.host
      const body = { endpoint: endpoint.name }
      const password = input.with_password
        ? (await client.call(credentialRoutes.generate, { body }, signal)).token
        : undefined
      const url = postgresUrl({
        host,
        port: session.postgres.port,
        user: session.user,
        database: input.database,
        caFile: session.ca_file,
        option: endpointOption(endpoint.uid, host, input.pooled),
        password,
      })
      return {
        text:
          password === undefined
            ? "The URL holds no password. 'lakelet psql' and lakelet-connect get tokens by themselves."
            : 'The URL holds a token: do not write it into files, and do not show it to others.',
        data: { connection_string: url, branch: parseResourceName(endpoint.name)?.branch },
      }
    },
  }),
  defineTool({
    name: 'workspace_log',
    title: 'Log of the workspace',
    description: 'The latest lines of the log of the workspace itself, for when something goes wrong.',
    toolset: 'observe',
    effect: 'reads',
    isOffered: ({ workspaceLog }) => workspaceLog !== undefined,
    input: z.object({
      lines: z.int().min(1).max(500).default(50),
      level: z.enum(['debug', 'info', 'warn', 'error']).default('warn'),
    }),
    async run({ options }, { lines, level }) {
      const found = (await options.workspaceLog?.(lines, level)) ?? []
      return { text: `Lines: ${found.length}, the oldest first.`, data: { lines: found } }
    },
  }),
]
