// Lines over time in the colours of the theme; sleep is the hatch. What is drawn is also there as a sentence and as a table.
import { useEffect, useRef, useState } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { formatTime } from '../../../text/format.ts'
import { language, t } from '../../../text/index.ts'
import type { ChartData, Line } from './chart-data.ts'
import { ChartTable } from './ChartTable.tsx'
import type { Band } from './sleep-bands.ts'
import { useColors } from './use-colors.ts'

const HEIGHT = 168
const HATCH_STEP = 6
/** From a byte to a pebibyte. */
const POWERS_OF_TWO = Array.from({ length: 51 }, (_, power) => 2 ** power)

interface TimeSeriesProps {
  readonly chart: ChartData
  /** Seconds since 1970 of each point. */
  readonly at: readonly number[]
  readonly bands: readonly Band[]
}

export function TimeSeries({ chart, at, bands }: TimeSeriesProps) {
  const place = useRef<HTMLDivElement>(null)
  const colors = useColors()
  const [showsTable, setShowsTable] = useState(false)
  useEffect(() => {
    const element = place.current
    if (!element || showsTable) return
    const data = [[...at], ...chart.lines.map(({ values }) => [...values])] as uPlot.AlignedData
    const plot = new uPlot(optionsOf({ chart, bands, colors, width: element.clientWidth }), data, element)
    const resized = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT }))
    resized.observe(element)
    return () => {
      resized.disconnect()
      plot.destroy()
    }
  }, [chart, at, bands, colors, showsTable])
  const texts = t.charts
  return (
    <figure className="min-w-0" data-chart={chart.key}>
      <figcaption className="flex flex-wrap items-baseline gap-x-3">
        <h4 className="text-body font-semibold">{chart.title}</h4>
        <span className="text-meta text-dim">{sentenceOf(chart)}</span>
        <button
          type="button"
          className="btn btn-quiet ml-auto min-h-7 px-2 text-meta"
          aria-pressed={showsTable}
          aria-label={`${texts.asTable}: ${chart.title}`}
          onClick={() => setShowsTable(!showsTable)}
        >
          {texts.asTable}
        </button>
      </figcaption>
      {showsTable ? (
        <ChartTable chart={chart} at={at} bands={bands} />
      ) : (
        <>
          <div
            ref={place}
            role="img"
            aria-label={`${chart.title}: ${sentenceOf(chart)}`}
            className="min-w-0"
          />
          <Legend lines={chart.lines} colors={colors} />
        </>
      )}
    </figure>
  )
}

function Legend({ lines, colors }: { readonly lines: readonly Line[]; readonly colors: Colors }) {
  return (
    <ul className="flex flex-wrap gap-x-4 text-meta text-dim" aria-hidden="true">
      {lines.map(({ label, color, dash }) => (
        <li key={label} className="flex items-center gap-1.5">
          <svg width="20" height="4" focusable="false">
            <line
              x2="20"
              y1="2"
              y2="2"
              stroke={colors[color]}
              strokeWidth="2"
              strokeDasharray={dash?.join(' ')}
            />
          </svg>
          {label}
        </li>
      ))}
    </ul>
  )
}

type Colors = ReturnType<typeof useColors>

