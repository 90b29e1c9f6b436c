// The peer of the API benchmark: a fastify route that answers a constant. `bare-fastify.ts <bytes> …`: one route per size.
import { fastify } from 'fastify'

const http = fastify()
for (const bytes of process.argv.slice(2).map(Number)) {
  // `{"x":"…"}` is eight bytes around the filling.
  const reply = { x: 'x'.repeat(Math.max(0, bytes - 8)) }
  http.get(`/${bytes}`, () => reply)
  http.post(`/${bytes}`, () => reply)
}
await http.listen({ host: '127.0.0.1', port: 0 })
process.send?.((http.server.address() as { port: number }).port)
process.on('disconnect', () => void http.close())
