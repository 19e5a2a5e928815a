import { nodeId } from '@synod/runtime/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assignments, fewestGroups, initialMap } from './initial-map.ts'
import { locate, placement } from './shard-map.ts'

const layouts = fc.record({
  nodes: fc
    .integer({ min: 1, max: 7 })
    .map(count => Array.from({ length: count }, (_, i) => nodeId(`n${i + 1}`))),
  shards: fc.integer({ min: 1, max: 9 }),
  replicas: fc.integer({ min: 1, max: 5 }),
})
const mapOf = (layout: { nodes: ReturnType<typeof nodeId>[]; shards: number; replicas: number }) =>
  initialMap({
    nodes: layout.nodes,
    keyspaces: { orders: layout, stock: layout, kv: layout },
  })

describe('the first shard map', () => {
  it('[SH1] every key of a keyspace lies in exactly one shard', () => {
    fc.assert(
      fc.property(layouts, fc.string(), (layout, key) => {
        const map = mapOf(layout)
        const at = placement(key)
        const holders = map.keyspaces.stock?.shards.filter(shard => at >= shard.from && at < shard.to)
        expect(holders).toHaveLength(1)
        expect(locate(map, 'stock', key)).toEqual(holders?.[0])
      }),
    )
  })

  it('[SH1] the ranges of a keyspace are even and leave no gap', () => {
    fc.assert(
      fc.property(layouts, layout => {
        const shards = mapOf(layout).keyspaces.orders?.shards ?? []
        expect(shards[0]?.from).toBe(0)
        expect(shards.at(-1)?.to).toBe(2 ** 32)
        for (const [index, shard] of shards.entries()) {
          expect(shard.from).toBe(index === 0 ? 0 : shards[index - 1]?.to)
          expect(Math.abs(shard.to - shard.from - 2 ** 32 / shards.length)).toBeLessThanOrEqual(1)
        }
      }),
    )
  })

  it('[SH1] keys with the same first segment, or the same placement prefix, lie together', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9]{1,12}$/), fc.string(), fc.string(), (head, a, b) => {
        expect(placement(`${head}/${a}`)).toBe(placement(`${head}/${b}`))
        expect(placement(head)).toBe(placement(`${head}/${a}`))
        expect(placement(`0badcafe~${a}`)).toBe(0x0badcafe)
      }),
    )
  })

  it('[SH2] members are distinct nodes, and leaders and members spread to within one', () => {
    fc.assert(
      fc.property(layouts, layout => {
        const groups = Object.values(mapOf(layout).groups)
        const leads = new Map(layout.nodes.map(node => [node, 0]))
        for (const group of groups) {
          expect(new Set(group.members).size).toBe(group.members.length)
          expect(group.members).toContain(group.preferred)
          leads.set(group.preferred, (leads.get(group.preferred) ?? 0) + 1)
        }
        expect(Math.max(...leads.values()) - Math.min(...leads.values())).toBeLessThanOrEqual(1)
        expect(groups.map(group => group.group)).toContain('directory')
      }),
    )
  })

  it('[SH7] shards share groups, neighbours together, each group about as many', () => {
    fc.assert(
      fc.property(layouts, fc.integer({ min: 1, max: 9 }), (layout, wish) => {
        const groups = Math.min(wish, layout.shards)
        const { nodes } = layout
        const map = initialMap({ nodes, keyspaces: { kv: { ...layout, groups } } })
        const holders = map.keyspaces.kv?.shards.map(shard => shard.group) ?? []
        const names = Array.from({ length: groups }, (_, index) => `kv.${index}`)
        expect([...new Set(holders)]).toEqual(names)
        expect(holders).toEqual([...holders].sort())
        const counts = names.map(name => holders.filter(holder => holder === name).length)
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
        expect(Object.keys(map.groups).sort()).toEqual(['directory', ...names])
      }),
    )
  })

  it('[SH7] the fewest groups that keep all nodes busy give each node equally many members', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), (size, replicas) => {
        const nodes = Array.from({ length: size }, (_, index) => nodeId(`n${index + 1}`))
        const groups = fewestGroups(size, replicas)
        const map = initialMap({ nodes, keyspaces: { kv: { shards: groups, groups, replicas } } })
        const { directory: _, ...own } = map.groups
        const held = nodes.map(
          node => Object.values(own).filter(group => group.members.includes(node)).length,
        )
        expect(new Set(held).size).toBe(1)
      }),
    )
    expect([fewestGroups(1, 3), fewestGroups(3, 3), fewestGroups(5, 3), fewestGroups(5, 5)]).toEqual([
      1, 1, 5, 1,
    ])
  })

  it('[SH2] a cluster with fewer nodes than replicas uses all it has', () => {
    const map = initialMap({ nodes: [nodeId('n1')], keyspaces: { kv: { shards: 2, replicas: 3 } } })
    expect(map.groups['kv.1']?.members).toEqual(['n1'])
    expect(map.groups.directory?.members).toEqual(['n1'])
  })

  it('[SH2] refuses layouts that cannot be', () => {
    const nodes = [nodeId('n1')]
    expect(() => initialMap({ nodes: [], keyspaces: {} })).toThrow('at least one node')
    expect(() => initialMap({ nodes: [...nodes, ...nodes], keyspaces: {} })).toThrow('distinct')
    expect(() => initialMap({ nodes, keyspaces: { kv: { shards: 0, replicas: 1 } } })).toThrow('kv')
    expect(() => initialMap({ nodes, keyspaces: { kv: { shards: 1, replicas: 1.5 } } })).toThrow('kv')
    const crowded = { kv: { shards: 2, groups: 3, replicas: 1 } }
    expect(() => initialMap({ nodes, keyspaces: crowded })).toThrow('no more groups than shards')
  })

  it('[SH3] the assignments of all groups together are the map', () => {
    fc.assert(
      fc.property(layouts, layout => {
        const map = mapOf(layout)
        const told = assignments(map)
        expect(told.has('directory')).toBe(false)
        const shards = [...told.values()].flatMap(assignment => assignment.shards)
        const held = Object.entries(map.keyspaces).flatMap(([keyspace, { shards: own }]) =>
          own.map(shard => ({ ...shard, keyspace })),
        )
        expect(shards).toEqual(held)
      }),
    )
  })
})