function optionsOf(parts: {
  readonly chart: ChartData
  readonly bands: readonly Band[]
  readonly colors: Colors
  readonly width: number
}): uPlot.Options {
  const { chart, bands, colors, width } = parts
  const axis = {
    stroke: colors.dim,
    font: `12px ${colors.font}`,
    grid: { stroke: colors.line, width: 1 },
    ticks: { stroke: colors.line, width: 1, size: 4 },
  }
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { sync: { key: 'compute' }, drag: { x: false, y: false }, points: { size: 6 } },
    scales: { y: { range: (_plot, _low, high) => [0, Math.max(chart.top ?? 0, (high || 1) * 1.05)] } },
    axes: [
      { ...axis, values: (_plot, at) => at.map((each) => hourOf(each, at)) },
      {
        ...axis,
        size: 72,
        values: (_plot, values) => values.map(chart.format),
        ...(chart.isBytes === true ? { incrs: POWERS_OF_TWO } : {}),
      },
    ],
    series: [
      {},
      ...chart.lines.map(({ label, color, dash }) => ({
        label,
        stroke: colors[color],
        width: 1.5,
        // A line needs two points; one that stands alone is a dot.
        points: {
          show: true,
          size: 4,
          fill: colors[color],
          filter: (plot: uPlot, line: number) => alone(plot.data[line] ?? []),
        },
        ...(dash ? { dash: [...dash] } : {}),
      })),
    ],
    hooks: {
      drawClear: [(plot) => drawBands(plot, bands, colors)],
      setCursor: [(plot) => tell(plot, chart)],
    },
  }
}

/** Where there is a value between two gaps. */
function alone(values: ArrayLike<number | null | undefined>): number[] {
  const isThere = (at: number) => values[at] !== null && values[at] !== undefined
  return Array.from(values, (_, at) => at).filter((at) => isThere(at) && !isThere(at - 1) && !isThere(at + 1))
}

/** 45° lines, as sleep is shown everywhere. */
function drawBands(plot: uPlot, bands: readonly Band[], colors: Colors): void {
  const { ctx, bbox } = plot
  const step = HATCH_STEP * devicePixelRatio
  for (const { from, to } of bands) {
    const left = Math.max(bbox.left, plot.valToPos(from, 'x', true))
    const right = Math.min(bbox.left + bbox.width, plot.valToPos(to, 'x', true))
    if (right <= left) continue
    ctx.save()
    ctx.beginPath()
    ctx.rect(left, bbox.top, right - left, bbox.height)
    ctx.clip()
    ctx.strokeStyle = colors.idle
    ctx.globalAlpha = 0.35
    ctx.lineWidth = devicePixelRatio
    ctx.beginPath()
    for (let x = Math.floor((left - bbox.height) / step) * step; x < right; x += step) {
      ctx.moveTo(x, bbox.top + bbox.height)
      ctx.lineTo(x + bbox.height, bbox.top)
    }
    ctx.stroke()
    ctx.restore()
  }
}

/** Under the pointer, as the tip of the browser: the moment and what each line is there. */
function tell(plot: uPlot, { lines, format }: ChartData): void {
  const { idx } = plot.cursor
  const at = idx === null || idx === undefined ? undefined : plot.data[0][idx]
  if (at === undefined || idx === null || idx === undefined) {
    plot.over.title = ''
    return
  }
  const values = lines.map(({ label, values: all }) => {
    const value = all[idx]
    return `${label}: ${value === null || value === undefined ? '–' : format(value)}`
  })
  plot.over.title = [formatTime(at * 1000), ...values].join('\n')
}

function hourOf(at: number, all: readonly number[]): string {
  const days = ((all.at(-1) ?? at) - (all[0] ?? at)) / 86_400
  const date = new Date(at * 1000)
  const options: Intl.DateTimeFormatOptions =
    days > 2 ? { month: 'short', day: 'numeric' } : { hour: '2-digit', minute: '2-digit', hour12: false }
  return new Intl.DateTimeFormat(language() === 'ja' ? 'ja' : 'en-GB', options).format(date)
}

/** What a glance would tell: the newest value and the highest. */
function sentenceOf({ lines, format }: ChartData): string {
  const texts = t.charts
  const measured = lines.filter(({ isLimit }) => isLimit !== true).map(({ values }) => values)
  const last = measured[0]?.findLast((value) => value !== null)
  if (last === undefined || last === null) return texts.nothing
  const most = measured.flat().reduce<number>((found, value) => Math.max(found, value ?? 0), 0)
  return texts.lastAndMost(format(last), format(most))
}
