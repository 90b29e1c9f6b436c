// The command palette: every project, branch, app and page by a few letters.
import { Dialog as Base } from '@base-ui/react/dialog'
import { useNavigate } from '@tanstack/react-router'
import { type KeyboardEvent, useId, useState } from 'react'
import { t } from '../text/index.ts'
import { type Command, useCommands } from './commands.ts'

const SHOWN = 12

export function Palette({ onClose }: { readonly onClose: () => void }) {
  const navigate = useNavigate()
  const listId = useId()
  const [text, setText] = useState('')
  const [at, setAt] = useState(0)
  const found = matching(useCommands(), text)
  const run = (command: Command | undefined) => {
    if (!command) return
    onClose()
    if (command.run) command.run()
    else void navigate({ to: command.to ?? '/', search: command.search ?? {} })
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step !== undefined) {
      event.preventDefault()
      setAt((at + step + found.length) % Math.max(found.length, 1))
    } else if (event.key === 'Enter') {
      event.preventDefault()
      run(found[at])
    }
  }
  return (
    <Base.Root open onOpenChange={(open) => !open && onClose()}>
      <Base.Portal>
        <Base.Backdrop className="fixed inset-0 z-20 bg-(--scrim)" />
        <Base.Popup className="overlay fixed top-[12dvh] left-1/2 z-20 w-[calc(100vw-32px)] max-w-[560px] -translate-x-1/2 rounded-dialog p-2">
          <Base.Title className="sr-only">{t.shell.search}</Base.Title>
          <input
            role="combobox"
            aria-expanded
            aria-controls={listId}
            aria-activedescendant={found[at] ? `${listId}-${at}` : undefined}
            aria-label={t.shell.search}
            className="w-full bg-transparent px-3 py-2.5 outline-none placeholder:text-dim"
            placeholder={t.shell.searchHint}
            value={text}
            onKeyDown={onKeyDown}
            onChange={(event) => {
              setText(event.target.value)
              setAt(0)
            }}
          />
          <Found id={listId} commands={found} at={at} onPoint={setAt} onRun={run} />
          {found.length === 0 && <p className="px-3 py-3 text-dim">{t.common.nothingMatches}</p>}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  )
}

function Found(props: {
  readonly id: string
  readonly commands: readonly Command[]
  readonly at: number
  readonly onPoint: (index: number) => void
  readonly onRun: (command: Command) => void
}) {
  return (
    <ul
      id={props.id}
      role="listbox"
      aria-label={t.shell.search}
      className="max-h-[56dvh] overflow-y-auto border-t border-line pt-2"
    >
      {props.commands.map((command, index) => (
        <li
          key={command.key}
          id={`${props.id}-${index}`}
          role="option"
          aria-selected={index === props.at}
          className="menu-item"
          onPointerMove={() => props.onPoint(index)}
          onClick={() => props.onRun(command)}
        >
          <bdi className="min-w-0 flex-1 truncate">{command.text}</bdi>
          <span className="text-meta text-dim">{command.kind}</span>
        </li>
      ))}
    </ul>
  )
}

/** Commands that have every word of the text, those that begin with it first. */
function matching(commands: readonly Command[], text: string): readonly Command[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
  const hits = commands.filter(({ text, kind }) => {
    const within = `${text} ${kind}`.toLowerCase()
    return words.every((word) => within.includes(word))
  })
  const rank = (command: Command) => (command.text.toLowerCase().startsWith(words[0] ?? '') ? 0 : 1)
  return hits.sort((a, b) => rank(a) - rank(b)).slice(0, SHOWN)
}
