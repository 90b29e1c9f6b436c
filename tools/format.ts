// `npm run format`: rewrites every file in the repository's format and completes the lock file.
import { checkLockFile } from './lock-file.ts'
import { runTool } from './processes.ts'

process.exitCode = await runTool('oxfmt', ['--write', '.'])
checkLockFile({ write: true })
