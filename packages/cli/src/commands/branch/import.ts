import { openAsBlob } from 'node:fs'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { type BranchImport, branchFileRoutes } from '@lakelet/api'
import { megabytes } from '../../command/bytes.ts'
import { defineCommand } from '../../command/define-command.ts'
import { parseDuration } from '../../command/durations.ts'
import { usageFailure } from '../../command/failure.ts'
import { withProgress } from '../../command/progress.ts'
import { findProject } from '../../postgres/endpoint-target.ts'
import { waitForOperation } from '../postgres/operation.ts'

/** What an id may be (RFC 1123), and what an export is called. */
const ID = /^([a-z](?:[a-z0-9-]{0,61}[a-z0-9])?)\.tar\.zst$/

export const branchImport = defineCommand({
  path: ['branch', 'import'],
  summary: 'Make a branch of a file that `lakelet branch export` wrote, here or elsewhere',
  description:
    'A root branch with the databases, roles, ids and passwords of the one that was exported. The project must be of the same major version of Postgres. Roles of identities belong to those of the same name here; where there is none, it is said, and nobody can log in as them. A file that was cut or changed is refused, and nothing is made then. For admins: a database can hold code that runs as its server.',
  arguments: { file: { summary: 'the file, such as production.tar.zst' } },
  options: {
    project: {
      value: 'PROJECT',
      summary: 'id of the project that gets the branch; when left out the linked or the only one',
    },
    id: { value: 'ID', summary: 'id of the new branch; the name of the file when left out' },
    timeout: {
      value: 'DURATION',
      summary: 'how long to wait for the end, once the file has arrived',
      default: '20m',
      parse: parseDuration,
    },
  },
  examples: [
    {
      run: 'lakelet branch import production.tar.zst --project my-app-db --id copy',
      does: 'makes the branch copy of the file',
    },
  ],
  async handler(context, { arguments: { file }, options }) {
    const { workspace, out, signal, terminal } = context
    const from = path.resolve(terminal.cwd, file)
    const id = options.id ?? ID.exec(path.basename(from))?.[1]
    if (id === undefined) throw usageFailure(`'${file}' gives no id: name the new branch with --id.`)
    const info = await stat(from).catch(() => undefined)
    if (!info?.isFile()) throw usageFailure(`There is no file ${from}.`)
    const { client } = await workspace()
    const project = await findProject(context, options.project?.replace(/^projects\//, ''))
    const made = await withProgress(terminal, `Importing ${megabytes(info.size)} MB`, async (progress) => {
      const request = { params: { project }, query: { branch_id: id, file }, body: await openAsBlob(from) }
      const received = await client.call(branchFileRoutes.importBranch, request, signal)
      progress.say(`Making ${id}`)
      const onProgress = (message: string) => progress.say(message)
      const wait = { timeoutMs: options.timeout, signal, onProgress }
      const branch = await waitForOperation(client, received.operation, wait)
      return { received, branch }
    })
    const { received } = made
    out.data(
      { ...(made.branch as object), import: { ...received, operation: undefined } },
      { lines: linesOf(`projects/${project}/branches/${id}`, received) },
    )
  },
})

function linesOf(name: string, { source, roles_without_identity: lost }: BranchImport): string[] {
  return [
    `Made ${name} of ${source.branch} as it was at ${source.time}.`,
    ...lost.map(
      ({ role, identity_type: type }) =>
        `Role ${role} belongs to a ${type.toLowerCase().replace('_', ' ')} that this workspace does not have: nobody can log in as it.`,
    ),
  ]
}
