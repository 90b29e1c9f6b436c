// What branches are, in memory: the model that a workspace is compared with after each step. Snapshots, looks at the past: `model-past.ts`.
import {
  allGone,
  type Asked,
  cutAfter,
  haveEndsOf,
  type Known,
  type KnownSnapshot,
  listOf,
  newKnown,
  sorted,
} from './known.ts'
import type { Interruption, Outcome, PastMoment, Request, World } from './world.ts'

/** More branches than this are not made: a step that would is left out. */
const MOST = 14
/** Of the service: branches that no branch was their source. */
const MOST_ROOTS = 3

export class BranchingModel {
  readonly world: World
  protected readonly branches: Known[] = [
    newKnown({ id: 'production', source: undefined, rows: [], first: [] }),
  ]
  /** By id. */
  protected readonly snapshots = new Map<string, KnownSnapshot>()
  #next = 0
  #rows = 0
  /** What does not agree. */
  readonly broken: string[] = []
  readonly seen: Map<string, number>

  constructor(world: World, seen: Map<string, number>) {
    this.world = world
    this.seen = seen
  }

  protected saw(what: string): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + 1)
  }

  protected get live(): Known[] {
    return this.branches.filter(({ state }) => state === 'live')
  }

  protected get isFull(): boolean {
    return this.live.length >= MOST
  }

  protected get hasRoomForRoot(): boolean {
    return this.live.filter(({ source }) => source === undefined).length < MOST_ROOTS
  }

  protected pick(which: number): Known {
    return this.live[which % this.live.length]!
  }

  protected childrenOf(known: Known): Known[] {
    return this.live.filter(({ source }) => source === known)
  }

  protected newId(word: string): string {
    this.#next += 1
    return `${word}-${this.#next}`
  }

  protected expect(what: string, agrees: boolean, detail: unknown = ''): void {
    if (!agrees) this.broken.push(`${what} ${JSON.stringify(detail)}`)
  }

  async write(which: number, what: 'add' | 'remove'): Promise<void> {
    await this.writeTo(this.pick(which), what)
  }

  protected async writeTo(known: Known, what: 'add' | 'remove'): Promise<void> {
    this.#rows += 1
    const at = await this.world.write(known.id, what, this.#rows)
    known.rows = what === 'add' ? [...known.rows, this.#rows] : []
    known.moments = [...known.moments, { ...at, rows: known.rows }]
    this.saw(`write ${what}`)
  }

  /** A moment of a branch, chosen by number; the first one that can be reached and those that a restore left behind are among them. */
  protected async momentOf(known: Known, which: number, by: 'time' | 'lsn'): Promise<Asked | undefined> {
    const { moments, gone } = known
    const past = by === 'time' ? gone : []
    const index = which % (moments.length + past.length + 1)
    const moment = moments[index]
    if (moment) {
      const { time, lsn, rows } = moment
      return { moment: by === 'time' ? { time } : { lsn }, at: time, rows, mayBeRefused: false }
    }
    const left = past[index - moments.length]
    if (left) return { ...left, moment: { time: left.time }, at: left.time }
    const first = await this.world.firstMoment(known.id)
    if (!first || !known.first) return undefined
    return { moment: first, at: undefined, rows: known.first, mayBeRefused: false }
  }

  async create(which: number, interruption?: Interruption): Promise<void> {
    if (this.isFull) return
    const source = this.pick(which)
    await this.#make(source, undefined, interruption)
  }

  async createAt(
    which: number,
    moment: number,
    by: 'time' | 'lsn',
    interruption?: Interruption,
  ): Promise<void> {
    if (this.isFull) return
    const source = this.pick(which)
    const at = await this.momentOf(source, moment, by)
    if (at) await this.#make(source, at, interruption)
  }

  async #make(source: Known, at: Asked | undefined, interruption: Interruption | undefined): Promise<void> {
    const id = this.newId(at ? 'past' : 'copy')
    const request = { kind: 'create' as const, id, source: source.id, ...(at ? { moment: at.moment } : {}) }
    const what = `create ${at ? wordOf(at.moment) : 'now'}`
    // What goes by itself has no children.
    const outcome = await this.ask(what, request, source.life === undefined, interruption, at?.mayBeRefused)
    const rows = at?.rows ?? source.rows
    if (outcome === 'done') this.branches.push(newKnown({ id, source, rows, first: rows }))
  }

  /** What must not be reached: before the first moment, and beyond the end. */
  async createBeyond(which: number, moment: PastMoment): Promise<void> {
    const source = this.pick(which)
    await this.ask(
      'create beyond',
      { kind: 'create', id: this.newId('never'), source: source.id, moment },
      false,
    )
  }

  async restore(
    which: number,
    moment: number,
    by: 'time' | 'lsn',
    interruption?: Interruption,
  ): Promise<void> {
    if (this.isFull) return
    const known = this.pick(which)
    const at = await this.momentOf(known, moment, by)
    if (!at) return
    const backup = this.newId('old')
    const request = { kind: 'restore' as const, branch: known.id, backup, moment: at.moment }
    const isAllowed = known.life === undefined
    const outcome = await this.ask(`restore ${by}`, request, isAllowed, interruption, at.mayBeRefused)
    if (outcome !== 'done') return
    this.keepBackup(known, backup)
    Object.assign(known, cutAfter(known, at), { rows: at.rows })
  }

  /** What a branch was before other files took their place. */
  protected keepBackup(known: Known, id: string): void {
    const { rows, moments, gone, first } = known
    this.branches.push({ ...newKnown({ id, source: known, rows, first }), moments, gone })
  }

  async reset(which: number, interruption?: Interruption): Promise<void> {
    const known = this.pick(which)
    const { source, life } = known
    const isAllowed = source?.state === 'live' && !known.isProtected && this.childrenOf(known).length === 0
    const outcome = await this.ask('reset', { kind: 'reset', branch: known.id }, isAllowed, interruption)
    if (outcome !== 'done' || !source) return
    const { rows } = source
    Object.assign(known, { rows, first: rows, moments: [], gone: allGone(known, rows) })
    if (life) known.life = { ...life, endMs: this.world.nowMs() + life.seconds * 1000 }
  }

  async delete(which: number, how: 'delete' | 'purge', interruption?: Interruption): Promise<void> {
    const known = this.pick(which)
    const isRoot = known.source === undefined && !known.isBrought
    const isAllowed = !isRoot && !known.isProtected && this.childrenOf(known).length === 0
    const outcome = await this.ask(how, { kind: how, branch: known.id }, isAllowed, interruption)
    if (outcome === 'done') known.state = how === 'delete' ? 'deleted' : 'purged'
  }

  async undelete(which: number): Promise<void> {
    const deleted = this.branches.filter(({ state }) => state === 'deleted')
    const known = deleted[which % deleted.length]
    if (!known || this.isFull) return
    const { source } = known
    // Nor does a branch that expires get a child.
    const mayReturn = source?.state === 'purged' || (source?.state === 'live' && source.life === undefined)
    const isAllowed = source === undefined ? this.hasRoomForRoot : mayReturn
    const outcome = await this.ask('undelete', { kind: 'undelete', branch: known.id }, isAllowed)
    if (outcome !== 'done') return
    known.state = 'live'
    // Its time would be over at once.
    if (known.life && known.life.endMs <= this.world.nowMs()) known.life = undefined
  }

  /** Gives a branch an end, or takes it away. */
  async setLife(which: number, seconds: number | undefined): Promise<void> {
    const known = this.pick(which)
    const isRoot = known.source === undefined && !known.isBrought
    const mayEnd = !isRoot && !known.isProtected && this.childrenOf(known).length === 0
    const change = seconds === undefined ? { no_expiry: true } : { ttl: `${seconds}s` }
    const endMs = this.world.nowMs() + (seconds ?? 0) * 1000
    const request = { kind: 'change' as const, branch: known.id, mask: 'spec.expiration', spec: change }
    const what = seconds === undefined ? 'keep' : 'expire'
    const outcome = await this.ask(what, request, seconds === undefined || mayEnd)
    if (outcome === 'done') known.life = seconds === undefined ? undefined : { endMs, seconds }
  }

  async protect(which: number, isProtected: boolean): Promise<void> {
    const known = this.pick(which)
    const isOther = this.live.some((each) => each.isProtected && each !== known)
    const isAllowed = !isProtected || (known.life === undefined && !isOther)
    const spec = { is_protected: isProtected }
    const request = { kind: 'change' as const, branch: known.id, mask: 'spec.is_protected', spec }
    const outcome = await this.ask(isProtected ? 'protect' : 'unprotect', request, isAllowed)
    if (outcome === 'done') known.isProtected = isProtected
  }

  /** What has a life that is over then deletes itself; a branch can be brought back, a snapshot is gone. */
  async passTime(seconds: number): Promise<void> {
    await this.world.passTime(seconds)
    const now = this.world.nowMs()
    for (const known of this.live.filter(({ life }) => life && life.endMs <= now)) {
      known.state = 'deleted'
      this.saw('branch expired')
    }
    for (const { id, endMs } of this.snapshots.values()) {
      if (endMs === undefined || endMs > now) continue
      this.snapshots.delete(id)
      this.saw('snapshot expired')
    }
  }

  async suspend(which: number): Promise<void> {
    await this.world.suspend(this.pick(which).id)
  }

  async crash(which: number): Promise<void> {
    await this.world.crash(this.pick(which).id)
    this.saw('crash')
  }

  async switchSegment(which: number): Promise<void> {
    await this.world.switchSegment(this.pick(which).id)
  }

  async takeBase(which: number, forget: boolean): Promise<void> {
    const known = this.pick(which)
    if (!(await this.world.takeBase(known.id, forget))) return
    this.saw('base')
    if (forget) Object.assign(known, { first: known.rows, moments: [], gone: allGone(known, known.rows) })
  }

  async restart(): Promise<void> {
    await this.world.restart()
    this.saw('restart')
  }

  /** Makes a request. Whoever was interrupted by a kill goes on; whoever failed is as before. */
  protected async ask(
    what: string,
    request: Request,
    isAllowed: boolean,
    interruption?: Interruption,
    mayBeRefused = false,
  ): Promise<Outcome> {
    // One that may be refused is not interrupted: nothing would end the interruption.
    const how = isAllowed && !mayBeRefused ? interruption : undefined
    const outcome = await this.world.request(request, how)
    const told = outcome === 'refused' ? { told: this.world.refusal } : {}
    const wanted: Outcome[] = [isAllowed ? 'done' : 'refused']
    if (isAllowed && how?.how === 'fail') wanted.push('failed')
    if (mayBeRefused) wanted.push('refused')
    this.expect(what, wanted.includes(outcome), { outcome, ...told, wanted, request, interruption })
    this.saw(`${what} ${outcome}`)
    return outcome
  }

  /** Compares all branches and snapshots; `deeply`, the rows of each branch too, of which else one is looked at. */
  async check(which: number, deeply: boolean): Promise<void> {
    const there = await this.world.branches()
    const wanted = listOf(this.live)
    const isSame = sorted(there) === sorted(wanted) && haveEndsOf(there, wanted)
    this.expect('branches', isSame, { there, wanted })
    const [taken, kept] = [await this.world.snapshots(), [...this.snapshots.keys()].sort()]
    this.expect('snapshots', JSON.stringify(taken) === JSON.stringify(kept), { taken, kept })
    for (const known of deeply ? this.live : [this.pick(which)])
      this.expectRows(`rows of ${known.id}`, await this.world.read(known.id), known.rows)
  }

  protected expectRows(what: string, rows: readonly number[], wanted: readonly number[]): void {
    const expected = wanted.toSorted((one, other) => one - other)
    this.expect(what, JSON.stringify(rows) === JSON.stringify(expected), { rows, expected })
  }
}

function wordOf(moment: PastMoment): string {
  return 'time' in moment ? 'time' : 'lsn'
}
