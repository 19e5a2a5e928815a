import { expect, test, vi } from 'vitest'
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

/** Time passes only where the test says so. */
async function inSteppedTime<T>(ms: number, run: () => Promise<T>): Promise<T> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearInterval', 'performance'] })
  try {
    const done = run()
    await vi.advanceTimersByTimeAsync(ms)
    return await done
  } finally {
    vi.useRealTimers()
  }
}
/** The first step takes so long, the others no time. */
const stalledFor = (ms: number) => {
  let first = true
  return () => {
    if (!first) return Promise.resolve(ok)
    first = false
    return new Promise<Step>(resolve => setTimeout(() => resolve(ok), ms))
  }
}
const rate = { users: 1, seconds: 1, rate: 100 }

test('at a rate, a stall counts against all that were due in it', async () => {
  const totals = await inSteppedTime(2_000, () =>
    drive(workload(stalledFor(300)), rate, () => undefined, never),
  )
  expect([totals.outcomes.ok, totals.missed]).toEqual([100, 0])
  // Thirty steps were due while the only user waited, one after 10 ms of it, one after 20, and so on.
  expect(totals.latency.percentile(0.9)).toBeGreaterThanOrEqual(200_000)
  expect(totals.latency.percentile(0.69)).toBeLessThan(10_000)
  expect(totals.latency.percentile(0.75)).toBeGreaterThanOrEqual(40_000)
})

test('at a rate, what was due and not begun when time was up is missed', async () => {
  const totals = await inSteppedTime(3_000, () =>
    drive(workload(stalledFor(1_500)), rate, () => undefined, never),
  )
  expect(totals).toMatchObject({ ended: 'time', missed: 99, outcomes: { ok: 1 } })
})

test('orders that clients were told of must be held; what is in doubt may be', () => {
  expect(judgeSold(10, 0, 10).verdict).toBe('ok')
  expect(judgeSold(10, 2, 11).verdict).toBe('ok')
  expect(judgeSold(10, 2, 9).verdict).toBe('violated')
  expect(judgeSold(10, 2, 13).verdict).toBe('unknown')
})
