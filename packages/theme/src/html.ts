// HTML with every inserted value escaped: `html` is a tagged template whose result can be nested.

/** A piece of HTML that is safe to insert as it is. */
export interface Html {
  readonly markup: string
}

type Value = string | number | Html | readonly Html[]

/** Builds HTML; strings and numbers among the values are escaped. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  const markup = parts.map((part, index) => part + (index < values.length ? render(values[index] ?? '') : ''))
  return { markup: markup.join('') }
}

function render(value: Value): string {
  if (typeof value === 'string' || typeof value === 'number') return escapeHtml(String(value))
  return 'markup' in value ? value.markup : value.map((each) => each.markup).join('')
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`)
}
