import { expect, it } from 'vitest'
import { AsyncStack, SyncStack } from './disposable-stacks.ts'

type Kind = new () => AsyncDisposableStack

// Node's own where there is one, and ours: they must do the same.
it.each([
  ['ours', AsyncStack as unknown as Kind],
  ['the one of this Node', AsyncDisposableStack],
])('%s ends what it took in reverse, once, whatever fails', async (_, Stack) => {
  const said: string[] = []
  const stack = new Stack()
  stack.use({ [Symbol.asyncDispose]: async () => void said.push('async') })
  stack.use({ [Symbol.dispose]: () => void said.push('sync') })
  expect(stack.use(undefined)).toBe(undefined)
  expect(stack.adopt('value', (value) => void said.push(value))).toBe('value')
  stack.defer(() => {
    said.push('failing')
    throw new Error('no')
  })
  const moved = stack.move()
  expect(stack.disposed).toBe(true)
  await stack.disposeAsync()
  expect(said).toEqual([])
  expect(() => stack.defer(() => {})).toThrow(ReferenceError)
  await expect(moved[Symbol.asyncDispose]()).rejects.toThrow('no')
  expect(said).toEqual(['failing', 'value', 'sync', 'async'])
  await moved.disposeAsync()
  expect(said).toHaveLength(4)
})

it.each([
  ['ours', SyncStack as unknown as new () => DisposableStack],
  ['the one of this Node', DisposableStack],
])('%s does so at once', (_, Stack) => {
  const said: string[] = []
  const stack = new Stack()
  stack.use({ [Symbol.dispose]: () => void said.push('sync') })
  expect(stack.use(undefined)).toBe(undefined)
  expect(stack.adopt('value', (value) => void said.push(value))).toBe('value')
  stack.defer(() => {
    said.push('failing')
    throw new Error('no')
  })
  const moved = stack.move()
  expect(stack.disposed).toBe(true)
  stack.dispose()
  expect(said).toEqual([])
  expect(() => stack.defer(() => {})).toThrow(ReferenceError)
  expect(() => moved[Symbol.dispose]()).toThrow('no')
  expect(said).toEqual(['failing', 'value', 'sync'])
  moved.dispose()
  expect(said).toHaveLength(3)
})
