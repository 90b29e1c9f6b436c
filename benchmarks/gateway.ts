// What the gateway costs: `pgbench -S` over TLS, in a session of its own and in a transaction pool, beside PgBouncer of this machine with the
// same certificate before the same Postgres; and how many connections with logins it takes in a second.
import { type BenchmarkResult, compare, type Contestant, type Goal, type Row } from './measure.ts'
import { type Peers, startPeers, takesPrepared } from './gateway-peers.ts'
import { type Load, pgbench, type Target } from './pgbench.ts'

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5)
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 2)
const CLIENTS = [1, 8, 32]
const MODES = ['simple', 'prepared'] as const
const SESSION = 'gateway, session'
const POOLED = 'gateway, pooled'
const SESSION_GOAL = 1
const POOLED_GOAL = 0.9

export async function gateway(): Promise<BenchmarkResult> {
  await using stack = new AsyncDisposableStack()
  const peers = await startPeers(stack)
  const rows: Row[] = []
  for (const mode of MODES)
    for (const clients of CLIENTS) {
      const load = { mode, clients, seconds: SECONDS }
      rows.push(...(await inSessions(peers, load)), ...(await inPools(peers, load)))
    }
  rows.push(...(await logins(peers)))
  return { rows, goals: rows.flatMap(goalOf) }
}

function inSessions(peers: Peers, load: Load): Promise<Row[]> {
  const contestants = [
    contestant('PgBouncer, session', peers.bouncerSession, load, true),
    contestant('Postgres itself', peers.direct, load),
    contestant('least relay in Node', peers.relay, load),
    contestant(SESSION, peers.session, load),
  ]
  return compare(measureOf(load), 'tx/s', contestants, { rounds: ROUNDS, warmups: 1 })
}

function inPools(peers: Peers, load: Load): Promise<Row[]> {
  const peer =
    load.mode === 'simple' || takesPrepared()
      ? contestant('PgBouncer, transaction', peers.bouncerTransaction, load, true)
      : contestant('PgBouncer, session: its pool knows no prepared ones', peers.bouncerSession, load, true)
  const contestants = [peer, contestant(POOLED, peers.pooled, load)]
  return compare(measureOf(load), 'tx/s', contestants, { rounds: ROUNDS, warmups: 1 })
}

function logins(peers: Peers): Promise<Row[]> {
  const load: Load = { mode: 'simple', clients: 4, seconds: SECONDS, reconnects: true }
  const contestants = [
    contestant('PgBouncer, SCRAM', peers.bouncerTransaction, load, true),
    contestant('gateway, session, token', peers.session, load),
    contestant('gateway, pooled, token', peers.pooled, load),
  ]
  return compare('connect, log in, ask', 'per s', contestants, { rounds: ROUNDS, warmups: 1 })
}

function contestant(name: string, target: Target, load: Load, isPeer = false): Contestant {
  return { name, isPeer, sample: () => pgbench(target, load) }
}

function measureOf({ mode, clients }: Load): string {
  return `pgbench -S, ${mode}, ${clients} client${clients === 1 ? '' : 's'}`
}

function goalOf({ name, measure, ratio = 0 }: Row): Goal[] {
  const least = name === SESSION ? SESSION_GOAL : name === POOLED ? POOLED_GOAL : undefined
  if (least === undefined) return []
  return [{ text: `${measure}: ${name}: at least ${least}× PgBouncer`, isMet: ratio >= least }]
}
