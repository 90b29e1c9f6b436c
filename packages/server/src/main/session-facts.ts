// What the API says of the workspace itself.
import type { Config } from '../base/config.ts'
import { DEFAULT_MAJOR, OFFERED_MAJORS } from '../postgres/index.ts'
import type { Infrastructure } from './infrastructure.ts'
import { VERSION } from './version.ts'

export function sessionFacts({
  config,
  infrastructure,
  host,
  postgres,
}: {
  readonly config: Config
  readonly infrastructure: Infrastructure
  /** Base URL of the API. */
  readonly host: string
  readonly postgres: { readonly host: string; readonly port: number }
}) {
  return {
    version: VERSION,
    workspace_id: infrastructure.workspaceId,
    host,
    postgres,
    ca_file: infrastructure.certificates.caFile,
    region: config.region,
    postgres_versions: { default: DEFAULT_MAJOR, offered: [...OFFERED_MAJORS] },
  }
}
