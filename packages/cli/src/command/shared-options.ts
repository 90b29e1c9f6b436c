// The flags that every command has. They may stand before the command, too.
import { Option, type Command as Parser } from 'commander'

interface SharedOption {
  readonly long: string
  readonly short?: string
  /** Name of the value in the help; absent for a switch. */
  readonly value?: string
  readonly summary: string
  readonly choices?: readonly string[]
  readonly default?: string
}

export const SHARED_OPTIONS: readonly SharedOption[] = [
  {
    long: '--output',
    short: '-o',
    value: 'FORMAT',
    summary: 'format of what is printed',
    choices: ['text', 'json'],
    default: 'text',
  },
  {
    long: '--field',
    value: 'PATH',
    summary: 'print only this field of the result, such as status.hosts.host',
  },
  {
    long: '--profile',
    short: '-p',
    value: 'NAME',
    summary: 'profile of the configuration file to use',
  },
  { long: '--data-dir', value: 'DIR', summary: 'data directory of the workspace on this machine' },
  { long: '--debug', summary: 'show every request and its reply on standard error, without secrets' },
]

/** Adds them to a parser; `isShown` puts them into its help. */
export function addSharedOptions(parser: Parser, isShown: boolean): void {
  if (isShown) parser.optionsGroup('Options of every command:')
  for (const { long, short, value, summary, choices, default: fallback } of SHARED_OPTIONS) {
    const flags = `${short ? `${short}, ` : ''}${long}${value ? ` <${value}>` : ''}`
    const option = new Option(flags, summary)
    if (choices) option.choices(choices)
    if (fallback !== undefined) option.default(fallback)
    parser.addOption(isShown ? option : option.hideHelp())
  }
}
