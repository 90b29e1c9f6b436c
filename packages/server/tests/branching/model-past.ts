// Snapshots, and moments of the past that are only looked at.
import { allGone, type Asked, type Known, newKnown } from './known.ts'
import { BranchingModel } from './model.ts'
import type { Interruption } from './world.ts'

/** Of the service, per project. */
const MOST_SNAPSHOTS = 10
/** While one copy is made. */
const MOST_WRITES = 12

export class PastModel extends BranchingModel {
  /** As the branch is now, or, with `moment`, as it was. */
  async takeSnapshot(
    which: number,
    moment: { readonly which: number; readonly by: 'time' | 'lsn' } | undefined,
    interruption: Interruption | undefined,
    seconds: number | undefined,
  ): Promise<void> {
    const source = this.pick(which)
    const at = moment && (await this.momentOf(source, moment.which, moment.by))
    if (moment && !at) return
    const id = this.newId('snap')
    const endMs = seconds === undefined ? undefined : this.world.nowMs() + seconds * 1000
    const life = seconds === undefined ? {} : { ttl: `${seconds}s` }
    const request = {
      kind: 'snapshot' as const,
      id,
      source: source.id,
      life,
      ...(at ? { moment: at.moment } : {}),
    }
    const isAllowed = source.source === undefined && this.snapshots.size < MOST_SNAPSHOTS
    const what = `snapshot ${at ? 'past' : 'now'}`
    const outcome = await this.ask(what, request, isAllowed, interruption, at?.mayBeRefused)
    if (outcome === 'done') this.snapshots.set(id, { id, rows: at?.rows ?? source.rows, endMs })
  }

  #pickSnapshot(which: number) {
    return [...this.snapshots.values()][which % this.snapshots.size]
  }

  async deleteSnapshot(which: number, interruption?: Interruption): Promise<void> {
    const snapshot = this.#pickSnapshot(which)
    if (!snapshot) return
    const request = { kind: 'delete snapshot' as const, snapshot: snapshot.id }
    const outcome = await this.ask('delete snapshot', request, true, interruption)
    if (outcome === 'done') this.snapshots.delete(snapshot.id)
  }

  /** A new branch of it, which is a root. */
  async createOfSnapshot(which: number, interruption?: Interruption): Promise<void> {
    const snapshot = this.#pickSnapshot(which)
    if (!snapshot || this.isFull) return
    const id = this.newId('root')
    const request = { kind: 'create' as const, id, snapshot: snapshot.id }
    const outcome = await this.ask('create of snapshot', request, this.hasRoomForRoot, interruption)
    const { rows } = snapshot
    if (outcome === 'done')
      this.branches.push(newKnown({ id, source: undefined, isBrought: true, rows, first: rows }))
  }

  async restoreSnapshot(which: number, snapshotNumber: number, interruption?: Interruption): Promise<void> {
    const snapshot = this.#pickSnapshot(snapshotNumber)
    if (!snapshot || this.isFull) return
    const known = this.pick(which)
    const backup = this.newId('old')
    const request = { kind: 'restore' as const, branch: known.id, backup, snapshot: snapshot.id }
    const isAllowed = known.life === undefined
    const outcome = await this.ask('restore snapshot', request, isAllowed, interruption)
    if (outcome !== 'done') return
    this.keepBackup(known, backup)
    const { rows } = snapshot
    Object.assign(known, { rows, first: rows, moments: [], gone: allGone(known, rows) })
  }

  /** A copy that is made while somebody writes, and the server moves what it has from its log to its files, holds what there was at one moment. */
  async copyWhileWriting(which: number, how: 'branch' | 'snapshot'): Promise<void> {
    const known = this.pick(which)
    const isPossible =
      how === 'branch' ? known.life === undefined : known.source === undefined && this.hasRoomForRoot
    if (!isPossible || this.isFull || this.snapshots.size >= MOST_SNAPSHOTS) return
    const seen = [known.rows]
    const id = this.newId('busy')
    const isOver = new AbortController()
    const copied = this.#copy(known.id, id, how).finally(() => isOver.abort())
    for (let n = 0; n < MOST_WRITES && !isOver.signal.aborted; n += 1) {
      await this.writeTo(known, 'add')
      seen.push(known.rows)
      await this.world.checkpoint(known.id)
    }
    if (!(await copied)) return
    const found = await this.world.read(id)
    const rows = seen.find((each) => String(each.toSorted((one, other) => one - other)) === String(found))
    this.expect(`${id}, copied while ${known.id} was written to`, rows !== undefined, { found, seen })
    const isBrought = how === 'snapshot'
    const source = isBrought ? undefined : known
    this.branches.push(newKnown({ id, source, isBrought, rows: rows ?? found, first: rows ?? found }))
    if (isBrought) this.snapshots.set(`of-${id}`, { id: `of-${id}`, rows: rows ?? found, endMs: undefined })
  }

  /** The branch `id`, of the source or of a snapshot of it, which stays. */
  async #copy(source: string, id: string, how: 'branch' | 'snapshot'): Promise<boolean> {
    if (how === 'branch') {
      const request = { kind: 'create' as const, id, source }
      return (await this.ask('create while written to', request, true)) === 'done'
    }
    const request = { kind: 'snapshot' as const, id: `of-${id}`, source, life: {} }
    if ((await this.ask('snapshot while written to', request, true)) !== 'done') return false
    const made = { kind: 'create' as const, id, snapshot: `of-${id}` }
    return (await this.ask('create of snapshot', made, true)) === 'done'
  }

  /** Reads a moment of a branch, which must be what it was, and cannot be written to. */
  async preview(which: number, moment: number, by: 'time' | 'lsn'): Promise<void> {
    const known = this.pick(which)
    const at = await this.momentOf(known, moment, by)
    if (at) await this.#look(known, at)
  }

  /** What was open when a branch was restored is not what is read of it afterwards. */
  async lookOverRestore(which: number, moment: number): Promise<void> {
    const known = this.pick(which)
    const last = known.moments.at(-1)
    if (!last) return
    const asked = { moment: { time: last.time }, at: last.time, mayBeRefused: false }
    await this.#look(known, { ...asked, rows: last.rows })
    await this.restore(which, moment, 'time')
    const { rows } = known.gone.find(({ time }) => time === last.time) ?? last
    await this.#look(known, { ...asked, rows })
  }

  async #look(known: Known, at: Asked): Promise<void> {
    const found = await this.world.preview(known.id, at.moment)
    if (found === 'refused') {
      this.expect(`preview of ${known.id}`, at.mayBeRefused, at)
    } else {
      this.expectRows(`preview of ${known.id} at ${JSON.stringify(at.moment)}`, found.rows, at.rows)
      this.expect(`a preview of ${known.id} is read-only`, !found.isWritten)
    }
    this.saw(found === 'refused' ? 'preview refused' : `preview ${Object.keys(at.moment).join()}`)
  }
}
