import { expect, test } from 'vitest'
import { drive } from './drive.ts'
import { judgeSold } from './shop.ts'
import type { Step, Workload } from './workload.ts'

function workload(step: (user: number) => Promise<Step> | undefined): Workload {
  return {
    unit: 'steps',
    prepare: () => Promise.resolve(),
    step,
    finish: () => Promise.resolve([]),
    close: () => undefined,
  }
}
const ok: Step = { outcome: 'ok', reason: 'done' }
const never = new AbortController().signal

test('every step is counted once, by outcome and reason, until nothing is left', async () => {
  const steps: Step[] = [
    ok,
    { outcome: 'refused', reason: 'outOfStock' },
    { outcome: 'unknown', reason: '504' },
    ok,
  ]
  const next = () => {
    const step = steps.pop()
    return step === undefined ? undefined : Promise.resolve(step)
  }
  const totals = await drive(
    workload(next),
    { users: 3, seconds: 60, rate: undefined },
    () => undefined,
    never,
  )
  expect(totals).toMatchObject({
    ended: 'nothing left',
    outcomes: { ok: 2, refused: 1, unavailable: 0, unknown: 1 },
    reasons: { done: 2, outOfStock: 1, 504: 1 },
  })
  expect(totals.latency.count).toBe(2)
})

test('each user has one step under way at most', async () => {
  const busy = new Set<number>()
  let left = 200
  const next = (user: number) => {
    if (left-- <= 0) return undefined
    expect(busy.has(user)).toBe(false)
    busy.add(user)
    return new Promise<Step>(resolve =>
      setImmediate(() => {
        busy.delete(user)
        resolve(ok)
      }),
    )
  }
  const totals = await drive(
    workload(next),
    { users: 4, seconds: 60, rate: undefined },
    () => undefined,
    never,
  )
  expect(totals.outcomes.ok).toBe(200)
})

test('a stop ends the run after the steps under way', async () => {
  const stop = new AbortController()
  let count = 0
  const next = () => {
    if (++count === 10) stop.abort()
    return Promise.resolve(ok)
  }
  const totals = await drive(
    workload(next),
    { users: 1, seconds: 60, rate: undefined },
    () => undefined,
    stop.signal,
  )
  expect(totals).toMatchObject({ ended: 'stopped', outcomes: { ok: 10 } })
})

test('at a rate, every step that is due is done or missed, and a stall counts against all that were due in it', async () => {
  let first = true
  const next = () => {
    if (!first) return Promise.resolve(ok)
    first = false
    return new Promise<Step>(resolve => setTimeout(() => resolve(ok), 300))
  }
  const totals = await drive(workload(next), { users: 1, seconds: 1, rate: 100 }, () => undefined, never)
  expect(totals.outcomes.ok + totals.missed).toBe(100)
  // Thirty steps were due while the only user waited; half of them for 150 ms or more.
  expect(totals.latency.percentile(0.9)).toBeGreaterThan(100_000)
})

test('orders that clients were told of must be held; what is in doubt may be', () => {
  expect(judgeSold(10, 0, 10).verdict).toBe('ok')
  expect(judgeSold(10, 2, 11).verdict).toBe('ok')
  expect(judgeSold(10, 2, 9).verdict).toBe('violated')
  expect(judgeSold(10, 2, 13).verdict).toBe('unknown')
})
