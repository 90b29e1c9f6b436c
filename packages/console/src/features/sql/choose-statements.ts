import { splitStatements, type Statement } from '@lakelet/api/sql'
import type { EditorHandle } from './Editor.tsx'

/** The statements of the selection; without one, the statement at the caret, or the last before it. */
export function statementsAt(editor: EditorHandle | undefined): Statement[] {
  if (!editor) return []
  const text = editor.text()
  const { from, to } = editor.selection()
  if (from !== to) {
    return splitStatements(text.slice(from, to)).map((each) => ({
      ...each,
      start: each.start + from,
      end: each.end + from,
    }))
  }
  const all = splitStatements(text)
  // The semicolon right after a statement still belongs to it.
  const at = all.find(({ start, end }) => from >= start && from <= end + 1)
  const before = all.findLast(({ end }) => end <= from)
  const chosen = at ?? before ?? all[0]
  return chosen ? [chosen] : []
}

/** Each statement behind EXPLAIN; with `analyze` it is executed. */
export function explained(statements: readonly Statement[], analyze: boolean): Statement[] {
  const options = analyze ? 'ANALYZE, BUFFERS, FORMAT JSON' : 'FORMAT JSON'
  return statements.map((each) => ({ ...each, text: `EXPLAIN (${options}) ${each.text}` }))
}
