// The network of one app: a network namespace of its own, joined to this machine's by pasta(1) of the passt project, which needs no rights.
// Into it leads one port; out of it the way to other machines, and on this machine's loopback to named ports only.
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { childTarget, exitOf, terminate, termThenKill } from '../../base/terminate.ts'
import type { Account } from '../account.ts'
import { freePort } from '../free-port.ts'
import type { ListeningSocket } from '../process-table.ts'
import { systemPath } from '../remove-tree.ts'
import { markingWords } from '../run-mark.ts'

/** The port that apps are told to listen on, as on the platform. */
export const INNER_PORT = 8000
/** Where clients look for a host that is named without a port. */
const HTTPS_PORT = 443

export interface NetworkOptions {
  /** A process that is in the namespace, or will be in a moment. */
  readonly pid: number
  readonly account: Account | undefined
  readonly mark: number | undefined
  /** Variables by which what a killed workspace left is found. */
  readonly environment: Readonly<Record<string, string>>
  /** Ports of this machine's loopback that are reached inside under the same numbers. */
  readonly reachable: readonly number[]
  /** The port of this machine's loopback that is 443 inside. */
  readonly https?: number | undefined
  /** Whether the port of apps leads in. */
  readonly hasWayIn: boolean
  /** Whether the workspace listens beyond loopback: then this machine's address must not be the app's own. */
  readonly isWorkspaceAway: boolean
}

export interface SandboxNetwork extends AsyncDisposable {
  /** Where a socket that listens inside is reached from outside. */
  wayTo(socket: ListeningSocket): Promise<ListeningSocket>
  /** Settles when the network is gone. */
  readonly ended: Promise<unknown>
}

const READY_MS = 5000
const PORT_TRIES = 5

/** Joins the namespace; rejects with what pasta says when it cannot. */
export async function startSandboxNetwork(options: NetworkOptions): Promise<SandboxNetwork> {
  await using starting = new AsyncDisposableStack()
  await until(
    () => isApart(options.pid),
    () => undefined,
  )
  const ports = outwardPorts(options).join(',') || 'none'
  const outwards = ['--config-net', ...addresses(options.isWorkspaceAway), '-T', ports]
  const { port, main } = await onFreePort('127.0.0.1', async (free) => {
    const inwards = options.hasWayIn ? `127.0.0.1/${free}:${INNER_PORT}` : 'none'
    const pasta = starting.use(startPasta(options, [...outwards, '-t', inwards]))
    await until(() => isUp(options), pasta.failure)
    return { port: free, main: pasta }
  })
  const others = starting.use(new AsyncDisposableStack())
  const stack = starting.move()
  return {
    async wayTo(inner) {
      if (inner.port === INNER_PORT && inner.host !== '::1') return { host: '127.0.0.1', port }
      const host = inner.host === '::1' ? '::1' : '127.0.0.1'
      const name = `in${inner.port}`
      return await onFreePort(host, async (port) => {
        const pasta = others.use(
          startPasta(options, ['-I', name, '-t', `${host}/${port}:${inner.port}`, '-T', 'none']),
        )
        // The port alone may be another's by now; the interface comes after the port.
        await until(
          async () => read(options.pid, 'dev').includes(`${name}:`) && (await answers(port, host)),
          pasta.failure,
        )
        return { host, port }
      })
    },
    ended: main.ended,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

/** What is free now may be taken by anybody on this machine before pasta listens there: then another port is tried. */
async function onFreePort<T>(host: string, start: (port: number) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await start(await freePort(host, 0))
    } catch (error) {
      if (tries === PORT_TRIES || !(error instanceof Error && error.message.startsWith('Failed to bind')))
        throw error
    }
  }
}

interface Pasta extends AsyncDisposable {
  readonly ended: Promise<unknown>
  /** Why it ended; undefined while it runs. */
  readonly failure: () => Error | undefined
}

