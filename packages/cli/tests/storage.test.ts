// `lakelet storage …` with real loop devices: a disk is made, filled, grown and taken away.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, chown, mkdir, mkdtemp, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { projectRoutes } from '@lakelet/api'
import { isSoak } from '../../../tests/hostile/duration.ts'
import { noLoopDisk } from '../../../tests/hostile/small-disk.ts'
import { startTestWorkspace } from '../../../tests/system/workspace.ts'
import { parseSize, sizeText } from '../src/command/sizes.ts'
import { runLakelet } from './terminal.ts'

const missing = noLoopDisk('mkfs.xfs')
const NOBODY = 65534

let folder: string
let dataDir: string

beforeEach(async () => {
  folder = await realpath(await mkdtemp(path.join(tmpdir(), 'storage-')))
  await chmod(folder, 0o711)
  dataDir = path.join(folder, 'data')
})
afterEach(async () => {
  spawnSync('umount', [dataDir])
  await rm(folder, { recursive: true, force: true })
})

const storage = (...argv: string[]) =>
  runLakelet(['storage', ...argv, '--data-dir', dataDir], { cwd: folder, env: {} })

async function statusOf() {
  const { stdout } = await storage('status', '-o', 'json')
  return JSON.parse(stdout) as { mounted: boolean; size_bytes: number; image: string; fstab_line: string }
}

it('reads sizes as the tools of the system write them', () => {
  expect(['512M', '20G', '1.5g', '2TiB'].map(parseSize)).toEqual([
    512 * 1024 ** 2,
    20 * 1024 ** 3,
    1.5 * 1024 ** 3,
    2 * 1024 ** 4,
  ])
  for (const wrong of ['20', 'G', '-1G', '1P', '']) expect(() => parseSize(wrong)).toThrow(/not a size/)
  expect([sizeText(2048), sizeText(5 * 1024 ** 2), sizeText(1.5 * 1024 ** 3)]).toEqual([
    '2 KB',
    '5.0 MB',
    '1.5 GB',
  ])
})

it('says of a directory without a disk that it has none', async () => {
  expect(await storage('status')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('no disk of its own'),
  })
  expect(await storage('grow')).toMatchObject({ code: 2, stderr: expect.stringContaining('--size') })
})

it.skipIf(missing)(
  `makes a disk, shows it, refuses what cannot be, grows it and takes it away${missing ? `: ${missing}` : ''}`,
  async () => {
    const refused = async (why: RegExp, ...argv: string[]) => {
      const { code, stderr } = await storage(...argv)
      expect({ code: code > 0, stderr }).toEqual({ code: true, stderr: expect.stringMatching(why) })
      expect(existsSync(path.join(folder, 'data.disk'))).toBe(false)
    }
    await refused(/too small: at least 1.0 GB/, 'init', '--size', '100M')
    await refused(/has [\d.]+ GB free/, 'init', '--size', '4000T')
    await refused(/below what is mounted there/, 'init', '--size', '1G', '--dir', path.join(dataDir, 'in'))
    await refused(/has no disk of its own/, 'grow', '--size', '2G')
    await mkdir(dataDir)
    await writeFile(path.join(dataDir, 'something'), '')
    await refused(/is not empty.*--migrate/, 'init', '--size', '1G')
    await rm(path.join(dataDir, 'something'))
    await chown(dataDir, NOBODY, NOBODY)

    expect(await storage('init', '--size', '1G')).toMatchObject({ code: 0 })
    expect(await statusOf()).toMatchObject({ mounted: true, size_bytes: 1024 ** 3 })
    expect((await stat(dataDir)).uid).toBe(NOBODY)
    await writeFile(path.join(dataDir, 'a'), Buffer.alloc(1 << 20, 1))
    execFileSync('cp', ['--reflink=always', path.join(dataDir, 'a'), path.join(dataDir, 'b')])
    expect((await storage('init', '--size', '1G')).stderr).toContain('has a disk already')
    expect((await storage('grow', '--size', '1G')).stderr).toContain('at least more than 1.0 GB')
    expect(await storage('grow', '--size', '2G')).toMatchObject({ code: 0 })
    expect(
      Number(execFileSync('df', ['--output=size', '-B1', dataDir], { encoding: 'utf8' }).split('\n')[1]),
    ).toBeGreaterThan(1.8 * 1024 ** 3)
    expect((await storage('remove')).stderr).toContain('holds data (a, b)')
    await rm(path.join(dataDir, 'a'))
    await rm(path.join(dataDir, 'b'))
    expect(await storage('remove')).toMatchObject({ code: 0 })
    expect(existsSync(path.join(folder, 'data.disk'))).toBe(false)
    expect(await storage('remove')).toMatchObject({ code: 4 })
  },
)

it.skipIf(missing)('is mounted by root at the next start, and is asked of everybody else', async () => {
  expect(await storage('init', '--size', '1G')).toMatchObject({ code: 0 })
  await chown(dataDir, NOBODY, NOBODY)
  execFileSync('umount', [dataDir])
  expect(await statusOf()).toMatchObject({ mounted: false })
  const program = `process.setgid(${NOBODY}); process.setuid(${NOBODY})
    const { ensureMounted } = await import(${JSON.stringify(path.resolve('packages/server/src/index.ts'))})
    await ensureMounted(${JSON.stringify(dataDir)}).then(() => console.log('mounted'), (error) => console.log(error.message))`
  const asked = spawnSync(
    process.execPath,
    ['--input-type=module', '--conditions=lakelet:source', '-e', program],
    {
      encoding: 'utf8',
    },
  )
  expect(asked.stdout).toContain(
    `Mount it: sudo mount -o loop,noatime,nodev,nosuid ${dataDir}.disk ${dataDir}`,
  )
  const { ensureMounted } = await import('@lakelet/server')
  // What a move that was cut off left is on the disk already: it goes beside.
  await writeFile(path.join(dataDir, 'left'), 'x')
  await ensureMounted(dataDir)
  expect(await statusOf()).toMatchObject({ mounted: true })
  expect(await readFile(path.join(`${dataDir}.before-disk`, 'left'), 'utf8')).toBe('x')
  execFileSync('umount', [dataDir])
  await rm(`${dataDir}.disk`)
  await expect(ensureMounted(dataDir)).rejects.toMatchObject({ code: 'disk_image_missing' })
  expect(await storage('status')).toMatchObject({ code: 4 })
})

it.skipIf(missing !== undefined || !isSoak)(
  'moves a workspace with its data onto one, which takes npm run soak',
  { timeout: 240_000 },
  async () => {
    const create = async (projectId: string, refusal: string) => {
      await using workspace = await startTestWorkspace({ directory: folder })
      await workspace.client.call(projectRoutes.createProject, { query: { project_id: projectId }, body: {} })
      expect((await storage('init', '--size', '2G', '--migrate')).stderr).toContain(refusal)
      const { projects = [] } = await workspace.client.call(projectRoutes.listProjects, {})
      return projects.map((project) => project.project_id).toSorted()
    }
    expect(await create('one', 'in use by a running workspace')).toEqual(['one'])
    expect(await storage('init', '--size', '2G', '--migrate')).toMatchObject({ code: 0 })
    expect(existsSync(path.join(`${dataDir}.before-disk`, 'metadata.sqlite'))).toBe(true)
    execFileSync('umount', [dataDir])
    expect(await create('two', 'has a disk already')).toEqual(['one', 'two'])
  },
)
