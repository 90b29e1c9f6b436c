import { existsSync } from 'node:fs'
import path from 'node:path'
import { defineCommand } from '../command/define-command.ts'
import { Failure } from '../command/failure.ts'
import { dataDirOf, findLocalWorkspace } from '../config/local-workspace.ts'
import { requireDataDirectory } from '../config/resolve.ts'
import { clockFindings } from '../doctor/clock.ts'
import { appYamlFindings, dataDirectoryFindings } from '../doctor/data-directory.ts'
import { cloningFindings } from '../doctor/cloning.ts'
import { type Finding, note } from '../doctor/finding.ts'
import { fileSystemFindings, hostFindings } from '../doctor/host.ts'
import { objectArchiveFindings } from '../doctor/object-archive.ts'
import { memoryFindings } from '../doctor/memory.ts'
import { neighbourFindings } from '../doctor/neighbours.ts'
import { orphanFindings } from '../doctor/orphans.ts'

const MARKS = { ok: 'ok     ', note: 'note   ', problem: 'PROBLEM' } as const

export const doctor = defineCommand({
  path: ['doctor'],
  summary: 'Explain what this machine and the workspace on it can do and what is wrong',
  description:
    'Tries what a workspace needs: programs, Postgres, names, ports, the file system and the kernel; then its data directory, the clock, other workspaces that run on this machine, the app.yaml files of this folder and, in branches that are awake, tables whose app is gone. Each finding says what, why it matters and what to do. The exit code is 1 where there is a problem, and 0 otherwise: notes are no problems. Nothing is changed, and nothing woken without --wake.',
  options: { wake: { summary: 'wake sleeping branches to look into them' } },
  examples: [
    { run: 'lakelet doctor', does: 'looks at the machine and the workspace of this folder' },
    { run: 'lakelet doctor -o json', does: 'gives the findings to a script' },
  ],
  async handler(context, { options }) {
    const { terminal, out } = context
    const dataDir = await requireDataDirectory(terminal, context).catch(() =>
      dataDirOf(terminal, context.dataDir),
    )
    const findings = [
      ...(await hostFindings(terminal.env)),
      ...(await fileSystemFindings(existing(dataDir)).catch(unreadable)),
      ...(await cloningFindings(existing(dataDir)).catch(unreadable)),
      ...(await dataDirectoryFindings(dataDir)),
    ]
    const local = await findLocalWorkspace(dataDir).catch(() => undefined)
    findings.push(...(await clockFindings(dataDir, local?.host, terminal.fetch)))
    findings.push(...(await neighbourFindings(dataDir)))
    if (local) {
      findings.push(...(await memoryFindings(context, local).catch(unreadable)))
      findings.push(...(await objectArchiveFindings(context, local).catch(unreadable)))
      findings.push(...(await appYamlFindings(terminal.cwd, local)))
      findings.push(...(await orphanFindings(context, options.wake).catch(unreadable)))
    }
    out.data({ data_dir: dataDir, findings }, { lines: findings.flatMap(linesOf) })
    const problems = findings.filter(({ state }) => state === 'problem').length
    if (problems > 0) throw new Failure(`${problems} of ${findings.length} findings are problems.`)
  },
})

function linesOf({ check, state, found, why, todo }: Finding): string[] {
  const rest = [why, todo].filter((each) => each !== undefined)
  return [`${MARKS[state]} ${check}: ${found}`, ...rest.map((each) => `          ${each}`)]
}

/** What cannot be looked at is said and does not hide the rest. */
function unreadable(error: unknown): Finding[] {
  const reason = error instanceof Error ? error.message : String(error)
  return [note('unreadable', reason, 'Something could not be looked at.', 'Mend it and look again.')]
}

/** `directory`, or the nearest above it that is there. */
function existing(directory: string): string {
  return existsSync(directory) ? directory : existing(path.dirname(directory))
}
