// What a client can attach by itself: the schema of a branch.
import { type McpServer, ResourceTemplate } from '@modelcontextprotocol/server'
import { fenced, show } from './answer.ts'
import type { McpOptions } from './options.ts'
import { problemOf } from './problem.ts'
import { schemaOf } from './sql/schema.ts'
import { branchOf, endpointOf } from './targets.ts'
import { overviewRoutes } from '@lakelet/api'

const SCHEMA = 'lakelet://projects/{project}/branches/{branch}/schema'

/** Adds the resources. */
export function addResources(server: McpServer, options: McpOptions, gone?: AbortSignal): void {
  if (options.toolsets?.includes('sql') === false) return
  const list = async () => {
    const client = await options.connect()
    const { projects } = await client.call(overviewRoutes.getOverview, {}, gone)
    return {
      resources: projects
        .filter(({ project }) => options.project === undefined || project.project_id === options.project)
        .flatMap(({ project, branches }) =>
          branches.map(({ branch }) => ({
            uri: `lakelet://projects/${project.project_id}/branches/${branch.branch_id}/schema`,
            name: `${project.project_id}/${branch.branch_id}`,
            description: 'Tables and views of databricks_postgres. Reading it wakes the compute.',
            mimeType: 'text/plain',
          })),
        ),
    }
  }
  server.registerResource(
    'schema',
    new ResourceTemplate(SCHEMA, { list }),
    { title: 'Schema of a branch', description: 'Its tables and views, as data.', mimeType: 'text/plain' },
    async (uri, variables, { mcpReq }) => {
      const text = await textOf({ ...variables }, options, mcpReq.signal)
      return { contents: [{ uri: uri.href, mimeType: 'text/plain', text }] }
    },
  )
}

async function textOf(
  { project, branch }: Readonly<Record<string, string | string[]>>,
  options: McpOptions,
  signal: AbortSignal,
): Promise<string> {
  try {
    const client = await options.connect()
    const context = { client, signal, options, tool: 'schema', progress: () => {} }
    const target = await branchOf(context, { project: String(project), branch: String(branch) })
    const endpoint = await endpointOf(context, target)
    const asked = {
      endpoint: endpoint.name,
      database: 'databricks_postgres',
      maxRows: 100,
      timeoutSeconds: 60,
    }
    const { relations } = await schemaOf(context, asked, { names_only: false })
    return show({ text: 'Tables and views.', data: relations }).content[0]?.text ?? fenced('')
  } catch (error) {
    return show(problemOf(error), true).content[0]?.text ?? fenced('')
  }
}
