// The metrics as a collector gets them: OTLP over HTTP, decoded by the field numbers of opentelemetry-proto (metrics/v1/metrics.proto).
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { expectInLog } from '../../../../tests/guards/log-guard.ts'
import { guardedLogger } from '../../../../tests/guards/guarded-logger.ts'
import { systemClock } from '../../src/base/clock.ts'
import { exportMetrics, type MetricsSource, WorkspaceMetrics } from '../../src/telemetry/index.ts'

/** Fields of a message by number, in order: numbers, doubles or bytes. */
function decode(bytes: Buffer): Map<number, (number | Buffer)[]> {
  const fields = new Map<number, (number | Buffer)[]>()
  let at = 0
  const varint = () => {
    let value = 0
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes[at++]!
      value += (byte & 127) * shift
      if (byte < 128) return value
    }
  }
  while (at < bytes.length) {
    const tag = varint()
    const [number, wire] = [Math.floor(tag / 8), tag % 8]
    let value: number | Buffer
    if (wire === 0) value = varint()
    else if (wire === 1) value = bytes.subarray(at, (at += 8))
    else if (wire === 2) {
      const length = varint()
      value = bytes.subarray(at, (at += length))
    } else throw new Error(`wire type ${wire}`)
    fields.set(number, [...(fields.get(number) ?? []), value])
  }
  return fields
}

const within = (bytes: number | Buffer | undefined, ...numbers: number[]): Buffer[] =>
  numbers.reduce<Buffer[]>(
    (found, number) => found.flatMap((each) => (decode(each).get(number) ?? []) as Buffer[]),
    [bytes as Buffer],
  )
const text = (bytes: Buffer | undefined) => bytes?.toString('utf8') ?? ''

function metricsOf(request: Buffer) {
  // ExportMetricsServiceRequest.resource_metrics · ResourceMetrics.scope_metrics · ScopeMetrics.metrics
  return new Map(within(request, 1, 2, 2).map((metric) => [text(within(metric, 1)[0]), metric]))
}

const attributesOf = (point: Buffer) =>
  Object.fromEntries(within(point, 7).map((each) => [text(within(each, 1)[0]), text(within(each, 2, 1)[0])]))

const source: MetricsSource = {
  version: '1.2.3',
  workspaceId: '77',
  endpoints: async () => [{ uid: 'ep-1', project: 'p', branch: 'b', endpoint: 'e', state: 'active' }],
  operations: async () => [{ kind: 'create_branch', state: 'succeeded', count: 4 }],
  apps: async () => [],
  archiveLag: async () => undefined,
  objectArchive: () => undefined,
}

function countedMetrics(): WorkspaceMetrics {
  const metrics = new WorkspaceMetrics()
  const opened = { kind: 'opened', session: 's', route: 'sni', auth: 'token' } as const
  metrics.gateway.report([
    { ...opened, connectMs: 3 },
    { ...opened, session: 'other', connectMs: 700 },
    { kind: 'closed', session: 's', bytes: { fromClient: 100, toClient: 2_500 } },
    { kind: 'refused', sqlState: '28P01', auth: 'scram' },
  ])
  return metrics
}

test('a collector gets every metric, with its labels, as sums, gauges and histograms', async () => {
  const requests: Buffer[] = []
  const paths: (string | undefined)[] = []
  await using server = createServer((request, reply) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      requests.push(Buffer.concat(chunks))
      paths.push(`${request.url} ${request.headers['content-type']}`)
      reply.setHeader('content-type', 'application/x-protobuf').end()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const metrics = countedMetrics()
  const options = {
    env: {},
    everyMs: 200,
    version: '1.2.3',
    workspaceId: '77',
    values: () => metrics.values(source),
    clock: systemClock,
    log: guardedLogger(),
  }
  await using exporting = await exportMetrics({ ...options, endpoint: `http://127.0.0.1:${port}/` })
  expect(exporting).toBeDefined()
  await expect.poll(() => requests.length).toBeGreaterThan(0)
  expect(paths[0]).toBe('/v1/metrics application/x-protobuf')
  const [request] = requests
  const service = within(request, 1, 1, 1).map((each) => [
    text(within(each, 1)[0]),
    text(within(each, 2, 1)[0]),
  ])
  expect(Object.fromEntries(service)).toMatchObject({
    'service.name': 'lakelet',
    'service.instance.id': '77',
  })
  const sent = metricsOf(request!)
  // Metric.sum = 7, gauge = 5, histogram = 9; their points = 1.
  const bytes = within(sent.get('lakelet_gateway_bytes_total'), 7, 1)
  const out = bytes.find((point) => attributesOf(point)['direction'] === 'out')
  expect((decode(out!).get(4)![0] as Buffer).readDoubleLE()).toBe(2_500)
  const operations = within(sent.get('lakelet_operations'), 5, 1).map(attributesOf)
  expect(operations).toEqual([{ kind: 'create_branch', state: 'succeeded' }])
  const [waits] = within(sent.get('lakelet_gateway_connect_seconds'), 9, 1)
  const histogram = decode(waits!)
  expect((histogram.get(4)![0] as Buffer).readBigUInt64LE()).toBe(2n)
  expect((histogram.get(5)![0] as Buffer).readDoubleLE()).toBeCloseTo(0.703, 9)
  const counts = histogram.get(6)![0] as Buffer
  const perBucket = Array.from({ length: counts.length / 8 }, (_, at) =>
    Number(counts.readBigUInt64LE(at * 8)),
  )
  expect(perBucket).toHaveLength(histogram.get(7)!.map((each) => (each as Buffer).length / 8)[0]! + 1)
  expect(perBucket.filter((count) => count > 0)).toEqual([1, 1])
})

test('nothing is sent where nobody names a collector; one that is away is said once', async () => {
  const metrics = countedMetrics()
  const options = {
    everyMs: 100,
    version: '1',
    workspaceId: '7',
    values: () => metrics.values(source),
    clock: systemClock,
  }
  const quiet = { ...options, endpoint: undefined, log: guardedLogger() }
  expect(await exportMetrics({ ...quiet, env: {} })).toBeUndefined()
  expect(
    await exportMetrics({
      ...quiet,
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_SDK_DISABLED: 'true' },
    }),
  ).toBeUndefined()
  expectInLog(/did not reach the collector/)
  const said: string[] = []
  const log = guardedLogger({ write: (line) => said.push(line) })
  {
    await using _exporting = await exportMetrics({ ...options, log, env: {}, endpoint: 'http://127.0.0.1:9' })
    const isSaid = () =>
      said.filter((line) => line.includes('did not reach the collector; it is tried again'))
    await expect.poll(() => isSaid().length, { timeout: 20_000 }).toBe(1)
  }
}, 40_000)
