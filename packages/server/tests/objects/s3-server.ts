// A real S3 server for tests: Versity's gateway (Apache-2.0), which knows conditional writes and multipart uploads and keeps objects as files.
// It is built once by the Go toolchain and kept beside the other caches of this user; `npm test` uses it where it is, `npm run soak` builds it.
import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const VERSION = 'v1.8.0'
const MODULE = `github.com/versity/versitygw/cmd/versitygw@${VERSION}`
const CACHE = path.join(homedir(), '.cache', 'lakelet-tests', `versitygw-${VERSION}`)
const PROGRAM = path.join(CACHE, 'versitygw')

/** Where the server's program is, or why there is none. */
export async function findS3Server(mayBuild: boolean): Promise<{ program: string } | { reason: string }> {
  const given = process.env['VERSITYGW']
  if (given !== undefined) return { program: given }
  if (existsSync(PROGRAM)) return { program: PROGRAM }
  if (!mayBuild)
    return { reason: `there is no ${PROGRAM}; npm run soak builds it (go install ${MODULE}, two minutes)` }
  await mkdir(CACHE, { recursive: true })
  try {
    const env = { ...process.env, GOBIN: CACHE }
    await promisify(execFile)('go', ['install', MODULE], { env, timeout: 900_000 })
    return { program: PROGRAM }
  } catch (error) {
    return {
      reason: `the S3 server cannot be built: ${error instanceof Error ? error.message : String(error)}`,
    }
  }
}

/** What AWS' client takes from the environment to reach it. */
export const S3_ENVIRONMENT = {
  AWS_ACCESS_KEY_ID: 'lakelet',
  AWS_SECRET_ACCESS_KEY: 'lakelet-secret',
  AWS_EC2_METADATA_DISABLED: 'true',
} as const

export interface S3Server extends AsyncDisposable {
  readonly port: number
  /** The files of the bucket `bucket`. */
  readonly bucket: string
}

export async function startS3Server(program: string): Promise<S3Server> {
  const home = await mkdtemp(path.join(tmpdir(), 's3-'))
  const bucket = path.join(home, 'data', 'bucket')
  await mkdir(bucket, { recursive: true })
  await mkdir(path.join(home, 'side'))
  const port = await freePort()
  const child = spawn(
    program,
    [
      '--port',
      `127.0.0.1:${port}`,
      '--quiet',
      'posix',
      '--sidecar',
      path.join(home, 'side'),
      path.join(home, 'data'),
    ],
    {
      stdio: 'ignore',
      env: {
        PATH: process.env['PATH'],
        ROOT_ACCESS_KEY: S3_ENVIRONMENT.AWS_ACCESS_KEY_ID,
        ROOT_SECRET_KEY: S3_ENVIRONMENT.AWS_SECRET_ACCESS_KEY,
      },
    },
  )
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  for (let tries = 0; tries < 300; tries += 1) {
    if (
      await fetch(`http://127.0.0.1:${port}/`).then(
        () => true,
        () => false,
      )
    )
      break
    await sleep(100)
  }
  return {
    port,
    bucket,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await ended
      await rm(home, { recursive: true, force: true })
    },
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
