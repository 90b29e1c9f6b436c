// Makes the published package `lakelet` in a directory. What its code reads lies in `dist/` at the same places as in `packages/`.
// Dependencies are those that the code imports.
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { packConnector, withEsbuild } from '../connect/build.ts'
import { bundleCode, PARTS, PLACE, PLACE_FILE } from './bundle.ts'

const here = import.meta.dirname
const packages = path.dirname(here)
const root = path.dirname(packages)
const run = promisify(execFile)

interface Manifest {
  readonly name: string
  readonly version: string
  readonly exports?: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly [key: string]: unknown
}

/** Builds the package into `outDir`, which is emptied first. */
export async function buildLakelet(outDir: string): Promise<void> {
  const dist = path.join(outDir, 'dist')
  await rm(outDir, { recursive: true, force: true })
  await mkdir(dist, { recursive: true })
  const manifests = await readManifests()
  const [imported] = await Promise.all([
    withEsbuild(() => bundleCode(dist, entryFiles(manifests.get('lakelet')))),
    writeTypes(dist),
    buildConsole(dist),
    packConnector(path.join(dist, 'connect/lakelet-connect.tgz')),
    cp(path.join(root, 'templates'), path.join(outDir, 'templates'), { recursive: true }),
    cp(path.join(here, 'pytest'), path.join(outDir, 'pytest'), { recursive: true, filter: isNoCache }),
    cp(path.join(here, 'README.md'), path.join(outDir, 'README.md')),
    cp(path.join(root, 'LICENSE'), path.join(outDir, 'LICENSE')),
  ])
  const manifest = published(manifests, imported)
  await writeFile(path.join(outDir, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
}

/** Python keeps what it compiled beside the source. */
function isNoCache(file: string): boolean {
  return !file.includes('__pycache__')
}

async function readManifests(): Promise<ReadonlyMap<string, Manifest>> {
  const entries = PARTS.map(async (part) => {
    const text = await readFile(path.join(packages, part, 'package.json'), 'utf8')
    return [part, JSON.parse(text) as Manifest] as const
  })
  return new Map(await Promise.all(entries))
}

/** The entries' sources, within `packages/`. */
function entryFiles(own: Partial<Manifest> = {}): string[] {
  const sources = Object.values(own.exports ?? {}).flatMap((conditions) => conditions['lakelet:source'] ?? [])
  return ['./src/bin.ts', ...sources].map((source) => path.posix.join('lakelet', source))
}

/** `npm run check` has checked the types. */
async function writeTypes(dist: string): Promise<void> {
  const work = await mkdtemp(path.join(tmpdir(), 'lakelet-build-'))
  const config = {
    extends: path.join(root, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      noCheck: true,
      declaration: true,
      emitDeclarationOnly: true,
      stripInternal: true,
      rewriteRelativeImportExtensions: true,
      rootDir: packages,
      outDir: dist,
      typeRoots: [path.join(root, 'node_modules/@types')],
    },
    include: [path.join(packages, 'lakelet/src')],
    exclude: [path.join(packages, '**/*.test.ts')],
  }
  try {
    await writeFile(path.join(work, 'tsconfig.json'), JSON.stringify(config))
    await run(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), '-p', work])
    await keepPublicTypes(dist)
  } catch (error) {
    throw new Error(`the types were not written:\n${(error as { stdout?: string }).stdout ?? ''}`, {
      cause: error,
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** The console as browsers get it; its own build keeps what is up to date. */
async function buildConsole(dist: string): Promise<void> {
  const source = path.join(packages, 'console')
  await run(process.execPath, ['--conditions=lakelet:source', path.join(source, 'build.ts')])
  const current = path.join(source, 'dist/current.json')
  const { build } = JSON.parse(await readFile(current, 'utf8')) as { build: string }
  const target = path.join(dist, 'console/dist')
  await cp(path.join(source, 'dist', build), path.join(target, build), { recursive: true })
  await cp(current, path.join(target, 'current.json'))
}

/** Keeps the declarations of what users import. They mention no other package, so the others' are not needed. */
async function keepPublicTypes(dist: string): Promise<void> {
  for (const entry of await readdir(dist, { recursive: true, withFileTypes: true })) {
    if (!entry.name.endsWith('.d.ts')) continue
    const file = path.join(entry.parentPath, entry.name)
    if (path.relative(dist, file).split(path.sep)[0] !== 'lakelet' || file.endsWith('bin.d.ts')) {
      await rm(file)
      continue
    }
    const text = await readFile(file, 'utf8')
    if (text.includes('@lakelet/')) throw new Error(`${file} shows types of other packages to users`)
    await writeFile(file, text.replaceAll(/((?:from|import) ['"]\.[^'"]+)\.ts(['"])/g, '$1.js$2'))
  }
}

/** Where compilers that know no `exports` find the types of the entries below the root. */
function typesBelow({ exports = {} }: Partial<Manifest>): [entry: string, files: string[]][] {
  return Object.entries(exports)
    .filter(([entry]) => entry !== '.')
    .map(([entry, conditions]) => [entry.slice(2), [conditions['types'] ?? '']])
}

/** The manifest users get: exact dependencies, and nothing that only this repository needs. */
function published(manifests: ReadonlyMap<string, Manifest>, imported: ReadonlySet<string>): object {
  const own: Partial<Manifest> = manifests.get('lakelet') ?? {}
  const known = Object.assign(
    {},
    ...[...manifests.values()].map((each) => each.dependencies ?? {}),
  ) as Readonly<Record<string, string>>
  const dependencies = Object.fromEntries(
    [...imported].sort().map((name) => {
      const version = known[name]
      if (!version) throw new Error(`the code imports ${name}, which no package of the repository depends on`)
      return [name, version]
    }),
  )
  const { devDependencies: _development, scripts: _scripts, ...kept } = own
  const exports = Object.entries(own.exports ?? {}).map(([entry, conditions]) => {
    const { 'lakelet:source': _source, ...shown } = conditions
    return [entry, shown]
  })
  return {
    ...kept,
    imports: { [PLACE]: `./dist/${PLACE_FILE}` },
    exports: { ...Object.fromEntries(exports), './package.json': './package.json' },
    typesVersions: { '*': Object.fromEntries(typesBelow(own)) },
    files: ['dist', 'templates', 'pytest'],
    dependencies,
    optionalDependencies: manifests.get('server')?.optionalDependencies,
  }
}
