/** Every rule of a SPEC.md has a test that carries its ID, and every ID in a test title names a rule. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..', '..')
const ruleLine = /^\s*(?:[-*]\s+|#+\s+|\|\s*)?\**`?([A-Z]{2}\d+)\b/
const titleIds = /\[((?:[A-Z]{2}\d+)(?:[\s,]+[A-Z]{2}\d+)*)\]/g

/** Rule ID → the file that states it. A rule is a line, list item, heading or table row that starts with its ID. */
export function rulesIn(text: string): string[] {
  return text.split('\n').flatMap(line => ruleLine.exec(line)?.[1] ?? [])
}

/** IDs in brackets: `[PX3] …`, `[PX3, PX4] …`. */
export function idsIn(text: string): string[] {
  return [...text.matchAll(titleIds)].flatMap(match => (match[1] ?? '').split(/[\s,]+/))
}

function files(pattern: string): string[] {
  return globSync(pattern, { cwd: root }).filter(file => !/node_modules|conformance/.test(file))
}

function collect(pattern: string, read: (text: string) => string[]): Map<string, string> {
  const found = new Map<string, string>()
  for (const file of files(pattern)) {
    for (const id of read(readFileSync(join(root, file), 'utf8'))) found.set(id, file)
  }
  return found
}

const rules = collect('{runtime,actors,cluster}/**/SPEC.md', rulesIn)
const tested = collect('{runtime,actors,cluster,test}/**/*.{test,contract}.ts', idsIn)

test('there are rules', () => {
  expect(rules.size).toBeGreaterThan(50)
})

test('every rule of a SPEC.md is carried by a test', () => {
  const untested = [...rules].filter(([id]) => !tested.has(id)).map(([id, file]) => `${id} (${file})`)
  expect(untested).toEqual([])
})

test('every rule ID in a test title names a rule', () => {
  const unknown = [...tested].filter(([id]) => !rules.has(id)).map(([id, file]) => `${id} (${file})`)
  expect(unknown).toEqual([])
})

test('a missing test and a missing rule would be seen', () => {
  expect(rulesIn('- **ZZ1** a rule\n## ZZ2 another\n| ZZ3 | a third |\ntext about ZZ4')).toEqual([
    'ZZ1',
    'ZZ2',
    'ZZ3',
  ])
  expect(idsIn('test("[ZZ1] one"); test("[ZZ2, ZZ3] two"); array[0]')).toEqual(['ZZ1', 'ZZ2', 'ZZ3'])
})
