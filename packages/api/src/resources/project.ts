import { z } from 'zod'
import { computeSettings, endpointGroup, pgSettings } from './endpoint.ts'
import { duration, lineOfText, timestamp } from './fields.ts'
import { postgresIdentifier, roleSpec } from './role.ts'

const customTags = z.array(z.object({ key: lineOfText(1, 127), value: lineOfText(0, 255) })).max(20)

/** What new endpoints of a project start with. */
export const defaultEndpointSettings = computeSettings.extend({ pg_settings: pgSettings.optional() })

export type DefaultEndpointSettings = z.output<typeof defaultEndpointSettings>

export const projectSpec = z.object({
  display_name: lineOfText(1, 256).optional(),
  pg_version: z.int().optional(),
  history_retention_duration: duration.optional(),
  default_endpoint_settings: defaultEndpointSettings.optional(),
  default_branch: z.string().optional(),
  enable_pg_native_login: z.boolean().optional(),
  budget_policy_id: lineOfText(0, 256).optional(),
  custom_tags: customTags.optional(),
  compute_provisioner: z.string().optional(),
})

export type ProjectSpec = z.output<typeof projectSpec>

/** The body of a create or an update; the `initial_…` fields count at creation only. */
export const projectInput = z
  .object({
    initial_endpoint_spec: computeSettings.extend({ group: endpointGroup.optional() }).optional(),
    initial_branch_spec: z.object({ is_protected: z.boolean().optional() }).optional(),
    initial_database_spec: z.object({ postgres_database: postgresIdentifier.optional() }).optional(),
    initial_role_spec: roleSpec.optional(),
    spec: projectSpec.optional(),
  })
  .meta({ id: 'ProjectInput' })

export type ProjectInput = z.output<typeof projectInput>

export const project = z
  .object({
    name: z.string(),
    project_id: z.string(),
    uid: z.string(),
    create_time: timestamp,
    update_time: timestamp,
    delete_time: timestamp.optional(),
    purge_time: timestamp.optional(),
    status: z.object({
      branch_logical_size_limit_bytes: z.int(),
      budget_policy_id: z.string().optional(),
      compute_last_active_time: timestamp.optional(),
      custom_tags: customTags.optional(),
      default_branch: z.string(),
      default_endpoint_settings: defaultEndpointSettings,
      display_name: z.string(),
      enable_pg_native_login: z.boolean(),
      history_retention_duration: duration,
      owner: z.string(),
      pg_version: z.int(),
      project_id: z.string(),
      synthetic_storage_size_bytes: z.int(),
    }),
  })
  .meta({ id: 'Project' })

export type Project = z.output<typeof project>
