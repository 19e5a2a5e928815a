import { nodeId } from '@synod/runtime/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { initialMap } from '../sharding/initial-map.ts'
import { locate } from '../sharding/shard-map.ts'
import type { Operation } from '../transactions/operations.ts'
import { byGroup, planChunks, planShares, scanGroups } from './plan.ts'
import { mergePages } from './scan.ts'

const layout = { shards: 4, replicas: 3 }
const map = initialMap({ nodes: ['n1', 'n2', 'n3'].map(nodeId), keyspaces: { a: layout, b: layout } })
const keys = fc.oneof(
  fc.string(),
  fc.stringMatching(/^[a-z0-9]{1,8}\/[a-z]{1,5}$/),
  fc.stringMatching(/^[0-9a-f]{8}~[a-z]{0,5}$/),
)
const operations = fc.array(
  fc.record({ op: fc.constant('get' as const), keyspace: fc.constantFrom('a', 'b'), key: keys }),
  { minLength: 1, maxLength: 40 },
)
const inOrder = (numbers: readonly number[]) => [...numbers].sort((x, y) => x - y)

describe('planning', () => {
  it('[EX3] every operation is in exactly one share, that of its group, in order; the first one coordinates', () => {
    fc.assert(
      fc.property(operations, list => {
        const shares = planShares(map, list)
        if ('misplaced' in shares) return expect.unreachable()
        const indexes = shares.flatMap(share => share.operations.map(one => one.index))
        expect(inOrder(indexes)).toEqual(list.map((_, index) => index))
        expect(new Set(shares.map(share => share.group)).size).toBe(shares.length)
        expect(shares[0]?.operations[0]?.index).toBe(0)
        for (const share of shares) {
          const own = share.operations.map(one => one.index)
          expect(own).toEqual(inOrder(own))
          for (const { index, operation } of share.operations) {
            expect(operation).toBe(list[index])
            expect(locate(map, operation.keyspace, operation.key)?.group).toBe(share.group)
          }
        }
      }),
    )
  })

  it('[EX3] the first operation of an unknown keyspace is named', () => {
    const elsewhere: Operation = { op: 'get', keyspace: 'c', key: 'k' }
    fc.assert(
      fc.property(operations, list => {
        expect(planShares(map, [...list, elsewhere, elsewhere])).toMatchObject({ misplaced: list.length })
        expect(byGroup(map, [elsewhere])).toMatchObject({ detail: expect.stringContaining('a, b') })
      }),
    )
  })

  it.each(['constructor', '__proto__', 'toString'])(
    '[EX3] %s is no keyspace, though every object has it',
    keyspace => {
      expect(byGroup(map, [{ keyspace, key: 'k' }])).toMatchObject({ misplaced: 0 })
      expect(scanGroups(map, keyspace, '')).toBeUndefined()
      expect(scanGroups(map, keyspace, 'k/')).toBeUndefined()
    },
  )

  it('[EX11] chunks hold every operation once, within one group and the bound', () => {
    fc.assert(
      fc.property(operations, fc.integer({ min: 1, max: 7 }), (list, size) => {
        const chunks = planChunks(map, list, size)
        if ('misplaced' in chunks) return expect.unreachable()
        const all = [...chunks.values()].flat()
        expect(new Set(all.flat())).toEqual(new Set(list))
        expect(all.flat()).toHaveLength(list.length)
        for (const [group, own] of chunks) {
          for (const chunk of own) {
            expect(chunk.length).toBeGreaterThan(0)
            expect(chunk.length).toBeLessThanOrEqual(size)
            for (const { keyspace, key } of chunk) expect(locate(map, keyspace, key)?.group).toBe(group)
          }
        }
      }),
    )
  })

  it('[EX9] a scan asks every group that can hold a key of the prefix', () => {
    fc.assert(
      fc.property(keys, fc.nat(12), (key, length) => {
        const groups = scanGroups(map, 'a', key.slice(0, length))
        expect(groups).toContain(locate(map, 'a', key)?.group)
      }),
    )
    expect(scanGroups(map, 'a', '7/')).toHaveLength(1)
    expect(scanGroups(map, 'a', '0badcafe~')).toHaveLength(1)
    expect(scanGroups(map, 'a', '0badcafe')).toHaveLength(4)
    expect(scanGroups(map, 'c', '')).toBeUndefined()
  })

  it('[EX9] pages are merged into the first entries of all, and more is said when there is more', () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-d]{1,4}$/), { maxLength: 40 })
    fc.assert(
      fc.property(
        names,
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 12 }),
        (all, limit, cut) => {
          const sorted = [...all].sort()
          const shards = [0, 1, 2, 3].map(shard =>
            sorted.filter(key => locate(map, 'a', key)?.group === `a.${shard}`),
          )
          const size = Math.min(limit, cut)
          const pages = shards.map(own => ({
            entries: own.slice(0, size).map(key => ({ key, value: null, version: 1 })),
            more: own.length > size,
          }))
          const page = mergePages(pages, limit)
          const found = page.entries.map(entry => entry.key)
          expect(found).toEqual(sorted.slice(0, found.length))
          expect(page.more).toBe(found.length < sorted.length)
          expect(found.length).toBeGreaterThanOrEqual(Math.min(sorted.length, size))
        },
      ),
    )
  })
})
