// Who may import whom. The table is the rule; ARCHITECTURE.md shows it between two markers.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { circlesIn, type ImportGraph, resolveImport } from './import-circles.ts'

/** Each room, and the other rooms whose files it may import. A package's own files are always allowed. */
export const rooms: Readonly<Record<string, readonly string[]>> = {
  wire: [],
  api: [],
  theme: [],
  mcp: ['api'],
  connect: ['wire'],
  cli: ['api', 'theme', 'connect', 'mcp', 'server/main'],
  console: ['api', 'theme'],
  lakelet: ['cli', 'server/main'],
  'server/base': ['api'],
  'server/metadata': ['server/base', 'api'],
  'server/operations': ['server/base', 'server/metadata'],
  'server/identity': ['server/base', 'api', 'theme', 'server/metadata'],
  'server/postgres': ['server/base', 'wire'],
  'server/storage': ['server/base', 'server/postgres'],
  'server/objects': ['server/base', 'server/metadata', 'server/postgres', 'server/storage'],
  'server/computes': ['server/base', 'api', 'server/postgres', 'server/storage'],
  'server/gateway': ['server/base', 'wire'],
  'server/data-api': ['server/base'],
  'server/files': ['server/base', 'api', 'server/metadata'],
  'server/telemetry': ['server/base'],
  'server/apps': ['server/base', 'api', 'theme', 'server/metadata', 'server/operations', 'server/files'],
  'server/control': [
    'server/base',
    'api',
    'server/metadata',
    'server/operations',
    'server/identity',
    'server/postgres',
    'server/storage',
    'server/computes',
    'server/files',
    'server/telemetry',
    'server/apps',
  ],
  'server/main': [
    'api',
    'theme',
    'mcp',
    'wire',
    'server/base',
    'server/metadata',
    'server/operations',
    'server/identity',
    'server/postgres',
    'server/storage',
    'server/objects',
    'server/computes',
    'server/gateway',
    'server/data-api',
    'server/files',
    'server/telemetry',
    'server/apps',
    'server/control',
  ],
}

const packageNames: Readonly<Record<string, string>> = {
  '@lakelet/wire': 'wire',
  '@lakelet/api': 'api',
  '@lakelet/theme': 'theme',
  '@lakelet/mcp': 'mcp',
  '@lakelet/console': 'console',
  'lakelet-connect': 'connect',
  '@lakelet/server': 'server/main',
  '@lakelet/cli': 'cli',
  lakelet: 'lakelet',
}

export interface Violation {
  readonly file: string
  readonly imported: string
  readonly why: string
}

/** The room a file under `packages/` belongs to, or undefined for tests and files outside any room. */
export function roomOf(file: string): string | undefined {
  const [, name, src, folder] = file.split(path.sep)
  if (!name || src !== 'src') return undefined
  if (name !== 'server') return name
  return file.split(path.sep).length > 4 ? `server/${folder}` : 'server/main'
}

/** Imports of `text` that the table forbids to `file` (a path relative to the repository root). */
export function violationsIn(file: string, text: string): Violation[] {
  const room = roomOf(file)
  if (!room) return []
  const allowed = rooms[room]
  if (!allowed) return [{ file, imported: '', why: `the folder ${room} is not in the table of rooms` }]
  const found: Violation[] = []
  for (const imported of importsOf(text)) {
    const target = targetRoom(file, imported)
    if (target && target !== room && !allowed.includes(target)) {
      found.push({ file, imported, why: `${room} may not import ${target}` })
    }
  }
  return found
}

function importsOf(text: string): string[] {
  const pattern =
    /(?:^|\n)\s*(?:import|export)\s[^'"`;]*?from\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]|(?:^|\n)\s*import\s+['"]([^'"]+)['"]/g
  return [...text.matchAll(pattern)].map((match) => match[1] ?? match[2] ?? match[3] ?? '')
}

function targetRoom(file: string, imported: string): string | undefined {
  if (imported.startsWith('.')) {
    const target = path.normalize(path.join(path.dirname(file), imported))
    if (isOwnManifest(file, target) || isHelperOfTest(file, target)) return undefined
    return target.startsWith(`packages${path.sep}`)
      ? (roomOf(target) ?? `outside src (${target})`)
      : `outside packages (${target})`
  }
  const bare = Object.keys(packageNames).find((name) => imported === name || imported.startsWith(`${name}/`))
  return bare ? packageNames[bare] : undefined
}

/** A package may read its own package.json. */
function isOwnManifest(file: string, target: string): boolean {
  const [packages = '', name = ''] = file.split(path.sep)
  return target === path.join(packages, name, 'package.json')
}

/** A test may use what lies with the other tests of its package. */
function isHelperOfTest(file: string, target: string): boolean {
  const [packages = '', name = ''] = file.split(path.sep)
  return /\.test\.tsx?$/.test(file) && target.startsWith(path.join(packages, name, 'tests') + path.sep)
}

function sourceFiles(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => !/[\\/](node_modules|dist)[\\/]/.test(file))
}

function graphOf(files: readonly string[]): ImportGraph {
  return new Map(
    files.map((file) => [
      file,
      importsOf(readFileSync(file, 'utf8')).flatMap((imported) => resolveImport(file, imported) ?? []),
    ]),
  )
}

/** Checks every source file, that no files import each other in a circle, and that ARCHITECTURE.md shows the table as it is; prints what is wrong. */
export function checkBoundaries(root: string): boolean {
  const files = sourceFiles(path.join(root, 'packages'))
  const violations = files.flatMap((file) =>
    violationsIn(path.relative(root, file), readFileSync(file, 'utf8')),
  )
  const circles = circlesIn(graphOf(files)).map((circle) => circle.map((file) => path.relative(root, file)))
  for (const circle of circles) console.error(`these files import each other: ${circle.join(', ')}`)
  const shown = readFileSync(path.join(root, 'ARCHITECTURE.md'), 'utf8').includes(boundaryTable())
  if (!shown) {
    console.error(
      `ARCHITECTURE.md does not show the table of rooms as it is. It should read:\n\n${boundaryTable()}`,
    )
  }
  return violations.length === 0 && circles.length === 0 && shown
}

/** The table of rooms in Markdown. */
export function boundaryTable(): string {
  const rows = Object.entries(rooms).map(
    ([room, allowed]) => `| \`${room}\` | ${allowed.map((each) => `\`${each}\``).join(', ') || '–'} |`,
  )
  return ['| room | may import |', '| --- | --- |', ...rows].join('\n')
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.log(boundaryTable())
}
