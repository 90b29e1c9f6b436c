/** A part that exists by the time anything can ask for it. */
export function known<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('a part of the workspace was asked for before it was built')
  return part
}
