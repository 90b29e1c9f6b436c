// `npm run format`: rewrites every file in the repository's format.
import { runTool } from './processes.ts'

process.exitCode = await runTool('oxfmt', ['--write', '.'])
