import { expect, it, vi } from 'vitest'
import { Board, type Stream } from './board.ts'

function board(hasColor = false) {
  const shown: [Stream, string][] = []
  const made = new Board({ write: (...each) => shown.push(each), hasColor: () => hasColor })
  return { made, shown, text: () => shown.map(([, text]) => text).join('') }
}

it('puts a name before each line, whole lines only', () => {
  const { made, shown, text } = board()
  const app = made.writer('app', 'stdout', 'cyan')
  const server = made.writer('lakelet', 'stderr', 'yellow')
  app.write('one\ntw')
  server.write('careful\n')
  app.write('o\n\n')
  app.write('end')
  app.end()
  expect(text()).toBe('app | one\nlakelet | careful\napp | two\napp | \napp | end\n')
  expect(shown.map(([stream]) => stream)).toContain('stderr')
})

it('shows a question that ends no line, and goes on with it', () => {
  vi.useFakeTimers()
  try {
    const { made, text } = board()
    const app = made.writer('app', 'stdout', 'cyan')
    const server = made.writer('lakelet', 'stderr', 'yellow')
    app.write('Name? ')
    vi.advanceTimersByTime(300)
    expect(text()).toBe('app | Name? ')
    app.write('ok\nAge? ')
    vi.advanceTimersByTime(300)
    server.write('careful\n')
    expect(text()).toBe('app | Name? ok\napp | Age? \nlakelet | careful\n')
  } finally {
    vi.useRealTimers()
  }
})

it('has colours only where they are shown', () => {
  const { made, text } = board(true)
  made.writer('app', 'stdout', 'cyan').write('x\n')
  expect(text()).toBe('\u001B[36mapp |\u001B[39m x\n')
})
