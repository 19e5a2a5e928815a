import { describe, expect, test } from 'vitest'
import { count, type Figure, meetsFloor, ratio } from './figure.ts'
import { Latencies } from './latencies.ts'
import { meanOf } from './put.ts'

const ours = { rate: 900 }
const peer = { name: 'peer', rate: 1_000 }

describe('what a bench found', () => {
  test.each<[string, Figure, boolean | undefined]>([
    ['no floor', { what: '', ours, peer }, undefined],
    ['a rate that is reached', { what: '', ours, floor: { rate: 900 } }, true],
    ['a rate that is not', { what: '', ours, floor: { rate: 901 } }, false],
    ['a ratio that is not reached', { what: '', ours, peer, floor: { ratio: 1 } }, false],
    ['a ratio that is', { what: '', ours, peer, floor: { ratio: 0.9 } }, true],
    ['a ratio to a peer that is not here', { what: '', ours, floor: { ratio: 1 } }, undefined],
  ])('is held against its floor: %s', (_, figure, met) => {
    expect(meetsFloor(figure)).toBe(met)
  })

  test('is a ratio only where there is a peer', () => {
    expect(ratio({ what: '', ours, peer })).toBe(0.9)
    expect(ratio({ what: '', ours })).toBeUndefined()
  })

  test('is printed short', () => {
    expect([count(9_412.4), count(1_763_000)]).toEqual(['9,412', '1.76 M'])
  })
})

test('percentiles are exact, however many values there are', () => {
  const latencies = new Latencies()
  for (let ms = 100_000; ms >= 1; ms--) latencies.add(ms)
  expect(latencies.measured(10)).toEqual({ rate: 10_000, p50Ms: 50_001, p99Ms: 99_001 })
})

test('turns are put together as their mean, and what one of them lacks is not made up', () => {
  const turn = { rate: 100, p50Ms: 2, p99Ms: 10, serverCpuUs: 50, loadCpuUs: 5 }
  const other = { rate: 200, p50Ms: 4, p99Ms: 30, serverCpuUs: undefined, loadCpuUs: 7 }
  expect(meanOf([turn, other])).toEqual({
    rate: 150,
    p50Ms: 3,
    p99Ms: 20,
    serverCpuUs: undefined,
    loadCpuUs: 6,
  })
})
