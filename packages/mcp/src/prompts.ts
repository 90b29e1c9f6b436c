// What a person can start by name. The texts are ours; what the person adds is theirs.
import type { McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'
import type { McpOptions } from './options.ts'

/** Adds the prompts whose tools are offered. */
export function addPrompts(server: McpServer, options: McpOptions): void {
  if (options.toolsets?.includes('sql') === false) return
  if (options.readOnly !== true) {
    server.registerPrompt(
      'migrate',
      {
        title: 'Plan a migration',
        description: 'Writes a migration, tries it on a throw-away branch and shows what it does.',
        argsSchema: z.object({ change: z.string().describe('What the schema is to become.') }),
      },
      ({ change }) =>
        said(
          `Write a migration for the database: ${change}\n\n1. Read what there is with describe_schema.\n2. Write SQL that takes no long locks, and try it with try_sql on a branch of the default branch, together with a query that shows that it does what it should.\n3. Show me the SQL, the schema changes that try_sql found, and what could go wrong. Do not run it anywhere else before I say so.`,
        ),
    )
  }
  server.registerPrompt(
    'find-slow',
    {
      title: 'Find slow statements',
      description: 'Looks for statements that take the most time and for what would help.',
    },
    () =>
      said(
        'Find out what takes the most time in the database: read top_statements, look at the plans of the first ones with explain, and say which index or change would help and why. Change nothing.',
      ),
  )
}

function said(text: string) {
  return { messages: [{ role: 'user' as const, content: { type: 'text' as const, text } }] }
}
