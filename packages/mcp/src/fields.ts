// Fields that many tools take.
import { z } from 'zod'

const name = z.string().min(1).max(400)

export const projectField = name
  .optional()
  .describe('Id of the project. May be left out where there is only one.')

export const branchFields = {
  project: projectField,
  branch: name
    .optional()
    .describe(
      'Id or full name (projects/P/branches/B) of the branch; the default branch of the project when left out.',
    ),
}

/** Of what changes a branch: it is never guessed. */
export const namedBranchFields = {
  project: projectField,
  branch: name.describe('Id or full name (projects/P/branches/B) of the branch.'),
}

export const databaseField = z
  .string()
  .min(1)
  .max(63)
  .default('databricks_postgres')
  .describe('Postgres database.')

export const confirmFields = {
  confirm: z
    .string()
    .max(100)
    .optional()
    .describe('Leave out at first: the answer says what would happen and gives the word for this field.'),
  confirm_name: z
    .string()
    .max(400)
    .optional()
    .describe('Full name again, where the first answer asks for it.'),
}

export const pageField = z.string().max(1000).optional().describe('next_page_token of the page before.')

export const timeField = z.string().max(40).optional().describe('RFC 3339 time such as 2026-01-31T12:00:00Z.')

export const lsnField = z.string().max(20).optional().describe('Log position such as 0/1A2B3C.')
