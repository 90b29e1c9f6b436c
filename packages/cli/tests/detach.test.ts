// A workspace in the background and its log.
import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { type Server, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest'
import { seedPostgres } from '../../../tests/system/postgres-cache.ts'
import { type CommandResult, cliCommand, environment, runCommand } from '../../../tests/system/workspace.ts'

let directory: string
const ports = ['--http-port', '0', '--postgres-port', '0']

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'lakelet-detach-'))
  await chmod(directory, 0o755)
  await mkdir(path.join(directory, 'home'))
  await seedPostgres(path.join(directory, '.lakelet'))
})

afterAll(async () => {
  await lakelet(['down', '--force'])
  await rm(directory, { recursive: true, force: true })
})

function lakelet(args: readonly string[]): Promise<CommandResult> {
  const env = environment(path.join(directory, 'home'))
  return runCommand([...cliCommand, ...args], { cwd: directory, env })
}

it('starts in the background, says when it serves, and is found again', async () => {
  const up = await lakelet(['up', '--detach', '--wait', '-o', 'json', ...ports])
  expect(up).toMatchObject({ code: 0, stderr: expect.stringContaining("'lakelet down' stops it") as string })
  const { pid, host } = JSON.parse(up.stdout) as { pid: number; host: string }
  expect((await fetch(`${host}/.well-known/databricks-config`)).status).toBe(200)
  expect((await lakelet(['status', '--field', 'pid'])).stdout).toBe(`${pid}\n`)
  const again = await lakelet(['up', '--detach', '--wait', '-o', 'json', ...ports])
  expect(JSON.parse(again.stdout)).toMatchObject({ pid, host })
})

it('shows its log, what is added, and what is worse than a level', async () => {
  await lakelet(['postgres', 'create-project', 'logged'])
  const { stdout } = await lakelet(['logs'])
  expect(stdout).toMatch(/^\d{4}-\d\d-\d\dT\S+ INFO {2}/m)
  const [first = ''] = (await lakelet(['logs', '-o', 'json', '-n', '1'])).stdout.split('\n')
  expect(JSON.parse(first)).toMatchObject({ level: expect.any(Number) as number })
  const worse = await lakelet(['logs', '--level', 'error'])
  expect(worse).toEqual({ code: 0, stdout: '', stderr: '' })

  const [command, ...args] = cliCommand
  const child = spawn(command, [...args, 'logs', '--follow', '-n', '1'], {
    cwd: directory,
    env: environment(path.join(directory, 'home')),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let followed = ''
  child.stdout.on('data', (chunk: Buffer) => (followed += chunk.toString()))
  await vi.waitFor(() => expect(followed).not.toBe(''), { timeout: 90_000 })
  await lakelet(['postgres', 'delete-project', 'projects/logged'])
  await vi.waitFor(() => expect(followed).toContain('reason=deleted'), { timeout: 90_000 })
  child.kill('SIGINT')
  const [code] = (await once(child, 'exit')) as [number | null]
  expect(code).toBe(0)
})

it('is stopped by lakelet down; its log stays', async () => {
  expect(await lakelet(['down'])).toMatchObject({ code: 0 })
  expect(await readFile(path.join(directory, '.lakelet/up.log'), 'utf8')).toContain('Stopping …')
  expect(await lakelet(['logs', '-n', '1'])).toMatchObject({ code: 0 })
})

it('says why it did not start', async () => {
  const taken: Server = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  const up = await lakelet(['up', '--detach', '--wait', '--http-port', String(port), '--postgres-port', '0'])
  taken.close()
  expect(up).toMatchObject({ code: 6, stderr: expect.stringContaining('did not start. It said:') as string })
  expect(up.stderr).toContain(String(port))
  expect(await lakelet(['up', '--wait'])).toMatchObject({ code: 2 })
})
