// The least that a relay in Node can be: TLS on one side, a unix socket on the other. Arguments: port, socket, certificate, key.
import { readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'

const [port, path, cert, key] = process.argv.slice(2)
const secureContext = createSecureContext({ cert: readFileSync(cert), key: readFileSync(key) })
createServer({ noDelay: true }, (socket) => {
  socket.once('data', () => {
    socket.write('S')
    const tls = new TLSSocket(socket, { isServer: true, secureContext })
    const backend = connect(path)
    for (const each of [tls, backend]) each.on('error', () => (tls.destroy(), backend.destroy()))
    tls.pipe(backend).pipe(tls)
  })
}).listen(Number(port), '127.0.0.1')
