import { randomBytes } from 'node:crypto'
import { ApiError, type Branch, type Client, branchRoutes } from '@lakelet/api'
import { defineCommand } from '../../command/define-command.ts'
import { parseDuration } from '../../command/durations.ts'
import { usageFailure } from '../../command/failure.ts'
import { withProgress } from '../../command/progress.ts'
import { findBranch, findEndpoint } from '../../postgres/endpoint-target.ts'
import { splitMoment } from '../../postgres/moment.ts'
import { FORMATS, formatVariables } from '../env/env-format.ts'
import { environmentOf } from '../env/environment.ts'
import { waitForOperation } from '../postgres/operation.ts'
import { branchArgument, namedBranch, projectOption } from './branch-target.ts'

export const branchCreate = defineCommand({
  path: ['branch', 'create'],
  summary: 'Make a branch, and print what an app needs to run on it',
  description:
    'From another branch as it is now, or as it was at a moment of its past. With --env it prints the variables of `lakelet env --with-password` and nothing else, so that a script or a CI job runs on a branch of its own; with --ttl the branch goes by itself.',
  arguments: { id: { summary: 'id of the branch; made up when left out', optional: true } },
  options: {
    project: projectOption,
    from: {
      value: 'BRANCH',
      summary: `${branchArgument.summary}; with @TIME, @-5m or @LSN behind it as it was then; when left out the linked one or the default branch`,
    },
    ttl: {
      value: 'DURATION',
      summary: 'how long the branch lives; for ever when left out',
      parse: parseDuration,
    },
    reuse: { summary: 'take a branch of this id that is there already as it is, for jobs that run again' },
    env: { summary: 'print the variables that an app needs, with a password' },
    format: { value: 'FORMAT', summary: 'how to print them', choices: FORMATS, default: 'sh' },
    timeout: {
      value: 'DURATION',
      summary: 'how long to wait for the end',
      default: '20m',
      parse: parseDuration,
    },
  },
  examples: [
    { run: 'lakelet branch create dev --from production', does: 'makes a branch that stays' },
    {
      run: 'eval "$(lakelet branch create --ttl 2h --from production --env)"',
      does: 'gives a script a branch of its own for two hours',
    },
    {
      run: 'lakelet branch create pr-42 --ttl 2h --reuse --env --format dotenv >> "$GITHUB_ENV"',
      does: 'does so for a job that may run again',
    },
  ],
  async handler(context, { arguments: { id }, options }) {
    const { workspace, out, signal, terminal } = context
    if (options.reuse && id === undefined) throw usageFailure('--reuse needs the id of the branch.')
    const { name, moment } = splitMoment(options.from ?? '')
    const { client } = await workspace()
    const source = await findBranch(context, namedBranch(name || undefined, options.project))
    const branch = id ?? `tmp-${Date.now().toString(36)}-${randomBytes(3).toString('hex')}`
    const life =
      options.ttl === undefined ? { no_expiry: true } : { ttl: `${Math.ceil(options.ttl / 1000)}s` }
    const spec = {
      source_branch: `projects/${source.project}/branches/${source.branch}`,
      ...life,
      ...(moment && 'time' in moment ? { source_branch_time: moment.time } : {}),
      ...(moment && 'lsn' in moment ? { source_branch_lsn: moment.lsn } : {}),
    }
    const params = { project: source.project }
    const make = () =>
      withProgress(terminal, `Making ${branch}`, async (progress) => {
        const request = { params, query: { branch_id: branch }, body: { spec } }
        const started = await client.call(branchRoutes.createBranch, request, signal)
        const onProgress = (message: string) => progress.say(message)
        return (await waitForOperation(client, started, {
          timeoutMs: options.timeout,
          signal,
          onProgress,
        })) as Branch
      })
    const made = options.reuse ? await orPresent(client, { ...params, branch }, signal, make) : await make()
    if (!options.env) {
      out.data(made, { lines: [linesOf(made)] })
      return
    }
    const endpoint = await findEndpoint(context, { ...params, branch, endpoint: undefined })
    const variables = await environmentOf(context, endpoint, { withPassword: true })
    out.raw(formatVariables(variables, out.format === 'json' ? 'json' : options.format))
  },
})

/** The branch that is there, where `make` finds the id taken. */
async function orPresent(
  client: Client,
  params: { readonly project: string; readonly branch: string },
  signal: AbortSignal,
  make: () => Promise<Branch>,
): Promise<Branch> {
  try {
    return await make()
  } catch (error) {
    if (!(error instanceof ApiError) || error.errorCode !== 'ALREADY_EXISTS') throw error
    return client.call(branchRoutes.getBranch, { params }, signal)
  }
}

function linesOf({ name, status }: Branch): string {
  return status.expire_time === undefined
    ? `Made ${name}.`
    : `Made ${name}; it goes by itself at ${status.expire_time}.`
}
