// A process that waits at a pipe until what it runs in is ready.
import type { ChildProcess } from 'node:child_process'
import type { Writable } from 'node:stream'

/** Descriptor through which a process is let go on. */
const GATE = 3
const WAIT = `read -r _ <&${GATE} || exit 1; exec ${GATE}<&-; exec "$@"`

/** The words of a command that waits first. */
export function gated(command: readonly string[]): string[] {
  return ['/bin/sh', '-c', WAIT, 'sh', ...command]
}

/** Lets a command that waits go on; its fourth stream is a pipe. */
export function openGate(child: ChildProcess): void {
  const gate = child.stdio[GATE] as Writable | null | undefined
  // A process that has ended leaves a closed pipe behind, and how it ended tells more.
  gate?.on('error', () => undefined)
  gate?.end('\n')
}
