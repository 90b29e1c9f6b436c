// Makes the published package: ESM and CommonJS with shared chunks, types for both, the wire code inside, and a
// package.json without anything that only this repository needs.
//
// CommonJS is made from the ESM chunks one by one, so that both have the same shape and entries share their classes.
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { build, stop, transform } from 'esbuild'

const here = path.dirname(fileURLToPath(import.meta.url))
const root = path.resolve(here, '../..')
const run = promisify(execFile)
const peers = ['pg', 'postgres', '@opentelemetry/api']

interface Manifest {
  name: string
  version: string
  exports: Record<string, Record<string, string> | string>
  bin?: Record<string, string>
  [key: string]: unknown
}

/** Builds the package into `outDir` (emptied first): package.json, README, LICENSE, dist. */
export async function buildConnector(outDir: string): Promise<void> {
  const manifest = JSON.parse(await readFile(path.join(here, 'package.json'), 'utf8')) as Manifest
  await rm(outDir, { recursive: true, force: true })
  await mkdir(path.join(outDir, 'dist'), { recursive: true })
  const entries = entryPoints(manifest)
  await withEsbuild(() => bundle(outDir, entries))
  await writeTypes(outDir, entries)
  await writeFile(path.join(outDir, 'package.json'), `${JSON.stringify(published(manifest), null, 2)}\n`)
  await cp(path.join(here, 'README.md'), path.join(outDir, 'README.md'))
  await cp(path.join(root, 'LICENSE'), path.join(outDir, 'LICENSE'))
}

let builds = 0

/** esbuild leaves a process behind for the next build; it ends with the last one that runs. */
export async function withEsbuild<T>(work: () => Promise<T>): Promise<T> {
  builds += 1
  try {
    return await work()
  } finally {
    builds -= 1
    if (builds === 0) await stop()
  }
}

/** Builds and packs; the tarball is at `tgzFile` afterwards. */
export async function packConnector(tgzFile: string): Promise<void> {
  const work = await mkdtemp(path.join(tmpdir(), 'lakelet-connect-pack-'))
  try {
    await buildConnector(path.join(work, 'package'))
    await run('npm', ['pack', '--silent', '--pack-destination', work], { cwd: path.join(work, 'package') })
    const made = (await readdir(work)).find((name) => name.endsWith('.tgz'))
    if (!made) throw new Error('npm pack made no tarball')
    await mkdir(path.dirname(tgzFile), { recursive: true })
    await cp(path.join(work, made), `${tgzFile}.new`)
    await rename(`${tgzFile}.new`, tgzFile)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** Name of each entry in dist, and its source. */
function entryPoints(manifest: Manifest): Record<string, string> {
  const entries: Record<string, string> = {}
  for (const conditions of Object.values(manifest.exports)) {
    if (typeof conditions === 'string') continue
    const output = path.basename(conditions['default'] ?? '', '.js')
    entries[output] = path.join(here, conditions['lakelet:source'] ?? '')
  }
  if (manifest.bin) entries['cli'] = path.join(here, 'src/cli/main.ts')
  return entries
}

async function bundle(outDir: string, entryPoints: Record<string, string>): Promise<void> {
  const esm = path.join(outDir, 'dist/esm')
  const cjs = path.join(outDir, 'dist/cjs')
  // The test servers use more of the wire code than apps do. In one build with the rest that would go into the chunk that
  // everybody loads, for chunks are made of whole modules.
  const { testing, ...others } = entryPoints
  await bundleEsm(esm, others)
  if (testing) await bundleEsm(esm, { testing })
  await mkdir(cjs, { recursive: true })
  for (const name of await readdir(esm)) {
    const code = await readFile(path.join(esm, name), 'utf8')
    const { code: common } = await transform(code, {
      format: 'cjs',
      platform: 'node',
      target: 'node20',
    })
    await writeFile(path.join(cjs, name), common)
  }
  await writeFile(path.join(cjs, 'package.json'), '{"type":"commonjs"}\n')
}

async function bundleEsm(outdir: string, entryPoints: Record<string, string>): Promise<void> {
  await build({
    entryPoints,
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['lakelet:source'],
    packages: 'bundle',
    external: peers,
    chunkNames: 'chunk-[hash]',
    logLevel: 'error',
  })
}

/** Declarations by the compiler, then only those that an entry reaches; nothing of the wire code is among them. */
async function writeTypes(outDir: string, entries: Record<string, string>): Promise<void> {
  const emitted = await mkdtemp(path.join(tmpdir(), 'lakelet-connect-types-'))
  try {
    const config = {
      extends: path.join(root, 'tsconfig.json'),
      compilerOptions: {
        noEmit: false,
        emitDeclarationOnly: true,
        declaration: true,
        stripInternal: true,
        // `npm run check` checks; here the drivers' types need not be installed.
        noCheck: true,
        rootDir: path.join(root, 'packages'),
        outDir: emitted,
        types: ['node'],
        typeRoots: [path.join(root, 'node_modules/@types')],
      },
      include: [],
      files: Object.values(entries),
    }
    await writeFile(path.join(emitted, 'tsconfig.json'), JSON.stringify(config))
    await run(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), '-p', emitted]).catch(
      (error: unknown) => {
        throw new Error(`the declarations were not made:\n${(error as { stdout?: string }).stdout ?? ''}`, {
          cause: error,
        })
      },
    )
    for (const format of ['esm', 'cjs']) {
      for (const [name, source] of Object.entries(entries)) {
        if (name === 'cli') continue
        await copyDeclarations(emitted, source, path.join(outDir, 'dist', format), `${name}.d.ts`)
      }
    }
  } finally {
    await rm(emitted, { recursive: true, force: true })
  }
}

