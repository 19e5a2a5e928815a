import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ListStep, ListTransaction, Outcome } from './history.ts'
import { naivelySerializable } from './naive.ts'
import { type Anomaly, checkSerializability } from './serializability.ts'

/** Transactions that are concurrent with each other, unless times are given. */
function txn(steps: ListStep[], more: Partial<ListTransaction> = {}): ListTransaction {
  return { client: 'c', txn: steps, call: 0, return: 100, outcome: 'ok', ...more }
}
const append = (key: string, element: number): ListStep => ['append', key, element]
const read = (key: string, ...elements: number[]): ListStep => ['r', key, elements]

function anomalies(history: ListTransaction[]): readonly Anomaly[] {
  const result = checkSerializability(history)
  return result.verdict === 'ok' ? [] : result.anomalies
}
const types = (history: ListTransaction[]) => anomalies(history).map(anomaly => anomaly.type)

describe('what a read alone shows', () => {
  it('[SR1] G1a: an append of a transaction that failed is read', () => {
    const history = [txn([append('x', 1)], { outcome: 'fail' }), txn([read('x', 1)])]
    expect(types(history)).toEqual(['G1a'])
  })

  it('[SR1] an append of unknown outcome may be read, and may not', () => {
    const unknown = txn([append('x', 1), append('y', 1)], { outcome: 'unknown', return: undefined })
    expect(types([unknown, txn([read('x', 1)])])).toEqual([])
    expect(types([unknown, txn([read('x')])])).toEqual([])
    // But not by half.
    expect(types([unknown, txn([read('x', 1), read('y')])])).toEqual(['G-single'])
  })

  it('[SR2] G1b: a version between two appends of one transaction is read', () => {
    const history = [txn([append('x', 1), append('x', 2)]), txn([read('x', 1)])]
    expect(types(history)).toContain('G1b')
  })

  it('[SR3] internal: a transaction does not see its own append, or sees a list change under it', () => {
    expect(types([txn([append('x', 1), read('x')])])).toEqual(['internal'])
    expect(types([txn([read('x', 1), append('x', 1)])])).toEqual(['internal'])
    const changes = txn([read('x'), read('x', 1)])
    expect(types([txn([append('x', 1)]), changes])).toEqual(['internal'])
    expect(types([txn([append('x', 1), read('x', 1), append('x', 2), read('x', 1, 2)])])).toEqual([])
  })

  it('[SR4] incompatible orders, duplicate and unwritten elements', () => {
    const writes = [txn([append('x', 1)]), txn([append('x', 2)])]
    expect(types([...writes, txn([read('x', 1, 2)]), txn([read('x', 2)])])).toContain('incompatible order')
    expect(types([...writes, txn([read('x', 1, 2, 1)])])).toContain('duplicate element')
    expect(types([...writes, txn([append('x', 1)])])).toContain('duplicate element')
    expect(types([txn([read('x', 7)])])).toEqual(['unwritten element'])
  })
})

