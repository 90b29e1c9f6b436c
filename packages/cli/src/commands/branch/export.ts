import { createWriteStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { branchFileRoutes } from '@lakelet/api'
import { megabytes } from '../../command/bytes.ts'
import { defineCommand } from '../../command/define-command.ts'
import { withProgress } from '../../command/progress.ts'
import { findBranch } from '../../postgres/endpoint-target.ts'
import { branchArgument, namedBranch, projectOption } from './branch-target.ts'

export const branchExport = defineCommand({
  path: ['branch', 'export'],
  summary: 'Write what a branch holds now to one file, which another workspace can import',
  description:
    'All of its databases and roles with their passwords, as they were at one moment; clients go on, and a branch that sleeps is not woken. Its past stays where it is. The file is compressed and has a checksum of everything in it; `lakelet branch import` makes a branch of it. Whoever can read it can read the data: keep it as you keep passwords.',
  arguments: {
    branch: branchArgument,
    file: { summary: 'where it goes, such as production.tar.zst; nothing may be there yet' },
  },
  options: { project: projectOption },
  examples: [
    {
      run: 'lakelet branch export production production.tar.zst',
      does: 'writes the branch to a file, while it is written to',
    },
  ],
  async handler(context, { arguments: { branch, file }, options: { project } }) {
    const { workspace, out, signal, terminal } = context
    const to = path.resolve(terminal.cwd, file)
    const { partialOf, refuseTarget, sweepOldPartials } = await import('@lakelet/server')
    await refuseTarget(to)
    const { client } = await workspace()
    const params = await findBranch(context, namedBranch(branch, project))
    await sweepOldPartials(path.dirname(to))
    const bytes = await withProgress(terminal, `Exporting ${params.branch}`, async (progress) => {
      const stream = await client.call(branchFileRoutes.exportBranch, { params }, signal)
      return writeWhole(stream, { to, partial: partialOf(to), signal }, (written) =>
        progress.detail(`${megabytes(written)} MB`),
      )
    })
    const name = `projects/${params.project}/branches/${params.branch}`
    out.data(
      { branch: name, file: to, bytes },
      { lines: [`Wrote ${name} to ${to}: ${megabytes(bytes)} MB.`] },
    )
    out.note(`Make a branch of it with: lakelet branch import ${file} --id NEW`)
  },
})

/** Writes all of `stream` under another name first; nothing is left where it ends early. Gives the bytes. */
async function writeWhole(
  stream: AsyncIterable<Uint8Array>,
  { to, partial, signal }: { readonly to: string; readonly partial: string; readonly signal: AbortSignal },
  onWritten: (bytes: number) => void,
): Promise<number> {
  let written = 0
  const counted = async function* (source: AsyncIterable<Uint8Array>) {
    for await (const chunk of source) {
      onWritten((written += chunk.length))
      yield chunk
    }
  }
  try {
    await pipeline(stream, counted, createWriteStream(partial, { flags: 'wx', mode: 0o600 }), { signal })
    await using handle = await open(partial, 'r')
    await handle.sync()
    await rename(partial, to)
    return written
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  }
}
