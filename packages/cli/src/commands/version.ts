import { defineCommand } from '../command/define-command.ts'
import { VERSION } from '../version.ts'

export const version = defineCommand({
  path: ['version'],
  summary: 'Print the version',
  examples: [{ run: 'lakelet version -o json', does: 'prints what this is and what it runs on, as JSON' }],
  handler({ out }) {
    const { platform, arch, versions } = process
    out.data({ Version: VERSION, Node: versions.node, OS: platform, Arch: arch }, { lines: [VERSION] })
    return Promise.resolve()
  },
})
