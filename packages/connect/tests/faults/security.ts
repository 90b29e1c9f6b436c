// F23 to F25: certificates, and what failed logins leave behind.
import assert from 'node:assert/strict'
import { createPool } from '../../src/pg/index.ts'
import { createTestAuthority } from '../../src/testing/index.ts'
import { connectOnce, shown, timed, until } from './measure.ts'
import type { Scenario } from './scenario.ts'

export const securityScenarios: readonly Scenario[] = [
  {
    id: 'F23',
    fault:
      "the server's certificate is from a wrong authority, for another name, expired; or it says no to TLS",
    expected: 'refused once, and nothing secret was sent',
    async run(rig) {
      const lakebase = await rig.start()
      const { authority, proxy } = lakebase
      const yesterday = new Date(Date.now() - 86_400_000)
      const cases = [
        createTestAuthority().issue({ names: ['127.0.0.1'] }),
        authority.issue({ names: ['other.example'] }),
        authority.issue({ names: ['127.0.0.1'], notBefore: new Date(0), notAfter: yesterday }),
        undefined,
      ]
      const codes: string[] = []
      for (const certificate of cases) {
        if (certificate) proxy.certificate = certificate
        proxy.offersTls = certificate !== undefined
        const before = proxy.accepted
        const pool = createPool({ ...rig.options(lakebase.env) })
        const { error } = await timed(() => connectOnce(pool))
        await pool.end()
        assert.equal(error?.code, certificate ? 'CERTIFICATE_REFUSED' : 'TLS_NOT_OFFERED')
        assert.equal(proxy.accepted - before, 1)
        const { cause } = error as { cause?: { cause?: { code?: string } } }
        codes.push(cause?.cause?.code ?? error.code)
      }
      assert.deepEqual(
        { logins: proxy.logins, rejected: proxy.rejected, plaintext: proxy.plaintextPasswords },
        { logins: 0, rejected: 0, plaintext: 0 },
      )
      return `${codes.join(', ')}; 1 dial each, 0 passwords`
    },
  },
  {
    id: 'F24',
    fault: "the control plane's certificate is wrong",
    expected: 'refused, and no bearer token was sent',
    async run(rig) {
      const lakebase = await rig.start({ https: true })
      const pool = createPool({ ...rig.options(lakebase.env) })
      rig.defer(() => pool.end())
      const { error } = await timed(() => connectOnce(pool))
      assert.equal(error?.code, 'CERTIFICATE_REFUSED')
      assert.deepEqual(lakebase.controlPlane.schemes, [])
      return 'CERTIFICATE_REFUSED, 0 requests'
    },
  },
  {
    id: 'F25',
    fault: '1000 logins fail',
    expected: 'no socket, listener or timer is left',
    isComparable: true,
    async run(rig) {
      const lakebase = await rig.start()
      lakebase.controlPlane.always({ kind: 'status', status: 403 })
      const pool = rig.subject.createPool(lakebase.env, { max: 50, connectionTimeoutMillis: 5000 })
      rig.defer(() => pool.end())
      const before = process.getActiveResourcesInfo().length
      const { ms } = await timed(async () => {
        for (let round = 0; round < 10; round++)
          await Promise.all(Array.from({ length: 50 }, () => mustFail(pool.query('select 1'))))
      })
      assert.equal(
        lakebase.proxy.openSockets,
        0,
        `${lakebase.proxy.openSockets} sockets after credentials were denied`,
      )
      if (rig.subject.name !== 'lakelet-connect') return `500 denied credentials in ${shown(ms)}`
      lakebase.controlPlane.always(undefined)
      lakebase.proxy.always({
        at: 'login',
        action: { code: '3D000', message: 'database "nowhere" does not exist' },
      })
      const other = createPool({ ...rig.options(lakebase.env, { credential: { ttlSeconds: 600 } }), max: 50 })
      for (let round = 0; round < 10; round++)
        await Promise.all(Array.from({ length: 50 }, () => mustFail(other.query('select 1'))))
      await other.end()
      await until('all sockets are gone', () => lakebase.proxy.openSockets === 0, 5000)
      await until('all resources are gone', () => process.getActiveResourcesInfo().length <= before, 5000)
      return `500 denied credentials, 500 refused logins: 0 sockets left`
    },
  },
]

async function mustFail(promise: Promise<unknown>): Promise<void> {
  const { error } = await timed(() => promise)
  assert.ok(error)
}
