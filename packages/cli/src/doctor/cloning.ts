// What a new branch takes on the file system of a data directory.
import { sizeText } from '../command/sizes.ts'
import { type Finding, note, ok } from './finding.ts'

/** Clones something in `directory`, which exists, and says what the largest branch there would take. */
export async function cloningFindings(directory: string): Promise<Finding[]> {
  const { estimateClone } = await import('@lakelet/server')
  const { method, bytesPerSecond, largest, free } = await estimateClone(directory)
  const of = largest === undefined ? 'a new one' : `the largest one (${sizeText(largest)})`
  if (method === 'reflink')
    return [ok('branching', `a branch of ${of} shares all blocks with its parent and takes next to no room`)]
  const speed = `${sizeText(bytesPerSecond)} a second`
  const seconds = Math.max(0.1, (largest ?? 0) / bytesPerSecond).toFixed(1)
  const found = `files are copied at ${speed}${largest === undefined ? '' : `: a branch of ${of} takes about ${seconds} s and as much room`}`
  if ((largest ?? 0) * 2 < free) return [ok('branching', found)]
  return [
    note(
      'branching',
      `${found}, of which ${sizeText(free)} are left`,
      'A branch for which there is no room is refused.',
      'Make room, or let branches share blocks: sudo lakelet storage init --migrate.',
    ),
  ]
}
