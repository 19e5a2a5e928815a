import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { RegisterOperation } from './history.ts'
import { checkLinearizability } from './linearizability.ts'
import { findCounterexample } from './register-counterexample.ts'
import { RegisterHistory } from './register-history.ts'
import { contradictedAt } from './register-zones.ts'

/** One operation, as drawn: when it takes effect, how long before and after that it is open, and what it is. */
const drawn = fc.record({
  at: fc.integer({ min: 0, max: 2_000 }),
  before: fc.integer({ min: 0, max: 30 }),
  after: fc.integer({ min: 0, max: 30 }),
  op: fc.constantFrom('get', 'put', 'cas'),
  value: fc.integer({ min: 0, max: 3 }),
  from: fc.integer({ min: 0, max: 3 }),
  lost: fc.integer({ min: 0, max: 40 }).map(dice => dice === 0),
})
const many = fc.array(drawn, { minLength: 120, maxLength: 300, size: 'max' })

/** Plays them on a register at their instants, so that the history is linearizable; `distinct` values are used once. */
function play(all: readonly (typeof drawn extends fc.Arbitrary<infer T> ? T : never)[], distinct: boolean) {
  let state: number | null = null
  let values = 10
  return all
    .toSorted((a, b) => a.at - b.at)
    .map(({ at, before, after, op, value, from, lost }): RegisterOperation => {
      const common = {
        client: 'c',
        key: 'k',
        call: at - before,
        return: at + after,
        outcome: lost ? 'unknown' : 'ok',
      } as const
      if (op === 'get') return { ...common, op, output: state }
      const written: number = distinct ? ++values : value
      if (op === 'put') {
        state = written
        return { ...common, op, value: written }
      }
      const swapped = state === from
      if (swapped) state = written
      return { ...common, op: 'cas', from, value: written, swapped: lost ? undefined : swapped }
    })
}

it('[LC3] never convicts a linearizable history, wherever it is asked to look', () => {
  fc.assert(
    fc.property(many, fc.boolean(), fc.nat(100), (all, distinct, part) => {
      const operations = play(all, distinct)
      const history = new RegisterHistory(operations, null)
      const explained = Math.floor((history.ended.length * part) / 100)
      expect(findCounterexample(history, explained, 200_000)).toBeUndefined()
      expect(checkLinearizability(operations).verdict).toBe('ok')
    }),
    { numRuns: 150 },
  )
})

it('[LC7] finds no plain contradiction in a linearizable history', () => {
  fc.assert(
    fc.property(many, fc.boolean(), (all, distinct) => {
      const history = new RegisterHistory(play(all, distinct), null)
      expect(contradictedAt(history.steps(-Infinity, Infinity), history.initial, history.values)).toBe(
        Infinity,
      )
    }),
    { numRuns: 150 },
  )
})

it('[LC3] convicts a read that lies, from a stretch around it and at the price of a stretch', () => {
  // Few values, so that there is no plain contradiction; and the lie is far from both ends.
  const honest = Array.from({ length: 4_000 }, (_, i): RegisterOperation => {
    const common = { client: 'c', key: 'k', call: 10 * i, return: 10 * i + 5, outcome: 'ok' } as const
    return i % 2 === 0
      ? { ...common, op: 'put', value: i % 6 }
      : { ...common, op: 'get', output: (i - 1) % 6 }
  })
  const lie: RegisterOperation = {
    client: 'd',
    key: 'k',
    op: 'get',
    call: 20_006,
    return: 20_008,
    outcome: 'ok',
    output: 4,
  }
  const history = new RegisterHistory([...honest, lie], null)
  const found = findCounterexample(history, 1_990, 100_000)
  expect(found?.impossible).toEqual(lie)
  expect(found?.prefix.length).toBe(2_001)
})