/** Copies the declarations of one entry as `name`, and, into `types/`, every file they reach. */
async function copyDeclarations(
  emitted: string,
  source: string,
  target: string,
  name: string,
): Promise<void> {
  const src = path.join(here, 'src')
  const seen = new Set<string>()
  const pending = [source]
  const emittedFile = (file: string) =>
    path.join(emitted, path.relative(path.join(root, 'packages'), file)).replace(/\.ts$/, '.d.ts')
  for (let file = pending.pop(); file; file = pending.pop()) {
    if (seen.has(file)) continue
    seen.add(file)
    const text = await readFile(emittedFile(file), 'utf8')
    if (text.includes('@lakelet/'))
      throw new Error(`${path.relative(src, file)} shows types of @lakelet/wire to users`)
    for (const [, imported] of text.matchAll(/from ['"](\.[^'"]+)['"]/g)) {
      pending.push(path.resolve(path.dirname(file), imported ?? '').replace(/\.(d\.)?(js|ts)$/, '.ts'))
    }
    const output = path.join(target, 'types', path.relative(src, file)).replace(/\.ts$/, '.d.ts')
    await mkdir(path.dirname(output), { recursive: true })
    await writeFile(output, text.replaceAll(/(from ['"]\.[^'"]+)\.ts(['"])/g, '$1.js$2'))
  }
  const reached = path.relative(src, source).replaceAll(path.sep, '/').replace(/\.ts$/, '.js')
  await writeFile(path.join(target, name), `export * from './types/${reached}'\n`)
}

/** The manifest users get: no source condition, nothing for development; `require` and `import` each with its types. */
function published(manifest: Manifest): Manifest {
  const { devDependencies: _development, scripts: _scripts, ...kept } = manifest
  const exports: Manifest['exports'] = { './package.json': './package.json' }
  for (const [entry, conditions] of Object.entries(manifest.exports)) {
    if (typeof conditions === 'string') continue
    const name = path.basename(conditions['default'] ?? '', '.js')
    exports[entry] = {
      import: { types: `./dist/esm/${name}.d.ts`, default: `./dist/esm/${name}.js` },
      require: { types: `./dist/cjs/${name}.d.ts`, default: `./dist/cjs/${name}.js` },
    } as unknown as Record<string, string>
  }
  return {
    ...kept,
    sideEffects: false,
    main: './dist/cjs/index.js',
    module: './dist/esm/index.js',
    types: './dist/cjs/index.d.ts',
    exports,
    typesVersions: typesVersionsOf(manifest),
    files: ['dist', 'README.md', 'LICENSE'],
  }
}

/** Where compilers that know no `exports` (moduleResolution node10) find the types of the entries below the root. */
function typesVersionsOf(manifest: Manifest): object {
  const entries = Object.entries(manifest.exports).flatMap(([entry, conditions]) => {
    if (entry === '.' || typeof conditions === 'string') return []
    const name = path.basename(conditions['default'] ?? '', '.js')
    return [[entry.slice(2), [`./dist/cjs/${name}.d.ts`]]]
  })
  return { '*': Object.fromEntries(entries) }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [target] = process.argv.slice(2)
  if (!target) throw new Error('usage: build.ts <directory | file.tgz>')
  await (target.endsWith('.tgz') ? packConnector(path.resolve(target)) : buildConnector(path.resolve(target)))
}

/** Bytes of what a bundler leaves of `entries` in `folder` and of what they import at once: minified and gzipped. */
export async function bundledBytes(folder: string, entries: readonly string[]): Promise<number> {
  const reached = await reachedFrom(folder, entries)
  const minified = await Promise.all(
    reached.map(async (file) => transform(await readFile(path.join(folder, file)), { minify: true })),
  )
  await stop()
  return gzipSync(minified.map(({ code }) => code).join('')).length
}

/** Files of `folder` that are imported from the entries; what is imported only when it is needed does not count. */
async function reachedFrom(folder: string, entries: readonly string[]): Promise<string[]> {
  const present = new Set(await readdir(folder))
  const seen = new Set<string>()
  const pending = [...entries]
  for (let file = pending.pop(); file; file = pending.pop()) {
    if (seen.has(file) || !present.has(file)) continue
    seen.add(file)
    const text = await readFile(path.join(folder, file), 'utf8')
    for (const [, name] of text.matchAll(/(?:from|import)\s*"\.\/([^"]+)"/g)) pending.push(name ?? '')
  }
  return [...seen]
}
