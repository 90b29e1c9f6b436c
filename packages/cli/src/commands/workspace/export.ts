import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { workspaceRoutes } from '@lakelet/api'
import { defineCommand } from '../../command/define-command.ts'

export const workspaceExport = defineCommand({
  path: ['workspace', 'export'],
  summary: 'Print a workspace file, or save it',
  arguments: { sourcePath: { summary: 'absolute path of the file or notebook' } },
  options: {
    file: { value: 'FILE', summary: 'local file to write instead of printing' },
    format: {
      value: 'FORMAT',
      summary: 'how to export a notebook',
      choices: ['AUTO', 'SOURCE', 'HTML', 'JUPYTER', 'DBC', 'R_MARKDOWN', 'RAW'],
    },
  },
  examples: [
    { run: 'lakelet workspace export /Workspace/Users/me@example.com/my-app/app.py', does: 'prints a file' },
    {
      run: 'lakelet workspace export /Workspace/Users/me@example.com/my-app/app.py --file app.py',
      does: 'saves it here',
    },
  ],
  async handler({ workspace, out, signal, terminal }, { arguments: { sourcePath }, options }) {
    const { client } = await workspace()
    const query = {
      path: sourcePath,
      direct_download: true,
      ...(options.format ? { format: options.format } : {}),
    }
    const content = await client.call(workspaceRoutes.export, { query }, signal)
    if (options.file === undefined) out.raw(content)
    else await writeFile(path.resolve(terminal.cwd, options.file), content)
  },
})
