import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { workspaceRoutes } from '@lakelet/api'
import { defineCommand } from '../../command/define-command.ts'
import { usageFailure } from '../../command/failure.ts'

export const workspaceImport = defineCommand({
  path: ['workspace', 'import'],
  summary: 'Write one file or notebook into the workspace',
  arguments: { targetPath: { summary: 'absolute path in the workspace' } },
  options: {
    file: { value: 'FILE', summary: 'local file to import' },
    content: { value: 'BASE64', summary: 'content to import instead of a file' },
    format: {
      value: 'FORMAT',
      summary: 'what the content is',
      choices: ['AUTO', 'SOURCE', 'HTML', 'JUPYTER', 'DBC', 'R_MARKDOWN', 'RAW'],
    },
    language: {
      value: 'LANGUAGE',
      summary: 'language of a notebook',
      choices: ['PYTHON', 'SQL', 'SCALA', 'R'],
    },
    overwrite: { summary: 'replace what is there' },
  },
  examples: [
    {
      run: 'lakelet workspace import /Workspace/Users/me@example.com/app.py --file app.py --format AUTO --overwrite',
      does: 'writes a file',
    },
  ],
  async handler({ workspace, signal, terminal }, { arguments: { targetPath }, options }) {
    const { file, content, format, language, overwrite } = options
    if ((file === undefined) === (content === undefined)) {
      throw usageFailure('Exactly one of --file and --content says what to import.')
    }
    const encoded =
      file === undefined ? content : (await readFile(path.resolve(terminal.cwd, file))).toString('base64')
    const fields = { path: targetPath, content: encoded, format, language, overwrite }
    const { client } = await workspace()
    await client.call(workspaceRoutes.import, { body: JSON.stringify(fields) }, signal)
  },
})
