// Rows of a result: only those in view are in the page, so 100,000 of them scroll like ten.
import type { SqlColumn } from '@lakelet/api'
import { useVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, memo, type RefObject, useCallback, useEffect, useRef, useState } from 'react'
import { t } from '../../text/index.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { visible } from '../../ui/foreign-text.tsx'
import type { Cell } from './results.ts'

const ROW_PX = 28
const SHOWN_CHARACTERS = 200
const NUMERIC = /^(int|float|numeric|oid|money|bigint|smallint|integer|real|double)/

interface ResultGridProps {
  readonly columns: readonly SqlColumn[]
  readonly rows: readonly (readonly Cell[])[]
}

interface Place {
  readonly row: number
  readonly column: number
}

export function ResultGrid({ columns, rows }: ResultGridProps) {
  const scroller = useRef<HTMLDivElement>(null)
  const [at, setAt] = useState<Place>({ row: 0, column: 0 })
  const [opened, setOpened] = useState<string | null>()
  const widths = columns.map((column, index) => widthOf(column, rows, index))
  const { virtual, items, slots } = useRowsInView(scroller, rows.length)
  const select = useCallback((row: number, column: number) => setAt({ row, column }), [])
  const template = `56px ${widths.map((width) => `${width}px`).join(' ')}`
  const total = 56 + widths.reduce((sum, width) => sum + width, 0)
  useEffect(() => {
    virtual.scrollToIndex(at.row)
  }, [at.row])
  const onKeyDown = (event: KeyboardEvent) => {
    const next = moved(at, event.key, rows.length, columns.length)
    const value = rows[at.row]?.[at.column] ?? null
    if (next) {
      event.preventDefault()
      setAt(next)
    } else if (event.key === 'Enter') setOpened(value)
    else if (isCopy(event)) void navigator.clipboard.writeText(value ?? '')
  }
  return (
    <>
      <div
        ref={scroller}
        role="grid"
        tabIndex={0}
        aria-label={t.sql.grid}
        aria-rowcount={rows.length + 1}
        aria-colcount={columns.length + 1}
        aria-activedescendant={`cell-${at.row}-${at.column}`}
        className="min-h-0 flex-1 overflow-auto font-mono text-[13px]"
        onKeyDown={onKeyDown}
      >
        <GridHead columns={columns} template={template} width={total} />
        <div role="rowgroup" className="relative" style={{ height: virtual.getTotalSize(), width: total }}>
          {items.map((item) => (
            <GridRow
              key={item.index % slots}
              index={item.index}
              columns={columns}
              cells={rows[item.index] ?? []}
              current={at.row === item.index ? at.column : undefined}
              template={template}
              top={item.start}
              onSelect={select}
              onOpen={setOpened}
            />
          ))}
        </div>
      </div>
      {opened !== undefined && <CellDialog value={opened} onClose={() => setOpened(undefined)} />}
    </>
  )
}

/** The rows in view, and how many there are at most: a row that scrolls out of view lends its elements to the one that comes in. */
function useRowsInView(scroller: RefObject<HTMLDivElement | null>, count: number) {
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
  })
  const items = virtual.getVirtualItems()
  const slots = useRef(1)
  slots.current = Math.max(slots.current, items.length)
  return { virtual, items, slots: slots.current }
}

/** Ctrl-C with nothing selected: the cell is meant. */
function isCopy(event: KeyboardEvent): boolean {
  return (event.ctrlKey || event.metaKey) && event.key === 'c' && getSelection()?.isCollapsed !== false
}

function CellDialog({ value, onClose }: { readonly value: Cell; readonly onClose: () => void }) {
  return (
    <Dialog title={t.sql.cell} onClose={onClose} isWide>
      <pre
        tabIndex={0}
        className="mb-4 max-h-[60dvh] overflow-auto rounded-panel bg-sunken p-4 break-all whitespace-pre-wrap"
      >
        {value === null ? t.sql.nullValue : visible(value)}
      </pre>
    </Dialog>
  )
}

