import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Histogram } from './histogram.ts'

test('an empty histogram knows no values', () => {
  const histogram = new Histogram()
  expect([histogram.count, histogram.percentile(0.99), histogram.max, histogram.mean]).toEqual([0, 0, 0, 0])
})

test('percentiles are at most a sixteenth above the value of their rank, and never below it', () => {
  const values = fc.array(fc.nat({ max: 100_000_000 }), { minLength: 1, maxLength: 300 })
  const share = fc.double({ min: 0, max: 1, noNaN: true })
  fc.assert(
    fc.property(values, share, (recorded, wanted) => {
      const histogram = new Histogram()
      for (const value of recorded) histogram.record(value)
      const rank = Math.max(1, Math.ceil(wanted * recorded.length))
      const exact = recorded.toSorted((a, b) => a - b)[rank - 1] ?? 0
      const found = histogram.percentile(wanted)
      expect(found).toBeGreaterThanOrEqual(exact)
      expect(found).toBeLessThanOrEqual(exact + exact / 16)
    }),
  )
})

test('small values are exact; count, mean and max are of all values', () => {
  const histogram = new Histogram()
  for (const value of [1, 2, 3, 30]) histogram.record(value)
  expect(histogram.percentile(0.5)).toBe(2)
  expect(histogram.percentile(1)).toBe(30)
  expect([histogram.count, histogram.mean, histogram.max]).toEqual([4, 9, 30])
})
