import type { Output } from '../command/output.ts'
import type { SyncPlan } from './plan.ts'

/** Says what happens: lines of text, or one JSON event a line, as the official tool words them. */
export class Reporter {
  readonly #out: Output
  readonly #pass: number
  readonly #isDryRun: boolean

  constructor(out: Output, pass: number, isDryRun: boolean) {
    this.#out = out
    this.#pass = pass
    this.#isDryRun = isDryRun
  }

  start(plan: SyncPlan): void {
    const parts = [
      plan.put.length > 0 ? `PUT: ${plan.put.join(', ')}` : '',
      plan.delete.length > 0 ? `DELETE: ${plan.delete.join(', ')}` : '',
    ].filter((part) => part !== '')
    const action = `${this.#isDryRun ? '[DRY-RUN MODE] ' : ''}Action: ${parts.join(', ')}`
    this.#emit('start', changesOf(plan), parts.length > 0 ? action : '')
  }

  progress(action: 'put' | 'delete', path: string, progress: 0 | 1): void {
    const done = action === 'put' ? `Uploaded ${path}` : `Deleted ${path}`
    const would = action === 'put' ? `[DRY-RUN] Would upload: ${path}` : `[DRY-RUN] Would delete: ${path}`
    this.#emit('progress', { action, path, progress }, progress === 0 ? '' : this.#isDryRun ? would : done)
  }

  complete(plan: SyncPlan): void {
    const prefix = this.#isDryRun ? '[DRY-RUN] ' : ''
    const isEmpty = plan.put.length === 0 && plan.delete.length === 0
    const text = this.#pass === 0 ? 'Initial Sync Complete' : isEmpty ? '' : 'Complete'
    this.#emit('complete', changesOf(plan), text === '' ? '' : `${prefix}${text}`)
  }

  #emit(type: string, fields: object, text: string): void {
    const base = { timestamp: new Date().toISOString(), seq: this.#pass, type }
    this.#out.event({ ...base, ...(this.#isDryRun ? { dry_run: true } : {}), ...fields }, text)
  }
}

function changesOf(plan: SyncPlan): object {
  return {
    ...(plan.put.length > 0 ? { put: plan.put } : {}),
    ...(plan.delete.length > 0 ? { delete: plan.delete } : {}),
  }
}