function GridHead(props: {
  readonly columns: readonly SqlColumn[]
  readonly template: string
  readonly width: number
}) {
  return (
    <div role="rowgroup" className="sticky top-0 z-1 bg-surface" style={{ width: props.width }}>
      <div
        role="row"
        aria-rowindex={1}
        className="grid border-b border-line"
        style={{ gridTemplateColumns: props.template }}
      >
        <div role="columnheader" aria-colindex={1} className="px-2 py-1 text-right text-dim">
          #
        </div>
        {props.columns.map((column, index) => (
          <div key={index} role="columnheader" aria-colindex={index + 2} className="truncate px-2 py-1">
            <bdi className="font-semibold">{visible(column.name)}</bdi>{' '}
            <span className="text-meta text-dim">{column.type ?? ''}</span>
          </div>
        ))}
      </div>
    </div>
  )
}

/** Only a row that changes is rendered again while others scroll. */
const GridRow = memo(function GridRow(props: {
  readonly index: number
  readonly columns: readonly SqlColumn[]
  readonly cells: readonly Cell[]
  /** The column of the cell that the keyboard is at. */
  readonly current: number | undefined
  readonly template: string
  readonly top: number
  readonly onSelect: (row: number, column: number) => void
  readonly onOpen: (value: Cell) => void
}) {
  const { index: row, cells } = props
  return (
    <div
      role="row"
      aria-rowindex={row + 2}
      className="absolute grid w-full border-b border-line leading-[19px] [contain:strict] hover:bg-sunken"
      style={{
        gridTemplateColumns: props.template,
        height: ROW_PX,
        transform: `translateY(${props.top}px)`,
      }}
    >
      <div role="rowheader" aria-colindex={1} className="px-2 py-1 text-right text-dim">
        {row + 1}
      </div>
      {props.columns.map((column, index) => (
        <GridCell
          key={index}
          id={`cell-${row}-${index}`}
          column={index + 2}
          isNumber={NUMERIC.test(column.type ?? '')}
          isCurrent={props.current === index}
          value={cells[index] ?? null}
          onSelect={() => props.onSelect(row, index)}
          onOpen={() => props.onOpen(cells[index] ?? null)}
        />
      ))}
    </div>
  )
})

function GridCell(props: {
  readonly id: string
  readonly column: number
  readonly isNumber: boolean
  readonly isCurrent: boolean
  readonly value: Cell
  readonly onSelect: () => void
  readonly onOpen: () => void
}) {
  const { value, isNumber, isCurrent } = props
  return (
    <div
      id={props.id}
      role="gridcell"
      aria-colindex={props.column}
      aria-selected={isCurrent}
      className={`truncate px-2 py-1 ${isNumber ? 'text-right' : ''} ${isCurrent ? 'outline-2 -outline-offset-2 outline-accent' : ''} ${value === null ? 'text-dim' : ''}`}
      onClick={props.onSelect}
      onDoubleClick={props.onOpen}
    >
      {value === null ? '∅' : <bdi>{visible(value.slice(0, SHOWN_CHARACTERS))}</bdi>}
    </div>
  )
}

function moved(at: Place, key: string, rows: number, columns: number): Place | undefined {
  const row = (by: number) => ({ ...at, row: Math.max(0, Math.min(rows - 1, at.row + by)) })
  const column = (to: number) => ({ ...at, column: Math.max(0, Math.min(columns - 1, to)) })
  switch (key) {
    case 'ArrowDown':
      return row(1)
    case 'ArrowUp':
      return row(-1)
    case 'PageDown':
      return row(20)
    case 'PageUp':
      return row(-20)
    case 'ArrowRight':
      return column(at.column + 1)
    case 'ArrowLeft':
      return column(at.column - 1)
    case 'Home':
      return column(0)
    case 'End':
      return column(columns - 1)
    default:
      return undefined
  }
}

/** By the longest of the name and the first values, within bounds. */
function widthOf(column: SqlColumn, rows: readonly (readonly Cell[])[], index: number): number {
  const head = column.name.length + (column.type?.length ?? 0) + 2
  const longest = rows.slice(0, 50).reduce((most, row) => Math.max(most, row[index]?.length ?? 1), head)
  return Math.min(420, Math.max(80, longest * 8 + 24))
}
