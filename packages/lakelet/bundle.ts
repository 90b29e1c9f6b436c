// The code of the published package: what `packages/` holds, in a few files instead of six hundred, since each file that is loaded
// costs time and memory at every start. Packages from npm stay outside and are imported by name.
import { cp, readFile, readdir, writeFile } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Plugin, build } from 'esbuild'

const packages = path.dirname(import.meta.dirname)
/** Packages of the repository that go into this one. */
export const PARTS = ['wire', 'connect', 'api', 'theme', 'mcp', 'server', 'cli', 'lakelet'] as const
/** What is started as threads, by its path. */
const THREADS = ['server/src/gateway/worker.ts', 'server/src/postgres/schema-diff-thread.ts'] as const
/** Files beside the code that it reads. */
const DATA = /\.(sql|control|css|json)$/
/** Imported by its name, which the published manifest maps to a file at the root of `dist`; bundled files lie at different depths. */
export const PLACE = '#dist'
export const PLACE_FILE = 'place.js'

/** Bundles the code of all parts into `dist` and copies what it reads; gives the names of the npm packages that it imports. */
export async function bundleCode(dist: string, entries: readonly string[]): Promise<ReadonlySet<string>> {
  const { metafile } = await build({
    entryPoints: [...THREADS, ...entries].map((entry) => path.join(packages, entry)),
    outbase: packages,
    outdir: dist,
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    packages: 'external',
    conditions: ['lakelet:source'],
    platform: 'node',
    format: 'esm',
    target: 'node22.18',
    sourcemap: true,
    metafile: true,
    // Comments and blanks cost memory as long as the process lives; short lines, since an error that nobody handles shows one.
    minifyWhitespace: true,
    lineLimit: 120,
    logLevel: 'warning',
    plugins: [ownPackages(), ownPlaces()],
  })
  await writeFile(path.join(dist, PLACE_FILE), PLACES)
  await Promise.all(PARTS.map((part) => copyData(part, dist)))
  return new Set(
    Object.values(metafile.outputs)
      .flatMap(({ imports }) => imports)
      .filter((each) => each.external === true && each.path !== PLACE && !isBuiltin(each.path))
      .map((each) => packageOf(each.path)),
  )
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

/** Names of the repository's own packages lead to their sources. */
function ownPackages(): Plugin {
  return {
    name: 'own-packages',
    setup(build) {
      build.onResolve({ filter: /^(@lakelet\/|lakelet-connect$)/ }, ({ path: name }) => ({
        path: fileURLToPath(import.meta.resolve(name)),
      }))
      build.onResolve({ filter: new RegExp(`^${PLACE}$`) }, () => ({ path: PLACE, external: true }))
    },
  }
}

/** Code that looks for its neighbours finds them where its own file would be if each were compiled to a place of its own. */
function ownPlaces(): Plugin {
  return {
    name: 'own-places',
    setup(build) {
      build.onLoad({ filter: /\.ts$/ }, async ({ path: file }) => {
        const text = await readFile(file, 'utf8')
        if (!text.includes('import.meta.')) return undefined
        const place = path.relative(packages, file).replaceAll(path.sep, '/').replace(/\.ts$/, '.js')
        const contents = text
          .replaceAll(/import\.meta\.resolve\('(@lakelet\/[^']+)'\)/g, (_, name: string) => {
            const target = path.relative(packages, fileURLToPath(import.meta.resolve(name)))
            return `placeUrl(${JSON.stringify(target.replaceAll(path.sep, '/'))})`
          })
          .replaceAll('import.meta.dirname', `placePath(${JSON.stringify(path.posix.dirname(place))})`)
          .replaceAll('import.meta.filename', `placePath(${JSON.stringify(place)})`)
          .replaceAll('import.meta.url', `placeUrl(${JSON.stringify(place)})`)
        if (contents.includes('import.meta.'))
          throw new Error(`${file} uses a part of import.meta that has no place`)
        // At the end, since the first line may be one for the shell; imports are hoisted.
        return { contents: `${contents}\nimport { placePath, placeUrl } from '${PLACE}'\n`, loader: 'ts' }
      })
    },
  }
}

/** What `PLACE` is: where `dist` lies on the user's machine. */
const PLACES = `import path from 'node:path'
import { pathToFileURL } from 'node:url'

/** The path that the file of that name in the repository's packages has here. */
export function placePath(name) {
  return path.join(import.meta.dirname, name)
}

/** The same as a URL. */
export function placeUrl(name) {
  return pathToFileURL(placePath(name)).href
}
`

async function copyData(part: string, dist: string): Promise<void> {
  const source = path.join(packages, part, 'src')
  for (const entry of await readdir(source, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !DATA.test(entry.name)) continue
    const file = path.join(entry.parentPath, entry.name)
    await cp(file, path.join(dist, path.relative(packages, file)))
  }
}
