import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { defineCommand } from '../../command/define-command.ts'
import { Failure } from '../../command/failure.ts'

export const appsInit = defineCommand({
  path: ['apps', 'init'],
  summary: 'Begin an app with the files of a template, in a folder of this machine',
  description: 'No workspace has to run.',
  arguments: { directory: { summary: 'folder for the files; it is made', optional: true } },
  options: {
    template: {
      value: 'TEMPLATE',
      summary: 'which one, such as notes-node; a wrong name lists them',
      default: 'notes-node',
    },
  },
  examples: [
    {
      run: 'lakelet apps init --template notes-flask my-app',
      does: 'writes the files of the notes template to the folder my-app',
    },
  ],
  async handler({ out, terminal }, { arguments: { directory }, options: { template } }) {
    const folder = path.resolve(terminal.cwd, directory ?? template)
    await demandEmpty(folder)
    const { writeTemplate } = await import('@lakelet/server')
    const files = await writeTemplate(template, folder)
    out.data({ template, directory: folder, files })
    const shown = path.relative(terminal.cwd, folder) || '.'
    const name = path.basename(folder)
    out.next(`lakelet apps run-local ${shown} --prepare-environment`, `lakelet apps create ${name}`)
  },
})

async function demandEmpty(folder: string): Promise<void> {
  const entries = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw new Failure(`${folder} cannot be used: ${error.message}.`, { todo: 'Name another folder.' })
  })
  if (entries.length > 0)
    throw new Failure(`${folder} is not empty.`, {
      todo: 'Name a folder that is not there yet, or an empty one: nothing is overwritten.',
    })
}
