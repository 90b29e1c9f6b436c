import { describe, expect, it } from 'vitest'
import { parseAppYaml } from './app-yaml.ts'

function mistakeIn(text: string): string {
  try {
    parseAppYaml(text, 'app.yaml')
  } catch (error) {
    return error instanceof Error ? error.message : ''
  }
  return 'none'
}

describe('parseAppYaml', () => {
  it('reads commands and variables', () => {
    const text = [
      "command: ['flask', '--port', 8000]",
      'runtime: nodejs20',
      'env:',
      '  - name: A',
      "    value: 'x'",
      '  - name: B',
      '    valueFrom: postgres',
      '  - {name: C, value: 010}',
      '  - {name: D, value: yes}',
      '  - {name: E, value: }',
    ]
    expect(parseAppYaml(text.join('\n'), 'app.yaml')).toEqual({
      command: ['flask', '--port', '8000'],
      env: [
        { name: 'A', value: 'x' },
        { name: 'B', valueFrom: 'postgres' },
        { name: 'C', value: '010' },
        { name: 'D', value: 'yes' },
        { name: 'E', value: '' },
      ],
    })
  })

  it('splits a command that is one text on blanks', () => {
    expect(parseAppYaml('command: gunicorn  app:app -w 4', 'app.yaml').command).toEqual([
      'gunicorn',
      'app:app',
      '-w',
      '4',
    ])
  })

  it.each(['', '# nothing\n', 'env:\ncommand:\n'])('takes the empty file %j', (text) => {
    expect(parseAppYaml(text, 'app.yaml')).toEqual({ env: [] })
  })

  it.each([
    ['command: {a: 1}', '1, column 10: ', "'command' must be a list of texts, not a mapping"],
    ['command: 8000', '1, column 10: ', 'not the number 8000'],
    ['command: []', '1, column 10: ', 'empty list'],
    ['command: [a, [b]]', '1, column 14: ', "each item of 'command' must be a text, not a list"],
    ['just text', '1, column 1: ', "not the text 'just text'"],
    ['env: {A: b}', '1, column 6: ', "'env' must be a list"],
    ['env:\n  - A=b', '2, column 5: ', "not the text 'A=b'"],
    ['env:\n  - value: b', '2, column 5: ', "no 'name'"],
    ['env:\n  - name: A', '2, column 5: ', "neither 'value' nor 'valueFrom'"],
    ['env:\n  - name: A\n    value: b\n    valueFrom: c', '2, column 5: ', "both 'value' and 'valueFrom'"],
    ['env:\n  - name: A\n    value: [b]', '3, column 12: ', "'value' of A must be a text, not a list"],
    ['env:\n  - name: 1A\n    value: b', '2, column 11: ', 'not a name for a variable'],
    ['env:\n  - {name: A, value: 1}\n  - {name: A, value: 2}', '3, column 5: ', 'set twice'],
    ['env:\n  - name: A\n   value: b', '3, column ', ''],
    ['env:\n\t- name: A', '2, column ', ''],
    ["command: ['a'", '1, column ', ''],
    ['env: []\nenv: []', '2, column 1: ', 'unique'],
  ])('shows where the mistake in %j is', (text, place, reason) => {
    expect(mistakeIn(text)).toMatch(/^app\.yaml, line /)
    expect(mistakeIn(text)).toContain(`line ${place}`)
    expect(mistakeIn(text)).toContain(reason)
  })
})
