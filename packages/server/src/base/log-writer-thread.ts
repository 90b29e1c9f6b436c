// The thread that writes log files; see log-writer.ts. It imports nothing of ours but the file, so that it starts fast.
import { parentPort, workerData } from 'node:worker_threads'
import { RotatingFile } from './rotating-file.ts'

/** What the thread is told. */
export type Order =
  | {
      readonly kind: 'open'
      readonly id: number
      readonly file: string
      readonly maxBytes?: number
      readonly kept?: number
      readonly isJson: boolean
    }
  | { readonly kind: 'write'; readonly id: number; readonly text: string; readonly bytes: number }
  | { readonly kind: 'close'; readonly id: number }

/** The numbers that both threads see, by their place in the shared array. */
export const SHARED = { bytesDone: 0, ordersDone: 1 } as const

const files = new Map<number, RotatingFile>()

function obey(order: Order, shared: BigInt64Array): void {
  if (order.kind === 'open') {
    const { id, file, isJson, ...options } = order
    files.set(id, new RotatingFile(file, { ...options, ...(isJson ? { notice: jsonNotice } : {}) }))
  } else if (order.kind === 'write') {
    files.get(order.id)?.write(order.text)
    Atomics.add(shared, SHARED.bytesDone, BigInt(order.bytes))
  } else {
    files.get(order.id)?.[Symbol.dispose]()
    files.delete(order.id)
  }
  Atomics.add(shared, SHARED.ordersDone, 1n)
  Atomics.notify(shared, SHARED.ordersDone)
}

function jsonNotice({ writes, code }: { readonly writes: number; readonly code: string }): string {
  const line = {
    level: 40,
    time: Date.now(),
    component: 'log',
    writes,
    code,
    msg: 'log lines could not be written and were dropped',
  }
  return `${JSON.stringify(line)}\n`
}

parentPort?.on('message', (order: Order) => {
  obey(order, workerData as BigInt64Array)
})