function startPasta({ pid, account, mark, environment }: NetworkOptions, ways: readonly string[]): Pasta {
  const words = ['pasta', '--foreground', '--quiet', '--no-map-gw', ...ways, '-u', 'none', '-U', 'none']
  const marking = mark === undefined ? [] : markingWords(mark)
  const [program = 'pasta', ...rest]: string[] = [...marking, ...words, String(pid)]
  const child = spawn(program, rest, {
    cwd: '/',
    env: { ...environment, PATH: systemPath() },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
    ...(account ? { uid: account.uid, gid: account.gid } : {}),
  })
  return watched(child)
}

function watched(child: ChildProcess): Pasta {
  let said = ''
  let failure: Error | undefined
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    // Without a system log it complains of that at each line.
    said = `${said}${text.replaceAll(/Failed to send \d+ bytes to syslog\n/g, '')}`.slice(-2000)
  })
  const ended = exitOf(child).then((exit) => {
    failure = exit.error ?? new Error(said.trim().split('\n').at(-1) || `pasta ended with ${exit.code}`)
  })
  return {
    ended,
    failure: () => failure,
    async [Symbol.asyncDispose]() {
      await terminate(childTarget(child), { stages: termThenKill(500, 1000) })
      child.stderr?.destroy()
    },
  }
}

async function until(
  isSo: () => boolean | Promise<boolean>,
  failure: () => Error | undefined,
): Promise<void> {
  const deadline = performance.now() + READY_MS
  while (!(await isSo())) {
    const failed = failure()
    if (failed) throw failed
    if (performance.now() > deadline) throw new Error('the network of the app did not come up in time')
    await delay(5)
  }
}

/** Whether the process is in a network namespace of its own by now; an error where it has ended. */
function isApart(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`) !== readlinkSync('/proc/self/ns/net')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new Error('no namespace could be made', { cause: error })
    return false
  }
}

/** The ports that lead out, as pasta takes them: those inside, and after a colon those of this machine where they are others. */
function outwardPorts({ reachable, https }: Pick<NetworkOptions, 'reachable' | 'https'>): string[] {
  const same = reachable.map(String)
  return https === undefined || reachable.includes(HTTPS_PORT) ? same : [...same, `${HTTPS_PORT}:${https}`]
}

/** Whether the namespace has a way out, and listens on the ports that lead to this machine. */
function isUp({ pid, ...options }: NetworkOptions): boolean {
  const listening = read(pid, 'tcp') + read(pid, 'tcp6')
  const hasPorts = outwardPorts(options).every((port) =>
    listening.includes(`:${Number.parseInt(port, 10).toString(16).toUpperCase().padStart(4, '0')} `),
  )
  const routes = (read(pid, 'route') + read(pid, 'ipv6_route')).split('\n')
  return hasPorts && routes.some((line) => /^(?!Iface).+/.test(line) && !/\slo$/.test(line))
}

/**
 * The app has the addresses of this machine, of which it so reaches nothing but the ports that lead out. It has others where the workspace
 * is at one of them, and where this machine has no way out itself.
 */
function addresses(isWorkspaceAway: boolean): string[] {
  const own = ['-a', '169.254.77.2', '-n', '24', '-g', '169.254.77.1']
  const routes = read('self', 'route').split('\n').slice(1)
  const isOnline =
    routes.some((line) => line.split('\t')[1] === '00000000') ||
    /^0{32} 00 /m.test(read('self', 'ipv6_route'))
  if (!isOnline) return ['-i', 'lo', '-4', ...own, '-M', '02:00:00:00:00:01']
  return isWorkspaceAway ? own : []
}

function read(pid: number | 'self', table: string): string {
  try {
    return readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
  } catch {
    return ''
  }
}

/** Whether somebody listens there on this machine. */
function answers(port: number, host: string): Promise<boolean> {
  return freePort(host, port).then(
    () => false,
    () => true,
  )
}
