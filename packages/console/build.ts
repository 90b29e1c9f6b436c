// Builds the console into `dist/<hash of its sources>` and names that build in `dist/current.json`. A build that is there already is
// kept, so a call costs a hash. Several calls at once may run: each builds aside and renames.
//   node --conditions=lakelet:source build.ts [--report]
import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { allRoutes } from '@lakelet/api'
import tailwind from '@tailwindcss/vite'
import { build, type Plugin } from 'vite'

const here = import.meta.dirname
const root = path.resolve(here, '../..')
const dist = path.join(here, 'dist')
/** Pages that are open while a new build appears still load parts of the one before. */
const KEPT_BUILDS = 3

interface ManifestEntry {
  readonly file: string
  readonly css?: readonly string[]
  readonly imports?: readonly string[]
}

// Whoever runs this may be in the middle of tests or of development; the console is the same for all: libraries are built by this name.
process.env['NODE_ENV'] = 'production'
const hash = sourceHash()
if (!existsSync(path.join(dist, hash, 'index.json'))) await buildAside()
await writeAtomically(path.join(dist, 'current.json'), JSON.stringify({ build: hash }))
await removeOldBuilds()

async function buildAside(): Promise<void> {
  await mkdir(dist, { recursive: true })
  const aside = await mkdtemp(path.join(dist, '.building-'))
  try {
    await build({
      root: here,
      configFile: false,
      logLevel: process.argv.includes('--report') ? 'info' : 'warn',
      resolve: { conditions: ['lakelet:source', 'module', 'browser', 'production'] },
      plugins: [tailwind(), routeTable()],
      oxc: { jsx: { runtime: 'automatic' } },
      build: {
        outDir: aside,
        assetsDir: 'assets',
        manifest: 'manifest.json',
        target: 'baseline-widely-available',
        modulePreload: { polyfill: false },
        assetsInlineLimit: 0,
        rolldownOptions: {
          input: path.join(here, 'src/main.tsx'),
          // Directives for server rendering, which means nothing here.
          onwarn: (warning, warn) => {
            if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') warn(warning)
          },
        },
      },
    })
    await writeIndex(aside)
    await compressAll(path.join(aside, 'assets'))
    await rename(aside, path.join(dist, hash))
  } catch (error) {
    await rm(aside, { recursive: true, force: true })
    // Another process may have finished the same build first.
    if (!existsSync(path.join(dist, hash, 'index.json'))) throw error
  }
}

/** What the server needs for the page: the script, the styles, and the chunks that the script asks for at once. */
async function writeIndex(directory: string): Promise<void> {
  const file = path.join(directory, 'manifest.json')
  // The shape is Vite's manifest.
  const manifest = JSON.parse(await readFile(file, 'utf8')) as Record<string, ManifestEntry>
  const entry = manifest['src/main.tsx']
  if (!entry) throw new Error('the build has no entry')
  const preload = (entry.imports ?? []).flatMap((name) => manifest[name]?.file ?? [])
  const index = { build: hash, script: entry.file, styles: entry.css ?? [], preload }
  await writeFile(path.join(directory, 'index.json'), JSON.stringify(index))
}

async function compressAll(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const file = path.join(directory, name)
    const bytes = await readFile(file)
    const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }
    await writeFile(`${file}.br`, await promisify(brotliCompress)(bytes, quality))
    await writeFile(`${file}.gz`, await promisify(gzip)(bytes, { level: 9 }))
  }
}

/** `virtual:routes`: method and path of each route by its id, without the schemas, which would bring zod to the browser. */
function routeTable(): Plugin {
  const name = 'virtual:routes'
  return {
    name: 'lakelet-routes',
    resolveId: (id) => (id === name ? `\0${name}` : undefined),
    load: (id) =>
      id === `\0${name}`
        ? `export const routes = ${JSON.stringify(Object.fromEntries(allRoutes.map((route) => [route.id, `${route.method} ${route.path}`])))}`
        : undefined,
  }
}

/** Over everything that the build reads and that this repository keeps. */
function sourceHash(): string {
  const sources = ['packages/console/src', 'packages/theme/src', 'packages/api/src']
  const files = sources.flatMap((folder) =>
    globSync(`${folder}/**/*.{ts,tsx,css}`, { cwd: root }).filter((file) => !file.endsWith('.test.ts')),
  )
  const sum = createHash('sha256')
  for (const file of [...files.sort(), 'packages/console/build.ts', 'packages/console/package.json']) {
    sum.update(`${file}\0`).update(readFileSync(path.join(root, file)))
  }
  return sum.digest('hex').slice(0, 16)
}

async function writeAtomically(file: string, text: string): Promise<void> {
  await writeFile(`${file}.${process.pid}`, text)
  await rename(`${file}.${process.pid}`, file)
}

async function removeOldBuilds(): Promise<void> {
  const builds = (await readdir(dist, { withFileTypes: true })).filter((each) =>
    /^[\da-f]{16}$/.test(each.name),
  )
  const current = builds.filter((each) => each.name !== hash)
  for (const { name } of current.slice(0, Math.max(0, current.length - KEPT_BUILDS + 1))) {
    await rm(path.join(dist, name), { recursive: true, force: true })
  }
}
