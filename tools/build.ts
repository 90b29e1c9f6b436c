// `npm run build`: the packages that are published, as directories and as tarballs, in `build/` or in what `--out` names.
// `--in-place NAME` and `--restore NAME` are what `npm pack` and `npm publish` call in a package's own directory.
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { buildConnector } from '../packages/connect/build.ts'
import { buildLakelet } from '../packages/lakelet/build.ts'
import { root, run } from './processes.ts'

const builds: Readonly<
  Record<string, { readonly folder: string; readonly build: (out: string) => Promise<void> }>
> = {
  lakelet: { folder: 'packages/lakelet', build: buildLakelet },
  'lakelet-connect': { folder: 'packages/connect', build: buildConnector },
}

/** The manifest of the repository, while that of the users is in its place. */
const KEPT_MANIFEST = 'package.repository.json'
/** What was put in place, for taking it away again. */
const PLACED = 'package.placed.json'

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: path.join(root, 'build') },
    'in-place': { type: 'string' },
    restore: { type: 'string' },
  },
})
if (values['in-place'] !== undefined) await buildInPlace(values['in-place'])
else if (values.restore !== undefined) await restore(folderOf(values.restore))
else await buildAll(path.resolve(process.env['INIT_CWD'] ?? root, values.out))

async function buildAll(out: string): Promise<void> {
  await mkdir(out, { recursive: true })
  for (const [name, { build }] of Object.entries(builds)) {
    const directory = path.join(out, name)
    await build(directory)
    const { version } = JSON.parse(await readFile(path.join(directory, 'package.json'), 'utf8')) as {
      version: string
    }
    const pack = ['pack', '--silent', '--ignore-scripts', '--pack-destination', out]
    if ((await run('npm', pack, directory)) !== 0) throw new Error(`npm pack of ${name} failed`)
    console.log(path.join(out, `${name}-${version}.tgz`))
  }
}

async function buildInPlace(name: string): Promise<void> {
  const folder = folderOf(name)
  await restore(folder)
  const work = await mkdtemp(path.join(tmpdir(), 'lakelet-pack-'))
  try {
    const made = path.join(work, 'package')
    await builds[name]?.build(made)
    await rename(path.join(folder, 'package.json'), path.join(folder, KEPT_MANIFEST))
    const names = await readdir(made)
    const placed = names.filter((each) => each === 'package.json' || !existsSync(path.join(folder, each)))
    await writeFile(path.join(folder, PLACED), JSON.stringify(placed))
    for (const each of placed) await cp(path.join(made, each), path.join(folder, each), { recursive: true })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function restore(folder: string): Promise<void> {
  const list = path.join(folder, PLACED)
  if (!existsSync(list)) return
  for (const each of JSON.parse(await readFile(list, 'utf8')) as string[])
    await rm(path.join(folder, each), { recursive: true, force: true })
  await rename(path.join(folder, KEPT_MANIFEST), path.join(folder, 'package.json'))
  await rm(list)
}

function folderOf(name: string): string {
  const known = builds[name]
  if (known) return path.join(root, known.folder)
  console.error(
    `${name} is not published and is no package by itself; ${Object.keys(builds).join(' and ')} are: npm run build`,
  )
  process.exit(1)
}
