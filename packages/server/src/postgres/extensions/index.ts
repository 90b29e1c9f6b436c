// Extensions of an installation: those that come with it, and those that are brought to it.
import type { Logger } from '../../base/log.ts'
import type { PostgresInstallation } from '../installation.ts'
import { type ExtensionSource, bringExtension } from './bring.ts'
import { type ExtensionControl, readControlFiles, trustOffered } from './control-files.ts'

export type { ExtensionControl } from './control-files.ts'
export { hideUnloadable } from './loadable.ts'

/** Brought to every installation: the real service has it, and applications expect it. */
const EXPECTED = ['vector']

/** A start waits no longer than this for what has to be downloaded; the next start tries again. */
const LONGEST_WAIT_MS = 30_000

/** Makes ready what every installation has; what cannot be had is logged, and the workspace starts without it. */
export async function prepareExtensions(installation: PostgresInstallation, log: Logger): Promise<void> {
  for (const name of EXPECTED) {
    try {
      const source = await bring(installation, name, AbortSignal.timeout(LONGEST_WAIT_MS))
      if (source !== undefined) log.info({ extension: name, source }, 'brought an extension')
    } catch (error) {
      log.info({ extension: name, err: error }, 'an extension is not available here')
    }
  }
  await trustOffered(installation.prefix)
}

/** Brings an extension to the installation and gives what it is. Throws `extension_unknown`. */
export async function installExtension(
  installation: PostgresInstallation,
  name: string,
  signal: AbortSignal,
): Promise<{ readonly control: ExtensionControl; readonly source: ExtensionSource }> {
  const source = await bring(installation, name, signal)
  await trustOffered(installation.prefix)
  const control = (await availableExtensions(installation)).find((each) => each.name === name)
  if (!control) throw new Error(`extension ${name} was brought and is not there`)
  return { control, source }
}

/** Extensions that `CREATE EXTENSION` knows in every database, by name. */
export async function availableExtensions(installation: PostgresInstallation): Promise<ExtensionControl[]> {
  return readControlFiles(installation.prefix)
}

function bring(
  installation: PostgresInstallation,
  name: string,
  signal: AbortSignal,
): Promise<ExtensionSource> {
  return bringExtension(installation, name, signal)
}
