// What a workspace looks like at a glance.
import { z } from 'zod'
import { app } from './apps.ts'
import { branch } from './branch.ts'
import { endpoint } from './endpoint.ts'
import { project } from './project.ts'

export const overview = z.object({
  projects: z.array(
    z.object({
      project,
      branches: z.array(z.object({ branch, endpoints: z.array(endpoint) })),
    }),
  ),
  apps: z.array(app),
})

export type Overview = z.output<typeof overview>

/** The caller, and where the workspace is to be reached. */
export const session = z.object({
  user: z.string(),
  kind: z.enum(['user', 'service_principal']),
  is_admin: z.boolean(),
  version: z.string(),
  workspace_id: z.string(),
  /** Base URL of the API. */
  host: z.string(),
  postgres: z.object({ host: z.string(), port: z.int() }),
  /** The file of the authority that signed the certificates, on the workspace's machine. */
  ca_file: z.string(),
  region: z.string(),
  /** How many computes are awake, or wait for memory, and what they take of the memory that there is for them. Bytes. */
  computes: z.object({
    awake: z.int(),
    waiting: z.int(),
    used_bytes: z.number(),
    memory_bytes: z.number(),
  }),
  /** Major versions of Postgres that a project may have, and what it gets when it does not say. */
  postgres_versions: z.object({ default: z.int(), offered: z.array(z.int()) }),
})

export type Session = z.output<typeof session>
