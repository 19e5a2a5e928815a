import { expect, test } from 'vitest'
import { add, append, check, del, get, oneShard, put, scan } from './testing/one-shard.ts'

const committed = (...results: unknown[]) => ({
  status: 'decided',
  outcome: { status: 'committed', results },
})
const refused = (reason: string, operation: number) => ({
  status: 'decided',
  outcome: expect.objectContaining({ status: 'refused', reason, operation }),
})

test('[TX1] one command applies and records', () => {
  const shard = oneShard()
  expect(shard.execute('s:1', [put('a', 1), add('b', 2, { initial: 5 })])).toEqual(
    committed({ version: 2 }, { value: 7 }),
  )
  expect([shard.value('a'), shard.value('b')]).toEqual([1, 7])
  expect(shard.rows('r/')).toEqual(['r/s:1'])
})

test('[TX1] a refusal changes nothing and is recorded', () => {
  const shard = oneShard()
  expect(shard.execute('s:1', [put('a', 1), add('b', 2)])).toEqual(refused('missing', 1))
  expect(shard.value('a')).toBeUndefined()
  shard.execute('s:2', [put('b', 1)])
  expect(shard.execute('s:1', [put('a', 1), add('b', 2)])).toEqual(refused('missing', 1))
})

test('[TX1] a prepared transaction in the way: nothing is recorded, and it is tried again', () => {
  const shard = oneShard()
  shard.prepare('p:1', [put('a', 1)])
  expect(shard.execute('s:1', [get('a')])).toEqual({ status: 'locked' })
  expect(shard.rows('r/')).toEqual([])
  shard.commit('p:1', 2)
  expect(shard.execute('s:1', [get('a')])).toEqual(committed({ value: 1, version: 2 }))
})

test('[TX17] operations take effect in order and see own writes', () => {
  const shard = oneShard()
  const result = shard.execute('s:1', [
    put('a', 1),
    get('a'),
    add('a', 4),
    check('a', { equals: 5 }),
    del('a'),
    check('a', { exists: false }),
    append('a', 'x'),
    get('a'),
  ])
  expect(result).toEqual(
    committed(
      { version: 2 },
      { value: 1, version: 2 },
      { value: 5 },
      { ok: true },
      { version: 2 },
      { ok: true },
      { version: 2 },
      { value: ['x'], version: 2 },
    ),
  )
})

test('[TX17] scans are ordered, limited, and see own writes and deletes', () => {
  const shard = oneShard()
  shard.execute('s:1', [put('k/1', 1), put('k/2', 2), put('k/4', 4), put('l/1', 9)])
  const result = shard.execute('s:2', [del('k/1'), put('k/3', 3), put('k/4', 5), scan('k/'), scan('k/', 2)])
  const entry = (key: string, value: number, version: number) => ({ key, value, version })
  expect(result).toEqual(
    committed(
      { version: 3 },
      { version: 3 },
      { version: 3 },
      { entries: [entry('k/2', 2, 2), entry('k/3', 3, 3), entry('k/4', 5, 3)] },
      { entries: [entry('k/2', 2, 2), entry('k/3', 3, 3)] },
    ),
  )
})

test('[TX17] every kind of refusal names its operation', () => {
  const shard = oneShard()
  shard.execute('s:0', [put('text', 'x'), put('n', 3)])
  expect(shard.execute('s:1', [get('n'), add('text', 1)])).toEqual(refused('notANumber', 1))
  expect(shard.execute('s:2', [append('n', 1)])).toEqual(refused('notAList', 0))
  expect(shard.execute('s:3', [add('n', -4, { min: 0 })])).toEqual(refused('outOfBounds', 0))
  expect(shard.execute('s:4', [check('n', { equals: 4 })])).toEqual(refused('checkFailed', 0))
  expect(shard.execute('s:5', [check('n', { version: 1 })])).toEqual(refused('checkFailed', 0))
  expect(shard.execute('s:6', [check('n', { atLeast: 4 })])).toEqual(refused('checkFailed', 0))
  expect(shard.execute('s:7', [check('none', { exists: true })])).toEqual(refused('checkFailed', 0))
  expect(shard.execute('s:8', [check('none', { version: 0 }), check('text', { equals: 'x' })])).toEqual(
    committed({ ok: true }, { ok: true }),
  )
})