describe('cycles', () => {
  it('[SR5] G0: two transactions append to two lists in opposite orders', () => {
    const history = [
      txn([append('x', 1), append('y', 1)]),
      txn([append('x', 2), append('y', 2)]),
      txn([read('x', 1, 2)]),
      txn([read('y', 2, 1)]),
    ]
    expect(anomalies(history)).toMatchObject([{ type: 'G0', realTime: false }])
  })

  it('[SR5] G1c: two transactions read each other', () => {
    const history = [txn([append('x', 1), read('y', 1)]), txn([append('y', 1), read('x', 1)])]
    expect(anomalies(history)).toMatchObject([{ type: 'G1c', realTime: false }])
  })

  it('[SR5] G-single: a lost update, and a read that is skewed', () => {
    const lost = [txn([read('x'), append('x', 1)]), txn([read('x'), append('x', 2)]), txn([read('x', 1, 2)])]
    expect(anomalies(lost)).toMatchObject([{ type: 'G-single', realTime: false }])
    const skewed = [txn([append('x', 1), append('y', 1)]), txn([read('x', 1), read('y')])]
    expect(anomalies(skewed)).toMatchObject([{ type: 'G-single', realTime: false }])
  })

  it('[SR5] G2: write skew', () => {
    const history = [txn([read('x'), append('y', 1)]), txn([read('y'), append('x', 1)])]
    expect(anomalies(history)).toMatchObject([{ type: 'G2', realTime: false }])
  })

  it('[SR5] updates that nobody read afterwards are lost as well', () => {
    const history = [txn([read('x'), append('x', 1)]), txn([read('x'), append('x', 2)])]
    expect(types(history)).toEqual(['G2'])
    expect(types(history.slice(0, 1))).toEqual([])
  })

  it('[SR6] real time: a later transaction must see what ended before it began', () => {
    const write = txn([append('x', 1)], { call: 0, return: 10 })
    const stale = txn([read('x')], { call: 11, return: 20 })
    expect(anomalies([write, stale])).toMatchObject([{ type: 'G-single', realTime: true }])
    expect(types([write, { ...stale, call: 10 }])).toEqual([])
  })

  it('[SR6] the tie of real time reaches over other transactions', () => {
    const history = [
      txn([append('x', 1)], { call: 0, return: 10 }),
      txn([append('z', 1)], { call: 11, return: 12 }),
      txn([append('z', 2)], { call: 13, return: 14 }),
      txn([read('x')], { call: 15, return: 20 }),
    ]
    const [found] = anomalies(history)
    expect(found).toMatchObject({ type: 'G-single', realTime: true })
    expect(found && 'cycle' in found ? found.cycle : []).toHaveLength(2)
  })

  it('[SR7] the shortest cycle of the worst kind is shown, with the reasons', () => {
    const ring = Array.from({ length: 5 }, (_, i) => txn([append(`k${i}`, 1), read(`k${(i + 1) % 5}`, 1)]))
    const pair = [txn([append('k0', 2), append('a', 1), read('b', 1)]), txn([append('b', 1), read('a', 1)])]
    const [found] = anomalies([...ring, ...pair, txn([read('k0', 1, 2)])])
    expect(found).toMatchObject({ type: 'G1c' })
    expect(anomalies(ring)).toMatchObject([{ type: 'G1c', cycle: { length: 5 } }])
    const [two] = anomalies(pair)
    expect(two?.message).toMatch(/wr: appended 1, read of/)
    expect(two).toMatchObject({ cycle: { length: 2 } })
  })
})

describe('against the definition', () => {
  const step = fc.tuple(fc.constantFrom('append', 'r'), fc.constantFrom('x', 'y'))
  const times = fc
    .tuple(fc.integer({ min: 0, max: 8 }), fc.integer({ min: 0, max: 6 }))
    .map(([call, length]) => ({ call, return: call + length }))
  const outcome = fc.constantFrom<Outcome[]>('ok', 'ok', 'ok', 'ok', 'unknown', 'fail')
  const shape = fc.record({ steps: fc.array(step, { minLength: 1, maxLength: 3 }), times, outcome })

  /** Runs the transactions one after the other, then lets a few reads lie. */
  function play(
    shapes: readonly {
      steps: [string, string][]
      times: { call: number; return: number }
      outcome: Outcome
    }[],
    lies: number[],
  ) {
    const lists = new Map<string, number[]>()
    let element = 0
    let reads = 0
    return shapes.map(({ steps, times, outcome }): ListTransaction => {
      const done: ListStep[] = steps.map(([what, key]) => {
        const list = lists.get(key) ?? []
        if (what === 'append') {
          element++
          if (outcome !== 'fail') lists.set(key, [...list, element])
          return ['append', key, element]
        }
        const lie = lies[reads++ % Math.max(1, lies.length)] ?? 0
        return ['r', key, lie === 0 ? list : list.slice(0, Math.max(0, list.length - lie))]
      })
      return { client: 'c', txn: done, ...times, outcome }
    })
  }

  it('[SR8] agrees with the definition on every tiny history', () => {
    const seen = { ok: 0, violated: 0 }
    const lies = fc.array(fc.constantFrom(0, 0, 0, 1, 2), { maxLength: 6 })
    fc.assert(
      fc.property(fc.array(shape, { maxLength: 6 }), lies, (shapes, lies) => {
        const history = play(shapes, lies)
        const expected = naivelySerializable(history) ? 'ok' : 'violated'
        seen[expected]++
        expect(checkSerializability(history).verdict).toBe(expected)
      }),
      { numRuns: 6_000 },
    )
    expect(seen.ok).toBeGreaterThan(500)
    expect(seen.violated).toBeGreaterThan(500)
  })
})
