// Everything that an app's tests need to see how it fares while credentials rotate and things fail, without an account:
// a control plane and a wire proxy that do what they are told, in front of a Postgres of yours.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { systemClock } from '../clock.ts'
import type { Clock } from '../clock.ts'
import { createTestAuthority } from './certificates.ts'
import type { TestAuthority } from './certificates.ts'
import { FakeControlPlane } from './control-plane.ts'
import { TokenTable } from './token-table.ts'
import type { Upstream } from './upstream-address.ts'
import { WireProxy } from './wire-proxy.ts'

export { startBranch, withBranch } from './branches/branch.ts'
export type { BranchOptions, TestBranch } from './branches/branch.ts'
export { branchFixture, useBranch } from './branches/fixtures.ts'
export type { BranchFixture, FixtureOptions } from './branches/fixtures.ts'
export { createTestAuthority, openTestAuthority } from './certificates.ts'
export type { CertificateAndKey, CertificateRequest, TestAuthority } from './certificates.ts'
export type { ControlPlaneFault, FakeControlPlane } from './control-plane.ts'
export { ManualClock } from './manual-clock.ts'
export type { TokenTable } from './token-table.ts'
export type { Upstream } from './upstream-address.ts'
export type { ConnectionFault, ProxySession, WireProxy } from './wire-proxy.ts'

export interface TestLakebaseOptions {
  /** The real Postgres that answers. */
  upstream: Upstream
  /** The life of a credential, in ms. Default: an hour. */
  ttlMs?: number
  /** The role that the credentials are for. Default: the upstream's user, else `app`. */
  user?: string
  endpoint?: string
  database?: string
  /** Serves the control plane over HTTPS. */
  https?: boolean
  /** The clock of both servers. */
  clock?: Clock
  /** Signs the servers' certificates. Default: a new one. */
  authority?: TestAuthority
  tokenPadding?: number
}

/** A Lakebase for tests. */
export interface TestLakebase extends AsyncDisposable {
  readonly controlPlane: FakeControlPlane
  readonly proxy: WireProxy
  readonly tokens: TokenTable
  readonly authority: TestAuthority
  /** The file of the authority's certificate, as PGSSLROOTCERT and NODE_EXTRA_CA_CERTS take it. */
  readonly caFile: string
  /** What an app needs in its environment to connect. */
  readonly env: Readonly<Record<string, string>>
  stop(): Promise<void>
}

/** Starts both servers on free ports of 127.0.0.1. */
export async function startTestLakebase(options: TestLakebaseOptions): Promise<TestLakebase> {
  const { upstream, ttlMs, https = false, clock = systemClock, tokenPadding } = options
  const user = options.user ?? upstream.user ?? 'app'
  const endpoint = options.endpoint ?? 'projects/test/branches/main/endpoints/primary'
  const authority = options.authority ?? createTestAuthority()
  const certificate = authority.issue({ names: ['127.0.0.1', 'localhost'] })
  const tokens = new TokenTable(clock)
  const directory = await mkdtemp(path.join(tmpdir(), 'lakelet-connect-test-'))
  const caFile = path.join(directory, 'ca.pem')
  await writeFile(caFile, authority.cert)
  const proxy = new WireProxy({ upstream, tokens, certificate })
  const controlPlane = new FakeControlPlane({
    tokens,
    user,
    endpoint,
    clock,
    certificate: https ? certificate : undefined,
    ...(ttlMs === undefined ? {} : { ttlMs }),
    ...(tokenPadding === undefined ? {} : { tokenPadding }),
  })
  const stop = async () => {
    await Promise.all([proxy.stop(), controlPlane.stop()])
    await rm(directory, { recursive: true, force: true })
  }
  try {
    await Promise.all([proxy.start(), controlPlane.start()])
  } catch (error) {
    await stop()
    throw error
  }
  const env = {
    DATABRICKS_HOST: controlPlane.origin,
    DATABRICKS_TOKEN: controlPlane.secret,
    LAKEBASE_ENDPOINT: endpoint,
    PGHOST: '127.0.0.1',
    PGPORT: String(proxy.port),
    PGUSER: user,
    PGDATABASE: options.database ?? 'postgres',
    PGSSLMODE: 'require',
    PGSSLROOTCERT: caFile,
  }
  return { controlPlane, proxy, tokens, authority, caFile, env, stop, [Symbol.asyncDispose]: stop }
}
