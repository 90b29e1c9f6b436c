import path from 'node:path'
import { backupRoutes, progressLine } from '@lakelet/api'
import type { CommandContext } from '../../command/context.ts'
import { megabytes } from '../../command/bytes.ts'
import { defineCommand } from '../../command/define-command.ts'
import { Failure } from '../../command/failure.ts'
import { withProgress } from '../../command/progress.ts'
import { findLocalWorkspace, type LocalWorkspace } from '../../config/local-workspace.ts'
import { requireDataDirectory } from '../../config/resolve.ts'
import { ownersClient } from '../../config/owners-client.ts'

interface Report {
  readonly to: string
  readonly bytes: number
  readonly branches: number
  readonly snapshots: number
  readonly left_out: readonly string[]
}

export const backup = defineCommand({
  path: ['backup'],
  summary: 'Write a backup of the whole workspace to one file or a directory, while it runs or not',
  description:
    'Projects, branches with their history, snapshots, users, keys, secrets, workspace files and the sources of apps. Each branch is as it was at one moment of the backup; clients go on. A name that ends in .tar.zst is one file. Whoever can read a backup can sign in: keep it as you keep passwords. `lakelet restore` makes a data directory of it.',
  arguments: { to: { summary: 'where it goes; nothing may be there yet' } },
  examples: [
    { run: 'lakelet backup /backup/lakelet.tar.zst', does: 'writes one compressed file' },
    { run: 'lakelet backup /backup/lakelet', does: 'writes a directory' },
  ],
  async handler(context, { arguments: { to } }) {
    const { terminal, out, signal } = context
    const dataDir = await requireDataDirectory(terminal, context)
    const target = path.resolve(terminal.cwd, to)
    const report = await withProgress(terminal, 'Backing up', async (progress) => {
      const say = (what: string) => {
        progress.say(`Backing up ${what}`)
      }
      const running = await findLocalWorkspace(dataDir)
      if (running) return backUpRunning(context, running, target, say)
      const { backUpDataDirectory } = await import('@lakelet/server')
      return backUpDataDirectory({ dataDir, to: target, onProgress: say, signal })
    })
    out.data(report, {
      lines: [
        `Wrote ${report.to}: ${count(report.branches, 'branch', 'branches')}, ${count(report.snapshots, 'snapshot', 'snapshots')}, ${megabytes(report.bytes)} MB before compression.`,
        ...report.left_out.map((name) => `Left out, deleted meanwhile: ${name}`),
      ],
    })
    out.note(`Restore it with: lakelet restore ${to} --data-dir NEW`)
  },
})

/** The workspace itself reads its files, and writes the backup. */
async function backUpRunning(
  { terminal, signal }: CommandContext,
  local: LocalWorkspace,
  to: string,
  say: (what: string) => void,
): Promise<Report> {
  const client = await ownersClient(terminal, local)
  const lines = await client.call(backupRoutes.backUp, { body: { to } }, signal)
  for await (const line of linesOf(lines)) {
    const said = progressLine.parse(JSON.parse(line))
    if ('progress' in said) say(said.progress)
    else if ('error' in said) throw new Failure(`${said.error.message} [${said.error.error_code}]`)
    else return said.done as unknown as Report
  }
  throw new Failure('The workspace stopped before the backup was made; nothing is left of it.')
}

async function* linesOf(stream: AsyncIterable<Uint8Array | string>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    rest += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })
    const lines = rest.split('\n')
    rest = lines.pop() ?? ''
    yield* lines.filter((line) => line !== '')
  }
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`
}
