/** The README's table of promises is the one in code. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promises } from '@synod/cluster'
import { expect, test } from 'vitest'

test('the table of promises in the README is printed from code', () => {
  const readme = readFileSync(join(import.meta.dirname, '..', '..', 'README.md'), 'utf8')
  const section = readme.slice(readme.indexOf('<!-- promises'), readme.indexOf('★ the default'))
  const cells = section
    .split('\n')
    .filter(line => line.startsWith('|'))
    .map(line =>
      line
        .split('|')
        .slice(1, -1)
        .map(cell => cell.trim()),
    )
  const rows = promises()
    .filter(row => row.status === 'built')
    .map(row => [row.layer, `${row.choice}${row.default ? ' ★' : ''}`, row.promise])
  expect(cells.slice(2)).toEqual(rows)
})
