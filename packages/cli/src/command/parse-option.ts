// Arguments and options of a definition as the parser takes them, and what it read as the handler gets it.
import { Argument, Option } from 'commander'
import type { ArgumentDefinition, OptionDefinition } from './define-command.ts'
import { kebab, placeholder } from './spelling.ts'

export function argumentOf(name: string, definition: ArgumentDefinition): Argument {
  const text = `${placeholder(name)}${definition.variadic ? '...' : ''}`
  return new Argument(definition.optional ? `[${text}]` : `<${text}>`, definition.summary)
}

export function optionOf(name: string, definition: OptionDefinition): Option {
  const flag = `--${kebab(name)}${definition.value ? ` <${definition.value}>` : ''}`
  const option = new Option(definition.short ? `-${definition.short}, ${flag}` : flag, definition.summary)
  if (definition.choices) option.choices(definition.choices)
  if (definition.hidden) option.hideHelp()
  const { parse } = definition
  if (definition.repeat) {
    option.argParser((text: string, before: unknown) => [
      ...(Array.isArray(before) ? (before as unknown[]) : []),
      ...(definition.separated ? valuesOf(text) : [text]).map((each) => (parse ? parse(each) : each)),
    ])
  } else if (parse) option.argParser((text: string) => parse(text))
  const { default: fallback } = definition
  if (fallback !== undefined) {
    const isParsed = parse !== undefined && typeof fallback === 'string'
    option.default(isParsed ? parse(fallback) : fallback, JSON.stringify(fallback))
  }
  return option
}

/** The value of an option among those that the parser read. */
export function optionValue(
  name: string,
  definition: OptionDefinition,
  given: Readonly<Record<string, unknown>>,
): unknown {
  // The parser reads --no-x as "x is false" and keeps it under the name x.
  const negated = /^no([A-Z])(.*)$/.exec(name)
  if (negated) return given[`${negated[1]?.toLowerCase()}${negated[2]}`] === false
  if (definition.value) return given[name] ?? (definition.repeat ? [] : undefined)
  return given[name] === true
}

function valuesOf(text: string): string[] {
  return [...text.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  )
}
