import { expect, it } from 'vitest'
import { withEnvironment } from './app-yaml.ts'

it('fills in the values that the tutorial leaves open and keeps the rest', () => {
  const text = `command: ['flask', '--app', 'app.py', 'run'] # start
env:
  # database
  - name: PGHOST
    value: '<your-endpoint-hostname>'
  - name: PGPORT
    value: '5432'
  - name: LAKEBASE_ENDPOINT
    valueFrom: postgres
`
  const filled = withEnvironment(text, { PGHOST: 'ep-1.local', PGPORT: '5432', LAKEBASE_ENDPOINT: "it's" })
  expect(filled).toBe(
    text
      .replace("'<your-endpoint-hostname>'", "'ep-1.local'")
      .replace('valueFrom: postgres', "value: 'it''s'"),
  )
})

it('adds variables to an env section, or the section itself', () => {
  const added = "  - name: B\n    value: '2'\n"
  expect(withEnvironment("env:\n  - name: A\n    value: '1'\n", { B: '2' })).toBe(
    `env:\n  - name: A\n    value: '1'\n${added}`,
  )
  expect(withEnvironment("env: []\ncommand: ['x']\n", { B: '2' })).toBe(`env:\n${added}command: ['x']\n`)
  expect(withEnvironment("command: ['x']", { B: '2' })).toBe(`command: ['x']\nenv:\n${added}`)
})

it('handles entries without indentation', () => {
  const text = "env:\n- name: A\n  value: '1'\n- name: C\n  value: '3'\ncommand: ['x']\n"
  expect(withEnvironment(text, { A: '9', B: '2' })).toBe(
    "env:\n- name: A\n  value: '9'\n- name: C\n  value: '3'\n- name: B\n  value: '2'\ncommand: ['x']\n",
  )
})

it('changes nothing when the values are there', () => {
  const text = 'env:\n  - name: A\n    value: "1"\n  - name: B\n    value: plain\n'
  expect(withEnvironment(text, { A: '1', B: 'plain' })).toBe(text)
})
