import { chmod, lstat, mkdir, readdir, readFile, readlink, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { DEFAULT_MAJOR, OFFERED_MAJORS, openPostgres } from '../../src/postgres/index.ts'
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
