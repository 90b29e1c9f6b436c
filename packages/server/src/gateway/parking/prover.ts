// Whether what sessions have told of themselves is all there is. Custom settings (`app.tenant`, on which row-level security may hang) stand in no
// catalog; but a backend that has one uses more memory for settings than one that has not. So what a session tells is given to a fresh
// backend, and the session counts as known where both use the same, to the byte. Sessions that are alike share a fresh backend.
import { hash } from 'node:crypto'
import type { Clock } from '../../base/clock.ts'
import type { BackendMemory } from '../control.ts'
import type { BackendState } from './backend-state.ts'
import { buildReference, type Entrance, type Reference } from './reference.ts'
import type { Variant } from './replay.ts'

/** A session that has told of itself. */
export interface Subject extends Entrance {
  readonly processId: number
  readonly state: BackendState
  /** Custom settings that it was asked for. */
  readonly names: readonly string[]
}

/** What is needed to make its like. */
export interface Recipe {
  readonly variant: Variant
  readonly loaders: readonly string[]
}

export interface ProverOptions {
  readonly memory: (processIds: readonly number[]) => Promise<readonly BackendMemory[]>
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** So many fresh backends at once: they take the places of clients. */
const AT_ONCE = 8
/** Of these contexts depends what a setting is worth, in bytes. */
const SETTINGS = ['GUCMemoryContext', 'GUC hash table'] as const
/** Where they are, procedures or connections of the session keep something that nobody can ask for. */
const SECRETIVE = /^(?:PL\/(?:Perl|Python|Tcl)|Remote Con hash)/

/** Of each subject that is known to the last byte, how to make its like. */
export async function proveAll<S extends Subject>(
  subjects: readonly S[],
  options: ProverOptions,
): Promise<Map<S, Recipe>> {
  const proven = new Map<S, Recipe>()
  for (const variant of VARIANTS) {
    const unsure = subjects.filter((each) => !proven.has(each) && isPossible(variant, each.state))
    for (const [subject, recipe] of await proveInTurns(unsure, variant, options)) proven.set(subject, recipe)
  }
  return proven
}

/** The likeliest first. */
const VARIANTS: readonly Variant[] = [
  { emptyAre: 'local', saysNoRole: false },
  { emptyAre: 'set', saysNoRole: false },
  { emptyAre: 'local', saysNoRole: true },
  { emptyAre: 'set', saysNoRole: true },
]

function isPossible({ emptyAre, saysNoRole }: Variant, { custom, role }: BackendState): boolean {
  return (
    (emptyAre === 'local' || custom.some(([, value]) => value === '')) && (!saysNoRole || role === 'none')
  )
}

async function proveInTurns<S extends Subject>(
  subjects: readonly S[],
  variant: Variant,
  options: ProverOptions,
): Promise<Map<S, Recipe>> {
  const kinds = Map.groupBy(subjects, kindOf)
  const proven = new Map<S, Recipe>()
  const left = [...kinds.values()]
  while (left.length > 0) {
    const turn = left.splice(0, AT_ONCE).flat()
    for (const [subject, recipe] of await prove(turn, variant, options)) proven.set(subject, recipe)
  }
  return proven
}

async function prove<S extends Subject>(
  subjects: readonly S[],
  variant: Variant,
  options: ProverOptions,
): Promise<Map<S, Recipe>> {
  using stack = new DisposableStack()
  const references = new Map<string, Reference>()
  await Promise.all(
    [...new Map(subjects.map((each) => [kindOf(each), each]))].map(async ([kind, subject]) => {
      const reference = await buildReference(subject, subject, { ...options, variant }).catch(() => undefined)
      if (reference) references.set(kind, stack.use(reference))
    }),
  )
  options.signal.throwIfAborted()
  const asked = subjects.filter((each) => references.get(kindOf(each))?.isAlike)
  if (asked.length === 0) return new Map()
  const processes = [...asked, ...references.values()].map(({ processId }) => processId)
  const reports = new Map((await options.memory(processes)).map((each) => [each.processId, each.used]))
  return new Map(
    asked.flatMap((subject) => {
      const reference = references.get(kindOf(subject))
      const isSame = reference && isEqual(reports.get(subject.processId), reports.get(reference.processId))
      return isSame ? [[subject, { variant, loaders: reference.loaders }] as const] : []
    }),
  )
}

function kindOf({ startupPacket, state }: Subject): string {
  return hash('sha256', Buffer.concat([startupPacket, Buffer.from(state.fingerprint)]), 'base64url')
}

function isEqual(one: BackendMemory['used'] | undefined, other: BackendMemory['used'] | undefined): boolean {
  if (!one || !other || Object.keys(one).some((name) => SECRETIVE.test(name))) return false
  return SETTINGS.every((name) => one[name] !== undefined && one[name] === other[name])
}
