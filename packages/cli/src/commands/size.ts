import { type ComputeScalingView, endpointRoutes } from '@lakelet/api'
import { megabytes } from '../command/bytes.ts'
import { defineCommand } from '../command/define-command.ts'
import { findEndpoint, paramsOf, targetOf, targetOptions } from '../postgres/endpoint-target.ts'

type Decision = ComputeScalingView['decisions'][number]

export const size = defineCommand({
  path: ['size'],
  summary: 'Show how large a compute is now, and why',
  description:
    'A compute that is awake is measured once a second, and its size follows within the limits of its endpoint. Each decision is shown with what every signal asked for. ' +
    'Nothing is woken.',
  arguments: {
    target: { summary: 'projects/<project>[/branches/<branch>[/endpoints/<endpoint>]]', optional: true },
  },
  options: {
    ...targetOptions,
    all: { summary: 'all decisions of the last minutes, not only those that changed the size' },
  },
  examples: [{ run: 'lakelet size projects/my-app-db', does: 'why its compute has its size' }],
  async handler(context, { arguments: { target }, options: { all, ...options } }) {
    const { workspace, out, signal } = context
    const { client } = await workspace()
    const endpoint = await findEndpoint(context, targetOf(target, options))
    const params = paramsOf(endpoint)
    const scaling = await client.call(endpointRoutes.getScaling, { params }, signal)
    const { decisions } = scaling
    const last = decisions.at(-1)
    const shown = decisions.filter((each) => all || each === last || each.from_cu !== each.to_cu)
    out.data(scaling, { lines: [...headOf(scaling), ...shown.map(lineOf)] })
  },
})

function headOf({ size_cu: cu, min_cu: min, max_cu: max, enforcement }: ComputeScalingView): string[] {
  const range = min === max ? `always ${max} CU` : `between ${min} and ${max} CU`
  const { cpu, memory, why } = enforcement
  return [
    cu === undefined ? `asleep; ${range}` : `${cu} CU now, ${range}`,
    `CPU is ${cpu}, memory ${memory} on this host${why === undefined ? '' : ` (${why})`}`,
  ]
}

function lineOf({ time, from_cu: from, to_cu: to, reason, signals, terms }: Decision): string {
  const change = from === to ? `${to} CU` : `${from} → ${to} CU`
  if (!signals || !terms) return `${time}  ${change}  ${reason}`
  const asks = [
    `load ${signals.load1.toFixed(2)} asks for ${terms.cpu_cu.toFixed(2)}`,
    `memory ${megabytes(signals.memory_bytes, 0)} MB for ${terms.memory_cu.toFixed(2)}`,
    ...(terms.working_set_cu === undefined
      ? []
      : [`with its working set for ${terms.working_set_cu.toFixed(2)}`]),
  ]
  return `${time}  ${change}  ${reason}: ${asks.join(', ')}`
}
