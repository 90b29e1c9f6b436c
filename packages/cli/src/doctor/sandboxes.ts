// What keeps apps apart on this machine.
import { type Finding, note, ok } from './finding.ts'

/** Runs something in a sandbox. */
export async function sandboxFinding(): Promise<Finding> {
  const { tryIsolation } = await import('@lakelet/server')
  const { sandbox, why } = await tryIsolation()
  if (sandbox === 'own')
    return ok('apps', 'each app has its own network, files and processes (bubblewrap and pasta)')
  return note(
    'apps',
    `apps have no sandboxes: ${why}`,
    'Apps share the network of this machine, so two that insist on port 8000 cannot run at once, and they see the files that their user sees.',
    'Install both where there are packages of them (Debian: apt install bubblewrap passt).',
  )
}
