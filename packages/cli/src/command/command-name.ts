// How this command line is called where it runs, so that a message names something that a person can type.
import { existsSync } from 'node:fs'
import path from 'node:path'

/** What the texts of this program say; it is replaced where it is written. */
export const COMMAND = 'lakelet'

/** From a clone by npm, from a project's node_modules, or as a program of the machine. */
export function commandName(
  program: string,
  env: Readonly<Record<string, string | undefined>>,
  node: string = process.execPath,
): string {
  if (env['npm_package_name'] === 'lakelet-workspace') return `npm run ${COMMAND} --`
  const isInstalled = program.split(path.sep).includes('node_modules')
  const isGlobal = existsSync(path.join(path.dirname(node), COMMAND)) && !isBelowProject(program)
  return isInstalled && !isGlobal ? `npx ${COMMAND}` : COMMAND
}

/** A package of a project lies in its node_modules; npm keeps those of the machine in `lib/node_modules`. */
function isBelowProject(program: string): boolean {
  const folder = program.slice(0, program.indexOf(`${path.sep}node_modules${path.sep}`))
  return path.basename(folder) !== 'lib' && existsSync(path.join(folder, 'package.json'))
}

/** `text` with the commands that it quotes as they are typed here. */
export function asTyped(text: string, command: string): string {
  return command === COMMAND ? text : text.replace(/(['`])lakelet (?=[a-z-])/g, `$1${command} `)
}
