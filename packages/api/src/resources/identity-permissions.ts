import { z } from 'zod'

/** One line of a request: exactly one principal and its level. */
export const accessControlRequest = z.object({
  user_name: z.string().optional(),
  group_name: z.string().optional(),
  service_principal_name: z.string().optional(),
  permission_level: z.string(),
})

export const accessControlResponse = z.object({
  user_name: z.string().optional(),
  group_name: z.string().optional(),
  service_principal_name: z.string().optional(),
  display_name: z.string().optional(),
  all_permissions: z.array(
    z.object({
      permission_level: z.string(),
      inherited: z.boolean(),
      inherited_from_object: z.array(z.string()).optional(),
    }),
  ),
})

export const objectPermissions = z.object({
  object_id: z.string(),
  object_type: z.string(),
  access_control_list: z.array(accessControlResponse),
})
