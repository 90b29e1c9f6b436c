// Verbs of the official CLI that work on a project folder or tunnel into the cloud, and what does the same here.
import { type Command, defineCommand } from '../../command/define-command.ts'
import { usageFailure } from '../../command/failure.ts'

const ELSEWHERE: Readonly<Record<string, string>> = {
  dev: "'lakelet apps run-local' runs the app of a folder.",
  'dev-remote': "Apps run on this machine already: 'lakelet apps logs NAME -f' shows what one does.",
  import: "'lakelet workspace export-dir' copies the source of an app into a folder.",
  validate: "'lakelet apps deploy NAME' checks app.yaml and says the line of a mistake.",
  manifest: "'lakelet apps get NAME' shows the resources of an app.",
}

/** Commands that say where to go. */
export const appsElsewhere: readonly Command[] = Object.entries(ELSEWHERE).map(([verb, todo]) =>
  defineCommand({
    path: ['apps', verb],
    summary: 'Not part of Lakelet; says what does the same',
    arguments: { words: { summary: 'whatever it takes', optional: true, variadic: true } },
    hidden: true,
    handler: () => Promise.reject(usageFailure(`'lakelet apps ${verb}' is not part of Lakelet.`, todo)),
  }),
)
