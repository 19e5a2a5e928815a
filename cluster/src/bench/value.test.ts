import { describe, expect, test } from 'vitest'
import { failoverValues } from './failover.ts'
import { type BenchReport, misses } from './figure.ts'
import { readyValues } from './ready.ts'
import { isSettled } from './settled.ts'
import { sizeValues } from './size.ts'
import { meetsGoal, percentile, sized, timesPeer, type Value } from './value.ts'

const value: Value = { what: '', ours: 900, unit: 'ms' }

describe('a time or size', () => {
  test.each<[string, Value, boolean | undefined]>([
    ['no goal', value, undefined],
    ['a goal that is reached', { ...value, goal: 900 }, true],
    ['a goal that is not', { ...value, goal: 899 }, false],
  ])('is held against its goal: %s', (_, one, met) => {
    expect(meetsGoal(one)).toBe(met)
    const report: BenchReport = { bench: '', title: '', figures: [], values: [one], notes: [] }
    expect(misses(report)).toBe(met === false)
  })

  test('has a ratio only where there is a peer', () => {
    expect(timesPeer({ ...value, peer: { name: 'peer', value: 1_800 } })).toBe(0.5)
    expect(timesPeer(value)).toBeUndefined()
  })

  test('is printed short', () => {
    expect([sized(1_739.6, 'ms'), sized(4.214, 's'), sized(297.6, 'MB')]).toEqual([
      '1,740 ms',
      '4.21 s',
      '298 MB',
    ])
  })
})

test('percentiles of few values are those values', () => {
  const values = Array.from({ length: 50 }, (_, at) => 50 - at)
  expect([0, 0.5, 0.99, 1].map(share => percentile(values, share))).toEqual([1, 26, 50, 50])
  expect(() => percentile([], 0.5)).toThrow('no values')
})

test('kills are told by median, p99 and worst, beside those of the peer', () => {
  const kills = { ms: [300, 1_200, 200], done: 9, failed: 0, firstFailure: undefined }
  const values = failoverValues(kills, { name: 'etcd', kills: { ...kills, ms: [2_000] } })
  expect(values.map(({ ours, peer }) => [ours, peer?.value])).toEqual([
    [300, 2_000],
    [1_200, 2_000],
    [1_200, 2_000],
  ])
  expect(values.map(meetsGoal)).toEqual([undefined, false, undefined])
  expect(failoverValues(kills).every(one => one.peer === undefined)).toBe(true)
})

test('memory has settled when nothing changed for a while', () => {
  expect(isSettled([100, 100], 3)).toBe(false)
  expect(isSettled([50, 100, 100.5, 100], 3)).toBe(true)
  expect(isSettled([100, 100, 102], 3)).toBe(false)
})

test('sizes and starts are held against their goals, sizes only where there are as many rows as the goals mean', () => {
  const filled = [{ kind: 'stock', seconds: 11 }] as const
  const nodes = [{ id: 'n1', empty: 90, full: 290, disk: 50 }]
  const sizes = sizeValues(filled, nodes, 100_000)
  expect(sizes.map(({ what, ours }) => [what, ours])).toEqual([
    ['batch_init of stock', 11],
    ['memory of n1', 290],
    ['data folder of n1', 50],
  ])
  expect(sizes.map(meetsGoal)).toEqual([false, true, undefined])
  expect(sizeValues(filled, nodes, 10).every(one => one.goal === undefined)).toBe(true)
  expect(readyValues([1, 9, 2], [6], 300).map(meetsGoal)).toEqual([true, false])
})