test('[CC5] several adds to a key are one sum: within bounds together, or not at all', () => {
  const shard = oneShard()
  shard.execute('s:1', [put('n', 3)])
  expect(shard.execute('s:2', [add('n', -5, { min: 0 }), add('n', 4, { min: 0 })])).toEqual(
    committed({ value: -2 }, { value: 2 }),
  )
  expect(shard.execute('s:3', [add('n', -2, { min: 0 }), add('n', -1, { min: 0 })])).toEqual(
    refused('outOfBounds', 0),
  )
  const most = Number.MAX_SAFE_INTEGER
  expect(shard.execute('s:4', [add('n', most), add('n', most)])).toEqual(refused('outOfBounds', 0))
})

test('[TX20] versions grow and are never used again, also after a delete', () => {
  const shard = oneShard()
  const versions = [1, 2, 3].map(round => {
    shard.execute(`s:${round}`, [put('a', round)])
    const version = shard.version('a')
    shard.execute(`d:${round}`, [del('a')])
    return version
  })
  expect(new Set(versions).size).toBe(3)
  expect([...versions].sort((a, b) => a - b)).toEqual(versions)
})

test('[TX11] another epoch than the group has is refused, and nothing is recorded', () => {
  const shard = oneShard()
  expect(shard.execute('s:1', [put('a', 1)], { epoch: 2 })).toEqual({ status: 'wrongEpoch' })
  expect(shard.execute('s:1', [put('a', 1)], { epoch: 0 })).toEqual({ status: 'wrongEpoch' })
  expect(shard.rows('r/')).toEqual([])
})

test('[TX11] an older assignment changes nothing', () => {
  const shard = oneShard()
  shard.apply({ type: 'assign', assignment: { epoch: 3, shards: [], groups: {} } })
  shard.apply({ type: 'assign', assignment: { epoch: 2, shards: [], groups: {} } })
  expect(shard.audit().epoch).toBe(3)
})

test('[TX18] external changes are counted in the same command, others are not', () => {
  const goods = (_key: string, value: unknown): Record<string, number> =>
    typeof value === 'number' ? { goods: value } : {}
  const shard = oneShard({ kv: goods })
  shard.execute('s:1', [{ op: 'put', keyspace: 'kv', key: 'a', value: 10, external: true }])
  shard.execute('s:2', [{ op: 'add', keyspace: 'kv', key: 'a', amount: -3, external: true }])
  shard.execute('s:3', [add('a', -2)])
  shard.execute('s:4', [{ op: 'put', keyspace: 'kv', key: 'a', value: 1, external: true }])
  const { tallies, held, values } = shard.audit()
  expect(tallies).toEqual({ kv: { goods: { in: 10, out: 7 } } })
  expect(held).toEqual({ kv: { goods: 1 } })
  expect(values).toEqual({ kv: 1 })
  // 2 of the goods left without being external: they are what 10 − 7 − 1 misses.
})

test('[TX18] sums are exact beyond what a number holds', () => {
  const goods = (_key: string, value: unknown): Record<string, number> =>
    typeof value === 'number' ? { goods: value } : {}
  const shard = oneShard({ kv: goods })
  const most = Number.MAX_SAFE_INTEGER
  for (const [at, key] of ['a', 'b', 'c'].entries()) {
    shard.execute(`s:${at + 1}`, [{ op: 'put', keyspace: 'kv', key, value: most, external: true }])
  }
  shard.execute('s:4', [{ op: 'delete', keyspace: 'kv', key: 'a', external: true }])
  const { tallies, held } = shard.audit()
  expect(tallies).toEqual({ kv: { goods: { in: (3n * BigInt(most)).toString(), out: most } } })
  expect(held).toEqual({ kv: { goods: (2n * BigInt(most)).toString() } })
})
