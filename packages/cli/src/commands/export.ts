import { defineCommand } from '../command/define-command.ts'
import { Failure, exitCodes, usageFailure } from '../command/failure.ts'
import { bundleText } from '../export/bundle.ts'
import { declare } from '../export/declare.ts'
import { readInventory } from '../export/inventory.ts'
import { terraformText } from '../export/terraform.ts'

export const exportCommand = defineCommand({
  path: ['export'],
  summary: 'Print what the workspace holds as a Databricks Asset Bundle or as Terraform',
  description:
    'Projects, branches, endpoints, roles, databases, apps and secret scopes, with references between them, so that deploying the text makes the same in another workspace. Rows of tables, files, values of secrets and grants in SQL are not part of it; comments at the top say what to do about what is missing. Nothing is woken and nothing changed.',
  arguments: {
    projects: {
      summary: 'ids of projects; only they are exported, without apps and secret scopes',
      optional: true,
      variadic: true,
    },
  },
  options: {
    format: {
      value: 'FORMAT',
      choices: ['bundle', 'terraform'],
      default: 'bundle',
      summary: 'a bundle (databricks.yml) or a file for the Databricks provider of Terraform',
    },
    name: { value: 'NAME', summary: 'name of the bundle', default: 'lakelet' },
    import: { summary: 'with Terraform: take over what exists there, by import blocks' },
  },
  examples: [
    { run: 'lakelet export > databricks.yml', does: 'makes a bundle of everything' },
    {
      run: 'lakelet export my-app-db --format terraform > lakebase.tf',
      does: 'makes Terraform of one project',
    },
  ],
  async handler(context, { arguments: given, options }) {
    if (options.import && options.format !== 'terraform')
      throw usageFailure(
        '--import is for --format terraform.',
        "A bundle takes over what exists with 'databricks bundle deployment bind'.",
      )
    const { client } = await context.workspace()
    const only = given.projects.map((each) => each.replace(/^projects\//, ''))
    const inventory = await readInventory(client, only, context.signal)
    const missing = only.filter((id) => !inventory.projects.some(({ project }) => project.project_id === id))
    if (missing.length > 0)
      throw new Failure(`The workspace has no project ${missing.join(', ')}.`, {
        exitCode: exitCodes.notFound,
        todo: "'lakelet postgres list-projects' shows which there are.",
      })
    const declaration = declare(inventory)
    if (context.out.format === 'json') context.out.data(declaration)
    else if (options.format === 'bundle') context.out.raw(bundleText(options.name, declaration))
    else context.out.raw(terraformText(declaration, options.import))
  },
})
