// A workspace that runs for longer than its certificate holds.
import path from 'node:path'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadCertificates } from '../../src/main/certificates.ts'
import { keepCertificates } from '../../src/main/keep-certificates.ts'
import { ManualClock } from '../manual-clock.ts'
import { dial, GATEWAYS, HOST_DOMAIN, startTestWorkspace, type TestWorkspace } from './test-workspace.ts'

const DAY_MS = 86_400_000
const hostNames = { certificateNames: [`ep-one.${HOST_DOMAIN}`, 'localhost'], of: () => ({ host: '' }) }

describe.each(GATEWAYS)('a gateway $name', ({ workers }) => {
  let workspace: TestWorkspace

  beforeAll(async () => {
    workspace = await startTestWorkspace(['ep-one'], workers)
  })
  afterAll(() => workspace[Symbol.asyncDispose]())

  async function presented(): Promise<string> {
    using client = await (await dial(workspace.gateway.address.port)).encrypt({ servername: 'localhost' })
    return (client.socket as TLSSocket).getPeerCertificate().fingerprint256
  }

  test('presents a new certificate before the old one ends, to passwords bound to it too; open sessions go on', async () => {
    const { gateway, logger: log } = workspace
    const directory = path.join(workspace.home, 'tls')
    const clock = new ManualClock(new Date())
    const certificates = await loadCertificates(directory, hostNames.certificateNames, clock)
    const toApi: string[] = []
    const http = {
      useCertificate: ({ certificate }: { certificate: string }) => void toApi.push(certificate),
    }
    await using _keeping = keepCertificates({
      directory,
      hostNames,
      certificates,
      gateway,
      http,
      clock,
      log,
    })
    await using open = await workspace.connect()
    const first = await presented()
    await clock.advance(300 * DAY_MS)
    expect(await presented()).toBe(first)

    await clock.advance(70 * DAY_MS)
    await expect.poll(presented).not.toBe(first)
    await expect.poll(() => toApi).toHaveLength(1)
    expect(toApi).not.toContain(certificates.certificate)
    expect((await open.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    // It is valid from a day that has not come for this process.
    const ssl = { servername: `ep-one.${HOST_DOMAIN}`, rejectUnauthorized: false }
    const bound = { user: 'native', password: 'correct horse', enableChannelBinding: true, ssl }
    await using client = await workspace.connect(bound)
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })
})
