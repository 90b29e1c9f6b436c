import type { OtlpExportOptions } from './start-export.ts'

/** Variables of the OpenTelemetry specification that name a collector. */
const ENDPOINTS = ['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'] as const

export interface ExportOptions extends Omit<OtlpExportOptions, 'url'> {
  /** Base address of the collector; undefined where none is set. */
  readonly endpoint: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
}

/**
 * Begins to send the metrics to a collector, where one is named by the setting or by the variables of OpenTelemetry; the setting goes first.
 * Undefined, and nothing of OpenTelemetry is loaded, where none is.
 */
export async function exportMetrics({
  endpoint,
  env,
  ...options
}: ExportOptions): Promise<AsyncDisposable | undefined> {
  const isNamed = ENDPOINTS.some((name) => (env[name] ?? '') !== '')
  const isOff = env['OTEL_SDK_DISABLED'] === 'true' || env['OTEL_METRICS_EXPORTER'] === 'none'
  if (endpoint === undefined && (!isNamed || isOff)) return undefined
  const { startOtlpExport } = await import('./start-export.ts')
  const url = endpoint === undefined ? undefined : `${endpoint.replace(/\/+$/, '')}/v1/metrics`
  return startOtlpExport({ ...options, ...(url === undefined ? {} : { url }) })
}
