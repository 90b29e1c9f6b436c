import { readFile, realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import { parseEnv } from 'node:util'
import type { Endpoint } from '@lakelet/api'
import type { CommandContext } from '../../command/context.ts'
import { defineCommand } from '../../command/define-command.ts'
import { Failure, exitCodes, usageFailure } from '../../command/failure.ts'
import { isMissing, writePrivateFile } from '../../config/config-file.ts'
import { withVariables } from '../../config/dotenv-file.ts'
import { isTakenByGit } from '../../config/taken-by-git.ts'
import { type Wanted, connectingOptions, connectingTo } from '../../postgres/connecting.ts'
import { findEndpoint, targetOptions } from '../../postgres/endpoint-target.ts'
import type { Variables } from './env-format.ts'
import { isLastingToken, isToken } from './token-life.ts'
import { connectionVariables, workspaceVariables } from './variables.ts'

export const envPull = defineCommand({
  path: ['env', 'pull'],
  summary: 'Write the variables that an app needs into a .env file',
  description:
    'What is in the file already stays where and how it is: other variables, comments, order. Doing it again changes nothing. Since the file holds your token, only you can read it, and one that git would take is refused. A password (--with-password) is a token that ends; it is replaced when half of its life is over.',
  arguments: { file: { summary: 'the file; .env when left out', optional: true } },
  options: { ...targetOptions, ...connectingOptions },
  examples: [
    { run: 'lakelet env pull', does: 'writes .env, or brings it up to date' },
    { run: 'lakelet env pull .env.local --branch dev', does: 'writes another file, for branch dev' },
  ],
  async handler(context, { arguments: { file = '.env' }, options }) {
    const endpoint = await findEndpoint(context, options)
    const pulled = await pullVariables(context, endpoint, file, options)
    const { isChanged, variables } = pulled
    const count = Object.keys(variables).length
    context.out.data(
      { file: pulled.file, is_changed: isChanged, endpoint: endpoint.name, names: Object.keys(variables) },
      {
        lines: [isChanged ? `${file} has ${count} variables of ${endpoint.name}.` : `${file} is up to date.`],
      },
    )
  },
})

export interface Pulled {
  /** Its path, links followed. */
  readonly file: string
  readonly isChanged: boolean
  readonly variables: Variables
}

/** Brings a `.env` file up to date. Throws a Failure, and writes nothing, where git would take the file. */
export async function pullVariables(
  context: CommandContext,
  endpoint: Endpoint,
  name: string,
  wanted: Wanted,
): Promise<Pulled> {
  const { terminal } = context
  const file = await fileFor(path.resolve(terminal.cwd, name))
  await refuseIfTaken(file, name, terminal.env)
  const before = await readFile(file, 'utf8').catch((error: unknown) => {
    if (isMissing(error)) return ''
    throw new Failure(`${name} cannot be read.`, { exitCode: exitCodes.usage, cause: error })
  })
  const variables = await wantedVariables(context, endpoint, wanted, parseEnv(before))
  // A password that an earlier call wrote would only be in the way once it has ended.
  const isOldPassword = (key: string, value: string) =>
    (key === 'PGPASSWORD' || key === 'DATABASE_URL') && isToken(value)
  const after = withVariables(before, variables, isOldPassword)
  const { mode } = await stat(file).catch(() => ({ mode: 0 }))
  if (after !== before || (mode & 0o777) !== 0o600) await writePrivateFile(file, after)
  return { file, isChanged: after !== before, variables }
}

/** What the file links to is written, and the link stays. */
async function fileFor(file: string): Promise<string> {
  const found = await stat(file).catch(() => undefined)
  if (found?.isDirectory()) throw usageFailure(`${file} is a folder.`, 'Name a file, such as .env.')
  const folder = path.dirname(file)
  const isThere = await stat(folder).then(
    (each) => each.isDirectory(),
    () => false,
  )
  if (!isThere) throw usageFailure(`There is no folder ${folder}.`, 'Make it, or name another file.')
  return realpath(file).catch(async () => path.join(await realpath(folder), path.basename(file)))
}

async function refuseIfTaken(
  file: string,
  name: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  if (!(await isTakenByGit(file, env))) return
  throw new Failure(
    `${name} would hold your token, and git does not ignore it: it would get into the repository.`,
    {
      exitCode: exitCodes.conflict,
      todo: `Add it to .gitignore ('lakelet init' does that for .env); if it was committed before, 'git rm --cached ${name}' takes it out.`,
    },
  )
}

async function wantedVariables(
  context: CommandContext,
  endpoint: Endpoint,
  wanted: Wanted,
  present: Readonly<Record<string, string | undefined>>,
): Promise<Variables> {
  const workspace = await workspaceVariables(await context.workspace(), endpoint)
  const open = await connectingTo(context, endpoint, { ...wanted, withPassword: false })
  const fixed = {
    ...connectionVariables(open),
    ...(open.caFile === undefined ? {} : { NODE_EXTRA_CA_CERTS: open.caFile }),
    ...workspace,
  }
  if (!wanted.withPassword) return fixed
  const isSame = Object.entries(fixed).every(([name, value]) => present[name] === value)
  const { PGPASSWORD: kept } = present
  const isKept = isSame && kept !== undefined && isLastingToken(kept)
  const connecting = isKept ? { ...open, password: kept } : await connectingTo(context, endpoint, wanted)
  return { ...fixed, ...connectionVariables(connecting) }
}
