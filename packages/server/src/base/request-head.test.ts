import { expect, test } from 'vitest'
import { senderOf } from './request-head.ts'

const host = '127.0.0.1:8080'
const own = `http://${host}`

test.each([
  ['a browser says that it is our own page', { origin: own, 'sec-fetch-site': 'same-origin' }, 'own'],
  ['our own page keeps its origin to itself', { origin: 'null', 'sec-fetch-site': 'same-origin' }, 'own'],
  ['a person typed the address', { 'sec-fetch-site': 'none' }, 'own'],
  ['an old browser names our origin', { origin: own }, 'own'],
  ['a page of another port', { origin: 'http://127.0.0.1:1', 'sec-fetch-site': 'same-site' }, 'foreign'],
  ['a page of another site', { 'sec-fetch-site': 'cross-site' }, 'foreign'],
  ['an old browser names another origin', { origin: 'https://evil.example' }, 'foreign'],
  ['an old browser hides the origin', { origin: 'null' }, 'foreign'],
  ['no browser', {}, 'unsaid'],
])('%s', (_what, headers, sender) => {
  expect(senderOf({ host, ...headers })).toBe(sender)
})
