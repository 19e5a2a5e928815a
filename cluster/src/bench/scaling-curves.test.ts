import { describe, expect, test } from 'vitest'
import type { Curve, Loads, Point } from './scaling-curves.ts'
import { growth, scalingFigures, whatItSays } from './scaling-curves.ts'

const measured = (rate: number, serverCpuUs?: number) => ({ rate, serverCpuUs })
const loads = (rate: number, cpuUs?: number): Loads => ({
  putFew: measured(rate, cpuUs),
  putMany: measured(2 * rate, cpuUs),
  checkout: measured(rate / 10, cpuUs),
  callers: { few: 64, many: 512 },
})
const point = (curve: Curve, name: string, nodes: number, found: Loads): Point => ({
  curve,
  name,
  nodes,
  config: {},
  ...found,
})

describe('a scaling curve', () => {
  const points = [
    point('nodes', '3 nodes', 3, loads(1_000, 300)),
    point('nodes', '5 nodes', 5, loads(500, 400)),
    point('shards', '1 shard', 3, loads(1_000, 300)),
    point('shards', '64 shards', 3, loads(900, 330)),
  ]

  test('has each load of each point beside the first point of its own curve', () => {
    const figures = scalingFigures(points)
    expect(figures.map(({ what, ours, peer }) => [what, ours.rate, peer?.name, peer?.rate])).toEqual([
      ['put 64, 3 nodes', 1_000, undefined, undefined],
      ['put 512, 3 nodes', 2_000, undefined, undefined],
      ['checkout, 3 nodes', 100, undefined, undefined],
      ['put 64, 5 nodes', 500, '3 nodes', 1_000],
      ['put 512, 5 nodes', 1_000, '3 nodes', 2_000],
      ['checkout, 5 nodes', 50, '3 nodes', 100],
      ['put 64, 1 shard', 1_000, undefined, undefined],
      ['put 512, 1 shard', 2_000, undefined, undefined],
      ['checkout, 1 shard', 100, undefined, undefined],
      ['put 64, 64 shards', 900, '1 shard', 1_000],
      ['put 512, 64 shards', 1_800, '1 shard', 2_000],
      ['checkout, 64 shards', 90, '1 shard', 100],
    ])
  })

  test('says what processor time says: of more nodes also what machines of their own could do', () => {
    expect(whatItSays(points)).toEqual([
      '5 nodes beside 3 nodes, processor time of one: put 64 × 1.33, put 512 × 1.33, checkout × 1.33; ' +
        'with a machine for each node they could do: put 64 × 1.25, put 512 × 1.25, checkout × 1.25',
      '64 shards beside 1 shard, processor time of one: put 64 × 1.10, put 512 × 1.10, checkout × 1.10',
    ])
  })

  test('grows with the nodes, and shrinks with what an operation costs', () => {
    expect(growth({ nodes: 3, cpuUs: 300 }, { nodes: 6, cpuUs: 300 })).toBe(2)
    expect(growth({ nodes: 3, cpuUs: 300 }, { nodes: 6, cpuUs: 600 })).toBe(1)
    expect(growth({ nodes: 3, cpuUs: undefined }, { nodes: 6, cpuUs: 600 })).toBeUndefined()
  })

  test('is silent where processor time cannot be read', () => {
    const [line] = whatItSays([
      point('shards', '1 shard', 3, loads(1)),
      point('shards', '4 shards', 3, loads(1)),
    ])
    expect(line).toContain('checkout unknown')
  })
})
