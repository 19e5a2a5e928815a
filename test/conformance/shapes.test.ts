/** The static table of the encoding against what nodes send and store: a field that is renamed shows here. */
import { expect, it } from 'vitest'
import { shapes } from '../../runtime/src/shapes.ts'
import { Run } from '../simulation/suite.ts'
import { shop } from '../simulation/suites/shop.ts'
import { transactions } from '../simulation/suites/transactions.ts'

it('every listed shape is one that nodes send or store', () => {
  const seen = new Set<string>()
  const note = (value: unknown): void => {
    if (value === null || typeof value !== 'object') return
    if (!Array.isArray(value)) seen.add(Object.keys(value).join(','))
    for (const inner of Object.values(value)) note(inner)
  }
  for (const [suite, seed] of [
    [shop, 7],
    [transactions, 9],
  ] as const) {
    suite.run(new Run(seed, { trace: note }))
  }
  expect(shapes.filter(shape => !seen.has(shape))).toEqual([])
}, 60_000)
