import { createServer } from 'node:http'

const port = Number(process.env.DATABRICKS_APP_PORT ?? 8000)

const server = createServer((request, reply) => {
  const visitor = request.headers['x-forwarded-preferred-username'] ?? 'you'
  const body = { message: 'Hello, World!', app: process.env.DATABRICKS_APP_NAME, visitor }
  reply.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
})

server.listen(port, process.env.HOST, () => {
  console.log(`listening on port ${port}`)
})

process.on('SIGTERM', () => {
  server.close(() => process.exit(0))
  server.closeIdleConnections()
})
