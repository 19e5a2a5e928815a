import fc from 'fast-check'
import { expect, test } from 'vitest'
import { unbounded } from '../concurrency/escrow.ts'
import { locksOf } from '../concurrency/lock-modes.ts'
import { add, append, check, del, get, numbered, put, scan } from './testing/one-shard.ts'
import { workOf } from './work.ts'

const key = fc.constantFrom('a', 'b', 'c')
const operation = fc.oneof(
  key.map(get),
  key.map(del),
  key.map(scan),
  key.map(on => put(on, 1)),
  key.map(on => append(on, 1)),
  key.map(on => check(on, { exists: true })),
  fc.tuple(key, fc.integer({ min: -5, max: 5 })).map(([on, amount]) => add(on, amount)),
)

test('[CC1, CC6] what a command locks in its rows is what a leader locks in its memory', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 5 }), operations => {
      const { steps, locks, prefixes } = workOf(numbered(operations))
      const request = locksOf(operations)
      expect(new Map(locks.map(({ item, mode }) => [item, mode]))).toEqual(request.items)
      expect(locks).toHaveLength(request.items.size)
      expect(new Set(prefixes)).toEqual(new Set(request.prefixes))
      expect(steps.map(step => step.operation)).toEqual(operations)
      for (const { lock } of steps) if (lock !== undefined) expect(locks).toContain(lock)
    }),
  )
})

test('[CC5] adds to one key are one sum within all their bounds', () => {
  const sums = (...operations: Parameters<typeof numbered>[0]) =>
    workOf(numbered(operations)).locks.map(lock => lock.sum)
  expect(sums(add('n', -2, { min: 0 }))).toEqual([{ amount: -2, min: 0, max: unbounded.max }])
  expect(sums(add('n', -2, { min: 0, max: 9 }), add('m', 1), add('n', 5, { min: 3, initial: 4 }))).toEqual([
    { amount: 3, min: 3, max: 9, initial: 4 },
    { amount: 1, ...unbounded },
  ])
})
