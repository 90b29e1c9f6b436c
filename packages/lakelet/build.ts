// Makes the published package `lakelet` in a directory: what `packages/` holds, compiled, lies in `dist/` at the same places, so that
// every file finds its neighbours as it does in the repository. Dependencies are those that the compiled code imports.
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { packConnector } from '../connect/build.ts'

const here = import.meta.dirname
const packages = path.dirname(here)
const root = path.dirname(packages)
const run = promisify(execFile)

/** Packages of the repository that go into this one. */
const PARTS = ['wire', 'api', 'theme', 'server', 'cli', 'lakelet'] as const
/** Files beside the code that it reads. */
const DATA = /\.(sql|control|css|json)$/

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
  await compile(dist)
  await Promise.all([
    ...PARTS.map((part) => copyData(part, dist)),
    buildConsole(dist),
    packConnector(path.join(dist, 'connect/lakelet-connect.tgz')),
    cp(path.join(root, 'templates'), path.join(outDir, 'templates'), { recursive: true }),
    cp(path.join(here, 'pytest'), path.join(outDir, 'pytest'), { recursive: true, filter: isNoCache }),
    cp(path.join(here, 'README.md'), path.join(outDir, 'README.md')),
    cp(path.join(root, 'LICENSE'), path.join(outDir, 'LICENSE')),
  ])
  await writeManifests(dist, manifests)
  const imported = await resolvePackages(dist, manifests)
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

/** `npm run check` has checked the types; here they are only taken away. */
async function compile(dist: string): Promise<void> {
  const work = await mkdtemp(path.join(tmpdir(), 'lakelet-build-'))
  const config = {
    extends: path.join(root, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      noCheck: true,
      declaration: true,
      stripInternal: true,
      sourceMap: true,
      inlineSources: true,
      rewriteRelativeImportExtensions: true,
      rootDir: packages,
      outDir: dist,
      typeRoots: [path.join(root, 'node_modules/@types')],
    },
    include: PARTS.map((part) => path.join(packages, part, 'src')),
    exclude: [path.join(packages, '**/*.test.ts')],
  }
  try {
    await writeFile(path.join(work, 'tsconfig.json'), JSON.stringify(config))
    await run(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), '-p', work])
  } catch (error) {
    throw new Error(`the sources were not compiled:\n${(error as { stdout?: string }).stdout ?? ''}`, {
      cause: error,
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function copyData(part: string, dist: string): Promise<void> {
  const source = path.join(packages, part, 'src')
  for (const entry of await readdir(source, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !DATA.test(entry.name)) continue
    const file = path.join(entry.parentPath, entry.name)
    await cp(file, path.join(dist, path.relative(packages, file)))
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

/** The code asks its own manifest for the version. */
async function writeManifests(dist: string, manifests: ReadonlyMap<string, Manifest>): Promise<void> {
  for (const [part, { version }] of manifests) {
    const text = `${JSON.stringify({ private: true, version, type: 'module' })}\n`
    await writeFile(path.join(dist, part, 'package.json'), text)
  }
}

/** Turns the names of the repository's packages into paths; gives the names of all others that are imported. */
async function resolvePackages(
  dist: string,
  manifests: ReadonlyMap<string, Manifest>,
): Promise<ReadonlySet<string>> {
  const entries = entryFiles(manifests)
  const imported = new Set<string>()
  for (const entry of await readdir(dist, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name)
    const part = path.relative(dist, file).split(path.sep)[0] ?? ''
    if (entry.isDirectory() || !manifests.has(part)) continue
    if (file.endsWith('.d.ts')) await keepPublicTypes(file, part)
    else if (file.endsWith('.js')) await resolveIn(file, dist, entries, imported)
  }
  return imported
}

async function keepPublicTypes(file: string, part: string): Promise<void> {
  if (part !== 'lakelet' || file.endsWith('bin.d.ts')) return rm(file)
  const text = await readFile(file, 'utf8')
  if (text.includes('@lakelet/')) throw new Error(`${file} shows types of other packages to users`)
  await writeFile(file, text.replaceAll(/((?:from|import) ['"]\.[^'"]+)\.ts(['"])/g, '$1.js$2'))
}

async function resolveIn(
  file: string,
  dist: string,
  entries: ReadonlyMap<string, string>,
  imported: Set<string>,
): Promise<void> {
  const text = await readFile(file, 'utf8')
  const resolved = text.replaceAll(
    /(^import |^import\b[^'"\n]* from |^export\b[^'"\n]* from |^\} from |\bimport\(\s*|import\.meta\.resolve\(\s*)(['"])([^'"\s]+)\2/gm,
    (whole, before: string, quote: string, name: string) => {
      const target = entries.get(name)
      if (target !== undefined) {
        const relative = path.relative(path.dirname(file), path.join(dist, target)).replaceAll(path.sep, '/')
        return `${before}${quote}${relative.startsWith('.') ? relative : `./${relative}`}${quote}`
      }
      if (name.startsWith('@lakelet/')) throw new Error(`${file} imports ${name}, which is no entry`)
      if (/^[@\w]/.test(name) && !isBuiltin(name)) imported.add(packageOf(name))
      return whole
    },
  )
  if (resolved !== text) await writeFile(file, resolved)
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

/** Where each entry of a package of the repository lies in `dist`. */
function entryFiles(manifests: ReadonlyMap<string, Manifest>): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const [part, { name, exports = {} }] of manifests) {
    for (const [entry, conditions] of Object.entries(exports)) {
      const source = conditions['lakelet:source']
      if (source) found.set(path.posix.join(name, entry), path.join(part, source.replace(/\.ts$/, '.js')))
    }
  }
  return found
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
    exports: { ...Object.fromEntries(exports), './package.json': './package.json' },
    typesVersions: { '*': Object.fromEntries(typesBelow(own)) },
    files: ['dist', 'templates', 'pytest'],
    dependencies,
    optionalDependencies: manifests.get('server')?.optionalDependencies,
  }
}
