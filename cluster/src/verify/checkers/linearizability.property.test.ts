import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { RegisterOperation } from './history.ts'
import { checkLinearizability } from './linearizability.ts'
import { naivelyLinearizable } from './naive.ts'

const value = fc.constantFrom(null, 1, 2, 3)
const times = fc
  .tuple(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 6 }))
  .map(([call, length]) => ({ call, return: call + length }))
const outcome = fc.oneof(
  { weight: 6, arbitrary: fc.constant('ok' as const) },
  fc.constantFrom('unknown' as const, 'fail' as const),
)

const operation: fc.Arbitrary<RegisterOperation> = fc
  .tuple(times, outcome, fc.constantFrom('get', 'put', 'cas'), value, value, fc.boolean())
  .map(([time, outcome, op, a, b, swapped]) => {
    const common = { client: 'c', key: 'k', ...time, outcome }
    const ok = outcome === 'ok'
    if (op === 'get') return { ...common, op, output: ok ? a : undefined }
    if (op === 'put') return { ...common, op, value: a }
    return { ...common, op: 'cas', from: a, value: b, swapped: ok ? swapped : undefined }
  })

it('[LC5] agrees with the definition on every tiny history', () => {
  let both = { ok: 0, violated: 0 }
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 7 }), history => {
      const expected = naivelyLinearizable(history) ? 'ok' : 'violated'
      both = { ...both, [expected]: both[expected] + 1 }
      expect(checkLinearizability(history).verdict).toBe(expected)
    }),
    { numRuns: 6_000 },
  )
  // Neither answer may be rare, or the comparison would say little.
  expect(both.ok).toBeGreaterThan(500)
  expect(both.violated).toBeGreaterThan(500)
})
