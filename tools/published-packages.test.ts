// What goes to npm, and what cannot go there by mistake.
import { execFile } from 'node:child_process'
import { readFile, readdir } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const run = promisify(execFile)
const root = path.dirname(import.meta.dirname)
const REPOSITORY = 'https://github.com/lakelet/lakelet'
const PUBLISHED = new Map([
  ['connect', 'lakelet-connect'],
  ['lakelet', 'lakelet'],
])

interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly license: string
  readonly scripts: Readonly<Record<string, string>>
}

const read = async (folder: string) =>
  JSON.parse(await readFile(path.join(root, folder, 'package.json'), 'utf8')) as Manifest
const folders = await readdir(path.join(root, 'packages'))

it.each(folders)('packages/%s can only be packed whole, or not at all', async (folder) => {
  const manifest = await read(`packages/${folder}`)
  const { version } = await read('.')
  expect(manifest).toMatchObject({ version, license: 'Apache-2.0' })
  expect(manifest.scripts['prepack']).toBe(`node ../../tools/run.mjs build --in-place ${manifest.name}`)
  expect(manifest.private ?? false).toBe(!PUBLISHED.has(folder))
})

it.each([...PUBLISHED])('packages/%s says whose it is', async (folder, name) => {
  const manifest = await read(`packages/${folder}`)
  expect(manifest).toMatchObject({
    name,
    homepage: `${REPOSITORY}#readme`,
    bugs: `${REPOSITORY}/issues`,
    repository: { type: 'git', url: `git+${REPOSITORY}.git`, directory: `packages/${folder}` },
    engines: { node: expect.stringMatching(/^>=2\d/) as string },
    keywords: expect.arrayContaining(['lakebase', 'postgres']) as string[],
  })
  expect(manifest.scripts['postpack']).toContain(`--restore ${name}`)
})

it('packing any other says that it is none, and which are', async () => {
  for (const folder of ['.', 'packages/theme']) {
    const { name } = await read(folder)
    const packed = run('npm', ['pack', '--dry-run'], { cwd: path.join(root, folder) })
    await expect(packed).rejects.toThrow(
      `${name} is not published and is no package by itself; lakelet and lakelet-connect are: npm run build`,
    )
  }
})

it('one address of the repository everywhere', async () => {
  const files = [
    'devcontainer/src/lakelet/devcontainer-feature.json',
    'packages/lakelet/README.md',
    'docs/ci.md',
  ]
  for (const file of files) {
    const text = await readFile(path.join(root, file), 'utf8')
    for (const [address] of text.matchAll(/https:\/\/github\.com\/[\w-]+\/[\w-]+/g))
      expect(address, file).toBe(REPOSITORY)
  }
})
