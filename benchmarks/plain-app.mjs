// The app behind the proxies: a kibibyte, always the same. It listens where a deployment says, or on the port that it is given.
import { createServer } from 'node:http'

const body = Buffer.alloc(1024, 'x')
const server = createServer((request, reply) => {
  reply.writeHead(200, { 'content-type': 'text/plain', 'content-length': String(body.length) })
  reply.end(body)
})
server.listen(Number(process.env.DATABRICKS_APP_PORT ?? process.argv[2] ?? 0), '127.0.0.1', () => {
  console.log(`listening on ${server.address().port}`)
})
