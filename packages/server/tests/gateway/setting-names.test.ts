// Names of settings are found wherever the bytes of a client are cut, and whatever stands before a text.
import { encodeParse, encodeQuery } from '@lakelet/wire'
import { expect, test } from 'vitest'
import { SettingNames } from '../../src/gateway/parking/setting-names.ts'

const seen = (...chunks: Buffer[]) => {
  const names = new SettingNames()
  for (const chunk of chunks) names.see(chunk)
  return names
}

test('a name is found in a message of any length', () => {
  for (let length = 0; length < 300; length += 1) {
    const value = 'x'.repeat(length)
    expect(seen(encodeQuery(`set app.tenant = '${value}'`)).names).toEqual(['app.tenant'])
    expect(seen(encodeQuery(`SET SESSION "App" . "Long"."Name" TO '${value}'`)).names).toEqual([
      'app.long.name',
    ])
    expect(seen(encodeQuery(`set seed = 0.5 -- ${value}`)).isSeeded).toBe(true)
  }
})

test('a name is found wherever a message is cut', () => {
  const whole = Buffer.concat([
    encodeQuery(`select 1; set_config; ${' '.repeat(400)} SELECT set_config('app.one', '1', false)`),
    encodeParse('', 'reset app.two'),
    encodeQuery('select setseed(0.5)'),
  ])
  for (let at = 1; at < whole.length; at += 1) {
    const names = seen(whole.subarray(0, at), whole.subarray(at))
    expect(names.names).toEqual(expect.arrayContaining(['app.one', 'app.two']))
    expect(names.isSeeded).toBe(true)
  }
  const bytes = Array.from(whole, (_, at) => whole.subarray(at, at + 1))
  expect(seen(...bytes).names).toEqual(expect.arrayContaining(['app.one', 'app.two']))
  expect(seen(...bytes).isSeeded).toBe(true)
})

test('a name beside the text is found once a text takes names from there', () => {
  const text = 'select set_config($1, $2, false)'
  expect(seen(encodeParse('', text), Buffer.from('\0\0\0\napp.tenant\0')).names).toContain('app.tenant')
})
