import { expect, it } from 'vitest'
import { checkAppName } from './app-name.ts'

it.each(['my-app', 'a1', 'a-', 'a'.repeat(30)])('takes %s', (name) => {
  expect(() => {
    checkAppName(name)
  }).not.toThrow()
})

it.each(['', 'a', 'A-app', 'my_app', '1app', '-app', 'app.name', 'äpp', 'a'.repeat(31), 'app\n'])(
  'refuses %j',
  (name) => {
    expect(() => {
      checkAppName(name)
    }).toThrow('lower-case letters, digits and hyphens')
  },
)
