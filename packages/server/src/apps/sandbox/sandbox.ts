// What an app runs in, where the host lets us: its own network, files, processes and user, made by bubblewrap and pasta. Neither needs rights,
// as long as users may make namespaces.
import type { ChildProcess } from 'node:child_process'
import type { Account } from '../account.ts'
import { startSandboxNetwork, type SandboxNetwork } from './network.ts'
import { gated, openGate } from './gate.ts'
import { layOut, type Places } from './places.ts'
import { systemProgram } from './system-program.ts'

export interface SandboxOptions {
  readonly account: Account | undefined
  /** Marks what serves the sandbox, beside what runs in it. */
  readonly mark: number | undefined
  readonly environment: Readonly<Record<string, string>>
  readonly reachable: readonly number[]
  readonly https?: number | undefined
  /** Whether a server in it is reached from outside. */
  readonly hasWayIn: boolean
  readonly isWorkspaceAway: boolean
  readonly places: Places
}

/** One sandbox, for one process and what it starts. */
export class Sandbox {
  readonly #options: SandboxOptions

  constructor(options: SandboxOptions) {
    this.#options = options
  }

  /** What is run in the place of `command`; it waits until `open` lets it go on. */
  words(command: readonly string[], directory: string): string[] {
    const { account, places } = this.#options
    const uid = String(account?.uid ?? process.getuid?.() ?? 0)
    const gid = String(account?.gid ?? process.getgid?.() ?? 0)
    return [
      systemProgram('unshare') ?? 'unshare',
      ...IN_NEW_NAMESPACES,
      ...gated([
        systemProgram('bwrap') ?? 'bwrap',
        // Root of its own namespace only until here: programs behave differently for root.
        ...APART,
        '--uid',
        uid,
        '--gid',
        gid,
        ...layOut(places),
        '--chdir',
        directory,
        '--',
        ...command,
      ]),
    ]
  }

  /** Gives the process its network and lets it go on. */
  async open(child: ChildProcess): Promise<SandboxNetwork> {
    const { pid } = child
    if (pid === undefined) throw new Error('the sandbox has no process')
    const network = await startSandboxNetwork({ ...this.#options, pid })
    openGate(child)
    return network
  }
}

const IN_NEW_NAMESPACES = words('--user --map-root-user --net --')
const APART = words('--unshare-user --unshare-pid --unshare-ipc --unshare-uts --hostname app')

function words(text: string): string[] {
  return text.split(' ')
}
