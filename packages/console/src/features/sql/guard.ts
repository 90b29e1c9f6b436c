// Statements that take away more than one row and cannot be taken back: they are asked about once where a branch is protected or
// the default one. A guard rail against slips, not a wall.
import type { Statement } from '@lakelet/api/sql'

const COMMENT_OR_STRING = /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|\$(\w*)\$[\s\S]*?\$\1\$/g

/** The statements that drop, empty, or change every row of a table; what comments and strings say does not count. */
export function dangerous(statements: readonly Statement[]): Statement[] {
  return statements.filter(({ text }) => takesAway(text.replaceAll(COMMENT_OR_STRING, ' ').trim()))
}

function takesAway(words: string): boolean {
  if (/^(drop|truncate)\b/i.test(words)) return true
  return /\b(delete\s+from|update)\b/i.test(words) && !/^(create|alter|grant|revoke|comment)\b/i.test(words)
    ? !/\bwhere\b/i.test(words) && !/\bfor\s+(no\s+key\s+)?update\b/i.test(words)
    : /^alter\s+table\b[\s\S]*\bdrop\s+(column|constraint)\b/i.test(words)
}
