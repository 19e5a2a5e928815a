/** The README's table of promises is the one in code. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promises } from '@synod/cluster'
import { expect, test } from 'vitest'

test('the table of promises in the README is printed from code', () => {
  const readme = readFileSync(join(import.meta.dirname, '..', '..', 'README.md'), 'utf8')
  const table = /<!-- promises[\s\S]*?\|---\|---\|---\|\n([\s\S]*?)\n\n/.exec(readme)?.[1]
  const rows = promises()
    .filter(row => row.status === 'built')
    .map(row => `| ${row.layer} | ${row.choice}${row.default ? ' ★' : ''} | ${row.promise} |\n`)
  expect(`${table}\n`).toBe(rows.join(''))
})
