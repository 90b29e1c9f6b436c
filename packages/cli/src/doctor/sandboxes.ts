// What keeps apps apart on this machine, and what holds them to their size.
import type { AppIsolation } from '@lakelet/api'
import { type Finding, note, ok } from './finding.ts'

/** Runs something in a sandbox, and makes a group of processes. */
export async function appFindings(): Promise<Finding[]> {
  const { tryHosting } = await import('@lakelet/server')
  const found = await tryHosting()
  return [sandboxFinding(found), limitsFinding(found)]
}

function sandboxFinding({ sandbox, why }: AppIsolation): Finding {
  if (sandbox === 'own')
    return ok('apps', 'each app has its own network, files and processes (bubblewrap and pasta)')
  return note(
    'apps',
    `apps have no sandboxes: ${why}`,
    'Apps share the network of this machine, so two that insist on port 8000 cannot run at once, and they see the files that their user sees.',
    'Install both where there are packages of them (Debian: apt install bubblewrap passt).',
  )
}

function limitsFinding({ limits }: AppIsolation): Finding {
  const { cpu, memory, processes, disk } = limits
  const open = [
    ...(cpu.held === 'advisory' ? ['CPU'] : []),
    ...(memory.held === 'enforced'
      ? []
      : [memory.held === 'advisory' ? 'memory' : 'memory of all processes together']),
    ...(processes.held === 'advisory' ? ['processes'] : []),
    ...(disk.held === 'advisory' ? ['disk'] : []),
  ]
  if (open.length === 0)
    return ok('app-limits', 'apps are held to the CPU, memory, processes and disk of their compute size')
  return note(
    'app-limits',
    `apps are not held to their compute size in ${open.join(', ')}${limits.why === undefined ? '' : ` (${limits.why})`}`,
    'One app can take what the others and the databases need.',
    'CPU and memory need control groups that are ours (root, or Delegate=yes of systemd); processes need a user for each app (root) or sandboxes.',
  )
}
