// Lists that many clients append to and read at once, and whether what they saw and what is left can have come about one after the other: what was
// acknowledged is there once, in an order that nobody saw otherwise.

export interface Append {
  readonly kind: 'append'
  readonly key: number
  readonly value: string
  readonly startedMs: number
  endedMs: number
  /** False: it may have been done or not. */
  isAcknowledged: boolean
}

export interface Read {
  readonly key: number
  readonly values: readonly string[]
  readonly startedMs: number
  readonly endedMs: number
}

/** What is wrong, in words; nothing where all is well. */
export function faultsOf(
  appends: readonly Append[],
  reads: readonly Read[],
  left: ReadonlyMap<number, readonly string[]>,
): string[] {
  const faults: string[] = []
  for (const [key, values] of left) {
    const own = appends.filter((each) => each.key === key)
    const places = new Map(values.map((value, at) => [value, at]))
    if (places.size !== values.length) faults.push(`list ${key} has a value twice: ${values.join(' ')}`)
    const known = new Set(own.map(({ value }) => value))
    faults.push(...values.filter((each) => !known.has(each)).map((each) => `${each} was never appended`))
    const acknowledged = own.filter((each) => each.isAcknowledged)
    faults.push(
      ...acknowledged
        .filter(({ value }) => !places.has(value))
        .map(({ value }) => `${value} was acknowledged and is lost`),
    )
    faults.push(...disorder(acknowledged, places))
    for (const read of reads.filter((each) => each.key === key)) faults.push(...misread(read, values, own))
  }
  return faults
}

function disorder(acknowledged: readonly Append[], places: ReadonlyMap<string, number>): string[] {
  const placeOf = ({ value }: Append) => places.get(value) ?? 0
  const faults: string[] = []
  for (const first of acknowledged) {
    const after = acknowledged.filter((each) => each.startedMs > first.endedMs)
    for (const each of after)
      if (placeOf(each) < placeOf(first))
        faults.push(`${each.value} came after ${first.value} and stands before it`)
  }
  return faults
}

function misread(read: Read, left: readonly string[], own: readonly Append[]): string[] {
  const seen = read.values
  if (seen.some((value, at) => value !== left[at]))
    return [`a read of list ${read.key} is no beginning of what is left: ${seen.join(' ')}`]
  const missed = own.filter(
    (each) => each.isAcknowledged && each.endedMs < read.startedMs && !seen.includes(each.value),
  )
  return missed.map(({ value }) => `${value} was acknowledged before a read that does not have it`)
}
