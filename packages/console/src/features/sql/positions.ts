// Postgres counts the characters of a statement from 1; JavaScript counts a character beyond U+FFFF as two.

/** Where in `text` the character of `position` begins. */
export function offsetOf(text: string, position: number): number {
  let offset = 0
  for (let count = 1; count < position && offset < text.length; count += 1) {
    offset += (text.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1
  }
  return offset
}

/** Line and column of a position, both from 1. */
export function placeOf(text: string, position: number): { readonly line: number; readonly column: number } {
  const lines = text.slice(0, offsetOf(text, position)).split('\n')
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 }
}
