// The SQL editor itself: CodeMirror with Postgres' words, completion from the live catalog, and errors at their place.
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  closeCompletion,
  completionKeymap,
} from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
import { PostgreSQL, sql, type SQLNamespace } from '@codemirror/lang-sql'
import { bracketMatching, HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { type Diagnostic, setDiagnostics } from '@codemirror/lint'
import { Compartment, EditorState, Prec } from '@codemirror/state'
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { type RefObject, useEffect, useRef } from 'react'
import { t } from '../../text/index.ts'

export interface EditorHandle {
  readonly text: () => string
  readonly replace: (text: string) => void
  /** The selection, or where the caret is. */
  readonly selection: () => { readonly from: number; readonly to: number }
  readonly showErrors: (
    errors: readonly { readonly from: number; readonly to: number; readonly message: string }[],
  ) => void
  readonly focus: () => void
}

interface EditorProps {
  readonly initial: string
  readonly schema: SQLNamespace
  readonly handle: RefObject<EditorHandle | undefined>
  readonly onRun: () => void
  readonly onRunAll: () => void
  readonly onCancel: () => void
  readonly onSave: () => void
  readonly onChange: (text: string) => void
}

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: 'var(--accent)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--active)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--pending)' },
  { tag: tags.comment, color: 'var(--dim)' },
  { tag: tags.typeName, color: 'var(--warning)' },
])

const looks = EditorView.theme({
  '&': { height: '100%', backgroundColor: 'var(--sunken)', color: 'var(--text)', fontSize: '13px' },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '-2px' },
  '.cm-content': { fontFamily: 'var(--mono)', caretColor: 'var(--text)', padding: '8px 0' },
  '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--dim)', border: 'none' },
  '.cm-activeLine': { backgroundColor: 'color-mix(in srgb, var(--tint) 50%, transparent)' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'color-mix(in srgb, var(--accent) 26%, transparent)',
  },
  '.cm-tooltip': { backgroundColor: 'var(--surface)', border: '1px solid var(--line)', color: 'var(--text)' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'var(--tint)', color: 'var(--text)' },
})

export function Editor({ initial, schema, handle, ...actions }: EditorProps) {
  const host = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView>(undefined)
  const language = useRef(new Compartment())
  const latest = useRef(actions)
  latest.current = actions

  useEffect(() => {
    if (!host.current) return undefined
    const editor = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: initial,
        extensions: extensionsOf(language.current, () => latest.current),
      }),
    })
    view.current = editor
    handle.current = handleOf(editor)
    return () => editor.destroy()
    // The text belongs to the editor from here on.
  }, [])

  useEffect(() => {
    const extension = sql({ dialect: PostgreSQL, schema, upperCaseKeywords: true })
    view.current?.dispatch({ effects: language.current.reconfigure(extension) })
  }, [schema])

  return <div ref={host} className="h-full min-h-40 overflow-hidden" />
}

function extensionsOf(
  language: Compartment,
  actions: () => Pick<EditorProps, 'onRun' | 'onRunAll' | 'onCancel' | 'onSave' | 'onChange'>,
) {
  // Words that are still being looked for are not wanted any more: Escape and Tab lead out of the editor at once.
  const command = (name: 'onRun' | 'onRunAll' | 'onCancel' | 'onSave') => (view: EditorView) => {
    closeCompletion(view)
    actions()[name]()
    return true
  }
  const nonce = document.querySelector<HTMLMetaElement>('meta[name=lakelet-nonce]')?.content ?? ''
  return [
    EditorView.cspNonce.of(nonce),
    Prec.highest(
      keymap.of([
        { key: 'Mod-Enter', run: command('onRun') },
        { key: 'Mod-Shift-Enter', run: command('onRunAll') },
        { key: 'Mod-.', run: command('onCancel') },
        { key: 'Mod-s', run: command('onSave') },
      ]),
    ),
    lineNumbers(),
    history(),
    drawSelection(),
    bracketMatching(),
    closeBrackets(),
    highlightActiveLine(),
    autocompletion(),
    syntaxHighlighting(colours),
    language.of(sql({ dialect: PostgreSQL })),
    keymap.of([
      ...closeBracketsKeymap,
      ...completionKeymap,
      ...historyKeymap,
      ...defaultKeymap,
      indentWithTab,
    ]),
    EditorView.contentAttributes.of({ 'aria-label': t.sql.editor }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) actions().onChange(update.state.doc.toString())
    }),
    looks,
  ]
}

function handleOf(editor: EditorView): EditorHandle {
  return {
    text: () => editor.state.doc.toString(),
    replace: (insert) => editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert } }),
    selection: () => editor.state.selection.main,
    showErrors: (errors) => {
      const { length } = editor.state.doc
      const diagnostics = errors.map(({ from, to, message }): Diagnostic => ({
        from: Math.min(from, length),
        to: Math.min(to, length),
        message,
        severity: 'error',
      }))
      editor.dispatch(setDiagnostics(editor.state, diagnostics))
    },
    focus: () => editor.focus(),
  }
}
