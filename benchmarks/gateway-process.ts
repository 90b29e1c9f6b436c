// A gateway in a process of its own, in front of the Postgres whose socket is given. Its tokens are really signed and checked; only the control
// plane is left out. Arguments: socket, directory of the certificates. It prints its port and a token as one line of JSON.
import { writeSync } from 'node:fs'
import { generateKeyPair, jwtVerify, SignJWT } from 'jose'
import { systemClock } from '../packages/server/src/base/clock.ts'
import { createLogger } from '../packages/server/src/base/log.ts'
import { startGateway } from '../packages/server/src/gateway/gateway.ts'
import type { GatewayControl } from '../packages/server/src/gateway/control.ts'
import { loadCertificates } from '../packages/server/src/main/certificates.ts'

const [unix = '', directory = ''] = process.argv.slice(2)
const ROLE = 'cloud_admin'
const keys = await generateKeyPair('ES256')
const control: GatewayControl = {
  locate: async () => ({
    endpoint: { id: 'ep-bench', name: 'projects/p/branches/b/endpoints/bench' },
    branch: { id: 'b', state: 'READY' },
    allowsPasswords: true,
    role: { canLogin: true, identity: { id: 1, type: 'USER' } },
  }),
  async verify(token) {
    const { payload } = await jwtVerify(token, keys.publicKey)
    return { id: 1, name: payload.sub ?? '', kind: 'USER', groups: [] }
  },
  travel: () => Promise.reject(new Error('there is no past here')),
  wake: async () => ({ unix }),
  role: async () => ({ canLogin: true, identity: { id: 1, type: 'USER' } }),
  memory: async () => [],
  release() {},
  report() {},
}
const gateway = await startGateway({
  host: '127.0.0.1',
  port: 0,
  tls: await loadCertificates(directory, ['localhost'], systemClock),
  control,
  clock: systemClock,
  logger: createLogger({ level: 'error' }),
})
const token = await new SignJWT({})
  .setProtectedHeader({ alg: 'ES256' })
  .setSubject(ROLE)
  .setExpirationTime('12h')
  .sign(keys.privateKey)
writeSync(1, `${JSON.stringify({ port: gateway.address.port, token })}\n`)
