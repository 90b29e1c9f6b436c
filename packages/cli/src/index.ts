// The public face of the CLI: running a command line in this process, and its commands as data.
export { run } from './run.ts'
export { program } from './program.ts'
export { helpOf } from './command/parser.ts'
export type { Terminal } from './command/terminal.ts'
