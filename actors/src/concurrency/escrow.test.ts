import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  judge,
  nothingPending,
  type Pending,
  type Reservation,
  reserve,
  settle,
  unbounded,
} from './escrow.ts'

const take = (amount: number, min = 0): Reservation => ({ ...unbounded, amount: -amount, min })

test('[CC4] what is free is granted although others are pending', () => {
  const pending = reserve(nothingPending, take(60))
  expect(judge(100, pending, take(40))).toBe('grant')
})

test('[CC4] what depends on those pending waits', () => {
  const pending = reserve(nothingPending, take(60))
  expect(judge(100, pending, take(41))).toBe('wait')
  expect(judge(100, reserve(nothingPending, { ...unbounded, amount: 5 }), take(101))).toBe('wait')
})

test('[CC4] what no outcome of those pending makes possible is refused', () => {
  const pending = reserve(nothingPending, take(60))
  expect(judge(100, pending, take(101))).toBe('outOfBounds')
  expect(judge(3, nothingPending, { amount: 4, min: 0, max: 6 })).toBe('outOfBounds')
})

test('[CC4] a later add keeps to the bounds that pending ones rely on', () => {
  const pending = reserve(nothingPending, take(60))
  const careless: Reservation = { ...unbounded, amount: -50 }
  expect(judge(100, pending, careless)).toBe('wait')
  expect(judge(100, nothingPending, careless)).toBe('grant')
})

test('[CC5] beyond what a double holds exactly nothing is granted', () => {
  const most = Number.MAX_SAFE_INTEGER
  expect(judge(most, nothingPending, { ...unbounded, amount: 1 })).toBe('outOfBounds')
  expect(judge(most - 1, nothingPending, { ...unbounded, amount: 1 })).toBe('grant')
  const half = reserve(nothingPending, { ...unbounded, amount: -most })
  expect(judge(most, half, { ...unbounded, amount: -most })).toBe('wait')
})

test('[CC5] a sum of those pending that a double cannot hold exactly is not begun', () => {
  const { min, max } = unbounded
  const up = { ...nothingPending, up: max - 1, count: 1 }
  expect(judge(0, up, { ...unbounded, amount: 5 })).toBe('wait')
  // With these values its outcomes are all within bounds, and only the sum is not.
  expect(judge(-10, up, { ...unbounded, amount: 5 })).toBe('wait')
  expect(judge(-10, up, { ...unbounded, amount: 1 })).toBe('grant')
  const down = { ...nothingPending, down: min + 1, count: 1 }
  expect(judge(10, down, { ...unbounded, amount: -5 })).toBe('wait')
  expect(judge(10, down, { ...unbounded, amount: -1 })).toBe('grant')
})

const reservations = fc.record({
  amount: fc.integer({ min: -20, max: 20 }),
  min: fc.constantFrom(unbounded.min, 0, 5),
  max: fc.constantFrom(unbounded.max, 60, 50),
})

test('[CC4] whatever is granted holds its bounds in every order in which the granted commit or abort', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 40 }),
      fc.array(reservations, { maxLength: 8 }),
      fc.infiniteStream(fc.integer({ min: 0, max: 1_000 })),
      (start, wanted, draws) => {
        const next = () => draws.next().value as number
        let value = start
        let pending: Pending | undefined
        const granted: Reservation[] = []
        const resolveOne = () => {
          const [one] = granted.splice(next() % granted.length, 1)
          if (one === undefined || pending === undefined) return
          pending = settle(pending, one.amount)
          if (next() % 2 === 0) return
          value += one.amount
          expect(value).toBeGreaterThanOrEqual(one.min)
          expect(value).toBeLessThanOrEqual(one.max)
        }
        for (const one of wanted) {
          if (judge(value, pending ?? nothingPending, one) === 'grant') {
            pending = reserve(pending ?? nothingPending, one)
            granted.push(one)
          }
          if (granted.length > 0 && next() % 3 === 0) resolveOne()
        }
        while (granted.length > 0) resolveOne()
        expect(pending).toBeUndefined()
      },
    ),
    { numRuns: 2_000 },
  )
})

test('[CC4] refused means: in no outcome of those pending', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 40 }),
      fc.array(reservations, { maxLength: 6 }),
      reservations,
      (value, others, one) => {
        const pending = others.reduce(reserve, nothingPending)
        if (judge(value, pending, one) !== 'outOfBounds') return
        for (let subset = 0; subset < 2 ** others.length; subset++) {
          const sum = others.reduce(
            (total, { amount }, at) => total + ((subset >> at) & 1 ? amount : 0),
            value,
          )
          expect(sum + one.amount >= one.min && sum + one.amount <= one.max).toBe(false)
        }
      },
    ),
  )
})
