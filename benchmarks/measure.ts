// Samples, their percentiles and the table of ratios. Subject and peers are measured in turns, round by round, so that a
// noisy machine is noisy for all of them.

/** One thing that is measured; `sample` does it once and returns the value. */
export interface Contestant {
  readonly name: string
  readonly isPeer?: boolean
  sample(): Promise<number>
}

export interface Row {
  readonly measure: string
  readonly name: string
  readonly unit: string
  readonly n: number
  readonly p50: number
  readonly p95: number
  readonly max: number
  /** The median of the rounds' own ratios to the peer; absent for the peer itself and where there is none. */
  readonly ratio?: number
}

/** A row that must hold, for instance a ratio of at most 2. */
export interface Goal {
  readonly text: string
  readonly isMet: boolean
}

export interface BenchmarkResult {
  readonly rows: readonly Row[]
  readonly goals: readonly Goal[]
}

/** What the command line says of how to measure. */
export interface BenchmarkOptions {
  /** Data of a parent in GB, of benchmarks that have one; a new branch has 40 MB. */
  readonly sizes: readonly number[]
}

/** Says on standard error what is being done, with the time since the start: a benchmark takes minutes. */
export function progress(text: string): void {
  const seconds = Math.round(performance.now() / 1000)
  const clock = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
  console.error(`${clock}  ${text}`)
}

/** The value below which `share` of the samples lie (nearest rank). */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

/** So many rounds there are at least, however long one takes. */
const LEAST_ROUNDS = 3

interface CompareOptions {
  readonly rounds: number
  readonly warmups?: number
  /** No round begins after so long, once there are three; the table says how many there were. */
  readonly budgetMs?: number
}

/** Measures all contestants `rounds` times in turns, after `warmups` rounds that do not count. */
export async function compare(
  measure: string,
  unit: string,
  contestants: readonly Contestant[],
  { rounds, warmups = 0, budgetMs = Infinity }: CompareOptions,
): Promise<Row[]> {
  const samples = new Map(contestants.map((each) => [each, [] as number[]]))
  const end = performance.now() + budgetMs
  for (let round = -warmups; round < rounds; round += 1) {
    if (round >= LEAST_ROUNDS && performance.now() > end) break
    const said: string[] = []
    for (const contestant of contestants) {
      const value = await contestant.sample()
      said.push(`${contestant.name} ${value.toFixed(unit === 'ms' ? 0 : 1)}`)
      if (round >= 0) samples.get(contestant)?.push(value)
    }
    // Thousands of short rounds would say nothing that can be read.
    if (rounds <= 20)
      progress(`${measure}, ${round < 0 ? 'to warm up' : `round ${round + 1}`}: ${said.join(', ')} ${unit}`)
  }
  const peer = contestants.find(({ isPeer }) => isPeer)
  const base = peer && samples.get(peer)
  return contestants.map((each) => {
    const own = samples.get(each) ?? []
    const row = summarise(measure, each.name, unit, own)
    if (each === peer || base === undefined) return row
    // Within a round the machine was as busy for one as for the other.
    const ratios = own.map((value, round) => value / (base[round] ?? Number.NaN))
    return { ...row, ratio: percentile(ratios, 0.5) }
  })
}

export function summarise(measure: string, name: string, unit: string, samples: readonly number[]): Row {
  return {
    measure,
    name,
    unit,
    n: samples.length,
    p50: percentile(samples, 0.5),
    p95: percentile(samples, 0.95),
    max: Math.max(...samples),
  }
}

/** Milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}

/** The rows as an aligned table. */
export function table(rows: readonly Row[]): string {
  const head = ['measure', 'what', 'n', 'p50', 'p95', 'max', 'unit', 'ratio']
  const body = rows.map((row) => [
    row.measure,
    row.name,
    String(row.n),
    ...[row.p50, row.p95, row.max].map((value) => value.toFixed(1)),
    row.unit,
    row.ratio === undefined ? '–' : `${row.ratio.toFixed(2)}×`,
  ])
  const lines = [head, ...body]
  const widths = head.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)))
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
