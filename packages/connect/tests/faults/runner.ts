// Starts a scenario in a process of its own and watches it to its end.
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { createTestAuthority } from '../../src/testing/index.ts'
import type { Report } from './run-one.ts'

/** A report, and how the process ended after it. */
export interface Run extends Report {
  readonly exitCode: number | null
  /** From the report to the end of the process. */
  readonly exitMs: number
  readonly stderr: string
}

export interface Runner extends AsyncDisposable {
  /** Never rejects for a bad outcome: that is in the report. */
  run(scenario: string, subject: string, timeoutMs?: number): Promise<Run>
}

/** Prepares the certificates. `postgres`: the directory of the socket of a running Postgres. */
export async function startRunner(postgres: string): Promise<Runner> {
  const directory = await mkdtemp(path.join(tmpdir(), 'lakelet-connect-faults-'))
  const authority = createTestAuthority()
  const authorityFile = path.join(directory, 'authority.json')
  const caFile = path.join(directory, 'ca.pem')
  await writeFile(authorityFile, JSON.stringify({ cert: authority.cert, key: authority.key }), {
    mode: 0o600,
  })
  await writeFile(caFile, authority.cert)
  return {
    run: (scenario, subject, timeoutMs = 60_000) =>
      runOne([scenario, subject, postgres, authorityFile], caFile, timeoutMs),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  }
}

async function runOne(args: readonly string[], caFile: string, timeoutMs: number): Promise<Run> {
  const entry = fileURLToPath(new URL('run-one.ts', import.meta.url))
  const flags = [
    '--conditions=lakelet:source',
    '--disable-warning=ExperimentalWarning',
    '--unhandled-rejections=strict',
  ]
  const env: NodeJS.ProcessEnv = { PATH: process.env['PATH'], PGAPPNAME: `scenario-${args[0]}-${args[1]}` }
  if (process.env['FAULTS_STACK']) env['FAULTS_STACK'] = '1'
  // The official package can be told of a private CA in no other way. Ours gets it from PGSSLROOTCERT.
  if (args[1] === 'official') env['NODE_EXTRA_CA_CERTS'] = caFile
  const child = spawn(process.execPath, [...flags, entry, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  let reportedAt = 0
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
    if (stdout.endsWith('\n')) reportedAt = performance.now()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-4000)
  })
  const late = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  clearTimeout(late)
  const exitMs = reportedAt === 0 ? 0 : performance.now() - reportedAt
  return { ...parse(stdout, timeoutMs, stderr), exitCode, exitMs, stderr }
}

function parse(stdout: string, timeoutMs: number, stderr: string): Report {
  try {
    return JSON.parse(stdout) as Report
  } catch {
    const why = /Error: .*/.exec(stderr)?.[0]
    const outcome = why ? `the process died: ${why}` : `nothing within ${timeoutMs / 1000} s`
    return {
      ok: false,
      outcome,
      ms: timeoutMs,
      credentialCalls: 0,
      leakedSockets: 0,
      leakedRequests: 0,
      leakedBackends: 0,
    }
  }
}
