// What branches are, in memory: the model that a workspace is compared with after each step.
import type { Interruption, Moment, Outcome, PastMoment, World } from './world.ts'

/** What is known of one branch. */
interface Known {
  readonly id: string
  /** The branch that it was made from; itself for the root. */
  readonly source: Known | undefined
  rows: readonly number[]
  /** What can be reached, oldest first, beside `first`. */
  moments: Moment[]
  /** What it was at its first moment; unknown while the branch has no history of its own yet. */
  first: readonly number[] | undefined
  state: 'live' | 'deleted' | 'purged'
}

/** More branches than this are not made: a step that would is left out. */
const MOST = 14

export class BranchingModel {
  readonly #world: World
  readonly #branches: Known[] = [newKnown('production', undefined, [])]
  #next = 0
  #rows = 0
  /** What does not agree. */
  readonly broken: string[] = []
  readonly seen: Map<string, number>

  constructor(world: World, seen: Map<string, number>) {
    this.#world = world
    this.#branches[0]!.first = []
    this.seen = seen
  }

  #saw(what: string): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + 1)
  }

  get #live(): Known[] {
    return this.#branches.filter(({ state }) => state === 'live')
  }

  #pick(which: number): Known {
    return this.#live[which % this.#live.length]!
  }

  #childrenOf(known: Known): Known[] {
    return this.#live.filter(({ source }) => source === known)
  }

  #newId(word: string): string {
    this.#next += 1
    return `${word}-${this.#next}`
  }

  #expect(what: string, agrees: boolean, detail: unknown = ''): void {
    if (!agrees) this.broken.push(`${what} ${JSON.stringify(detail)}`)
  }

  async write(which: number, what: 'add' | 'remove'): Promise<void> {
    const known = this.#pick(which)
    this.#rows += 1
    const at = await this.#world.write(known.id, what, this.#rows)
    known.rows = what === 'add' ? [...known.rows, this.#rows] : []
    known.moments.push({ ...at, rows: known.rows })
    this.#saw(`write ${what}`)
  }

  /** A moment of a branch, chosen by number; the first one that can be reached is among them. */
  async #momentOf(
    known: Known,
    which: number,
    by: 'time' | 'lsn',
  ): Promise<[PastMoment, readonly number[]] | undefined> {
    const index = which % (known.moments.length + 1)
    const moment = known.moments[index]
    if (moment) return [by === 'time' ? { time: moment.time } : { lsn: moment.lsn }, moment.rows]
    const first = await this.#world.firstMoment(known.id)
    return first && known.first ? [first, known.first] : undefined
  }

  async create(which: number, interruption?: Interruption): Promise<void> {
    if (this.#live.length >= MOST) return
    const source = this.#pick(which)
    await this.#make(source, source.rows, undefined, interruption)
  }

  async createAt(
    which: number,
    moment: number,
    by: 'time' | 'lsn',
    interruption?: Interruption,
  ): Promise<void> {
    if (this.#live.length >= MOST) return
    const source = this.#pick(which)
    const at = await this.#momentOf(source, moment, by)
    if (at) await this.#make(source, at[1], at[0], interruption)
  }

  async #make(
    source: Known,
    rows: readonly number[],
    moment: PastMoment | undefined,
    interruption: Interruption | undefined,
  ): Promise<void> {
    const id = this.#newId(moment ? 'past' : 'copy')
    const request = { kind: 'create' as const, id, source: source.id, ...(moment ? { moment } : {}) }
    const outcome = await this.#world.request(request, interruption)
    this.#ended(`create ${moment ? Object.keys(moment)[0] : 'now'}`, outcome, 'done', interruption)
    if (outcome === 'done') this.#branches.push({ ...newKnown(id, source, rows), first: rows })
  }

  /** What must not be reached: before the first moment, and beyond the end. */
  async createBeyond(which: number, moment: PastMoment): Promise<void> {
    const source = this.#pick(which)
    const request = { kind: 'create' as const, id: this.#newId('never'), source: source.id, moment }
    this.#ended('create beyond', await this.#world.request(request), 'refused')
  }

  async restore(
    which: number,
    moment: number,
    by: 'time' | 'lsn',
    interruption?: Interruption,
  ): Promise<void> {
    if (this.#live.length >= MOST) return
    const known = this.#pick(which)
    const at = await this.#momentOf(known, moment, by)
    if (!at) return
    const backup = this.#newId('old')
    const request = { kind: 'restore' as const, branch: known.id, backup, moment: at[0] }
    const outcome = await this.#world.request(request, interruption)
    this.#ended(`restore ${by}`, outcome, 'done', interruption)
    if (outcome !== 'done') return
    const { rows, moments, first } = known
    this.#branches.push({ ...newKnown(backup, known, rows), moments: [...moments], first })
    known.rows = at[1]
    // What came after the moment belongs to the backup alone.
    const index = moments.findIndex(({ time, lsn }) =>
      'time' in at[0] ? time === at[0].time : lsn === at[0].lsn,
    )
    known.moments = moments.slice(0, index + 1)
  }

  async reset(which: number, interruption?: Interruption): Promise<void> {
    const known = this.#pick(which)
    const isAllowed = known.source?.state === 'live' && this.#childrenOf(known).length === 0
    const outcome = await this.#world.request(
      { kind: 'reset', branch: known.id },
      isAllowed ? interruption : undefined,
    )
    this.#ended('reset', outcome, isAllowed ? 'done' : 'refused', interruption)
    if (outcome !== 'done' || !known.source) return
    known.rows = known.source.rows
    known.first = known.rows
    known.moments = []
  }

  async delete(which: number, how: 'delete' | 'purge', interruption?: Interruption): Promise<void> {
    const known = this.#pick(which)
    const isAllowed = known.source !== undefined && this.#childrenOf(known).length === 0
    const request = { kind: how, branch: known.id }
    const outcome = await this.#world.request(request, isAllowed ? interruption : undefined)
    this.#ended(how, outcome, isAllowed ? 'done' : 'refused', interruption)
    if (outcome === 'done') known.state = how === 'delete' ? 'deleted' : 'purged'
  }

  async undelete(which: number): Promise<void> {
    const deleted = this.#branches.filter(({ state }) => state === 'deleted')
    const known = deleted[which % deleted.length]
    if (!known || this.#live.length >= MOST) return
    const outcome = await this.#world.request({ kind: 'undelete', branch: known.id })
    const isAllowed = known.source?.state !== 'deleted'
    this.#ended('undelete', outcome, isAllowed ? 'done' : 'refused')
    if (outcome === 'done') known.state = 'live'
  }

  async suspend(which: number): Promise<void> {
    await this.#world.suspend(this.#pick(which).id)
  }

  async crash(which: number): Promise<void> {
    await this.#world.crash(this.#pick(which).id)
    this.#saw('crash')
  }

  async switchSegment(which: number): Promise<void> {
    await this.#world.switchSegment(this.#pick(which).id)
  }

  async takeBase(which: number, forget: boolean): Promise<void> {
    const known = this.#pick(which)
    if (!(await this.#world.takeBase(known.id, forget))) return
    this.#saw('base')
    if (!forget) return
    known.first = known.rows
    known.moments = []
  }

  async restart(): Promise<void> {
    await this.#world.restart()
    this.#saw('restart')
  }

  /** Whoever was interrupted by a kill goes on; whoever failed is as before. */
  #ended(what: string, outcome: Outcome, wanted: Outcome, interruption?: Interruption): void {
    const mayFail = interruption?.how === 'fail' && wanted === 'done'
    this.#expect(what, outcome === wanted || (mayFail && outcome === 'failed'), {
      outcome,
      wanted,
      interruption,
    })
    this.#saw(`${what} ${outcome}`)
  }

  /** Compares all branches; `deeply`, their rows too, of which else one branch is looked at. */
  async check(which: number, deeply: boolean): Promise<void> {
    const there = await this.#world.branches()
    const wanted = Object.fromEntries(
      // Of one that is gone for good nothing is said.
      this.#live.map(({ id, source }) => [id, source?.state === 'purged' ? undefined : source?.id]),
    )
    this.#expect('branches', sorted(there) === sorted(wanted), { there, wanted })
    for (const known of deeply ? this.#live : [this.#pick(which)]) {
      const rows = await this.#world.read(known.id)
      const expected = known.rows.toSorted((one, other) => one - other)
      this.#expect(`rows of ${known.id}`, JSON.stringify(rows) === JSON.stringify(expected), {
        rows,
        expected,
      })
    }
  }
}

function newKnown(id: string, source: Known | undefined, rows: readonly number[]): Known {
  return { id, source, rows, moments: [], first: undefined, state: 'live' }
}

function sorted(branches: Readonly<Record<string, string | undefined>>): string {
  return JSON.stringify(
    Object.entries(branches)
      .map(([id, source]) => `${id} of ${source}`)
      .sort(),
  )
}
