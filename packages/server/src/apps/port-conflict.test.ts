import { expect, it } from 'vitest'
import { conflictingPort } from './port-conflict.ts'

it.each([
  ['Flask', 'Address already in use\nPort 8000 is in use by another program. Either identify', [], 8000],
  ['Node', "code: 'EADDRINUSE',\n  syscall: 'listen',\n  address: '127.0.0.1',\n  port: 8123\n}", [], 8123],
  ['Node, one line', 'Error: listen EADDRINUSE: address already in use :::8000', [], 8000],
  [
    'uvicorn',
    "ERROR: [Errno 98] error while attempting to bind on address ('0.0.0.0', 8000): address already in use",
    [],
    8000,
  ],
  ['gunicorn', "[ERROR] Connection in use: ('0.0.0.0', 8001)", [], 8001],
  [
    'http.server',
    'OSError: [Errno 98] Address already in use',
    ['python', '-m', 'x', '--port', '9000'],
    9000,
  ],
  ['a bind option', 'OSError: [Errno 48] Address already in use', ['gunicorn', '-b', '0.0.0.0:9001'], 9001],
])('reads the port from what %s prints', (_program, output, command, port) => {
  expect(conflictingPort(output, command)).toBe(port)
})

it('takes no other failure for a conflict', () => {
  expect(conflictingPort('ModuleNotFoundError: port: 8000', ['x', '--port', '8000'])).toBeUndefined()
})
