import { expect, test } from 'vitest'
import { client, leaderBench, leaderOf, prepareOf, submit } from '../testing/leader-bench.ts'
import { add, append, put } from '../testing/one-shard.ts'

const toKv1 = leaderOf('kv.1')
const finish = (commit: [tx: string, prepared: number][], abort: string[] = []) =>
  ({
    type: 'finish',
    coordinator: 'kv.1',
    commit: commit.map(([tx, prepared]) => ({ tx, attempt: 1, prepared })),
    abort: abort.map(tx => ({ tx, attempt: 1 })),
  }) as const

test('[TX15] a read waits for what was prepared on its keys at its read point, and for nothing later', () => {
  const bench = leaderBench()
  bench.message(toKv1, prepareOf('p:1', [append('l', 'x')], 1))
  bench.applyAll()
  bench.take()
  const keys = [{ keyspace: 'kv', key: 'l' }]
  bench.message(client, { type: 'readKeys', tag: 1, epoch: 1, keys, fast: false })
  bench.message(client, { type: 'scanKeys', tag: 2, epoch: 1, keyspace: 'kv', prefix: 'l', limit: 10 })
  bench.message(client, {
    type: 'readKeys',
    tag: 3,
    epoch: 1,
    keys: [{ keyspace: 'kv', key: 'm' }],
    fast: false,
  })
  expect(bench.take()).toEqual([])
  bench.confirmAll()
  expect(bench.take().map(({ message }) => message)).toEqual([
    { type: 'keysRead', tag: 3, values: [{ value: null, version: 0 }] },
  ])
  bench.message(toKv1, prepareOf('p:2', [append('l', 'y')], 2))
  bench.message(toKv1, finish([['p:1', 2]]))
  bench.applyAll()
  const answers = bench.take().map(({ message }) => message)
  expect(answers).toContainEqual({ type: 'keysRead', tag: 1, values: [{ value: ['x'], version: 2 }] })
  const entries = [{ key: 'l', value: ['x'], version: 2 }]
  expect(answers).toContainEqual({ type: 'keysScanned', tag: 2, entries, more: false })
})

test('[TX15] an add that is prepared, which others may add beside, is waited for as well', () => {
  const bench = leaderBench()
  bench.message(toKv1, prepareOf('p:1', [add('n', 1, { initial: 0 })]))
  bench.applyAll()
  bench.take()
  const keys = [{ keyspace: 'kv', key: 'n' }]
  bench.message(client, { type: 'readKeys', tag: 1, epoch: 1, keys, fast: false })
  bench.message(client, { type: 'scanKeys', tag: 2, epoch: 1, keyspace: 'kv', prefix: 'n', limit: 10 })
  bench.confirmAll()
  expect(bench.take()).toEqual([])
  bench.message(toKv1, finish([['p:1', 2]]))
  bench.applyAll()
  const answers = bench.take().map(({ message }) => message)
  expect(answers).toContainEqual({ type: 'keysRead', tag: 1, values: [{ value: 1, version: 3 }] })
  const entries = [{ key: 'n', value: 1, version: 3 }]
  expect(answers).toContainEqual({ type: 'keysScanned', tag: 2, entries, more: false })
})

test('[TX15] a read is not answered before its read point, a fast one is', () => {
  const bench = leaderBench()
  const keys = [{ keyspace: 'kv', key: 'a' }]
  bench.message(client, { type: 'readKeys', tag: 1, epoch: 1, keys, fast: false })
  bench.message(client, submit(1, { 'kv.0': [put('a', 1)] }))
  bench.applyAll()
  expect(bench.takeType('keysRead')).toEqual([])
  bench.message(toKv1, prepareOf('p:1', [put('a', 2)]))
  bench.applyAll()
  bench.message(client, { type: 'readKeys', tag: 2, epoch: 1, keys, fast: true })
  expect(bench.takeType('keysRead').map(({ message }) => message.values)).toEqual([
    [{ value: 1, version: 2 }],
  ])
})

test('[TX15] a scan goes page by page', () => {
  const bench = leaderBench()
  bench.message(client, submit(1, { 'kv.0': ['a', 'b', 'c'].map(key => put(`k/${key}`, key)) }))
  bench.applyAll()
  bench.take()
  const page = { type: 'scanKeys', epoch: 1, keyspace: 'kv', prefix: 'k/', limit: 2 } as const
  bench.message(client, { ...page, tag: 1 })
  bench.message(client, { ...page, tag: 2, after: 'k/b' })
  bench.confirmAll()
  const pages = bench.take().map(({ message }) => {
    return [(message.entries as { key: string }[]).map(({ key }) => key), message.more]
  })
  expect(pages).toEqual([
    [['k/a', 'k/b'], true],
    [['k/c'], false],
  ])
})

test('[TX11] reads by another map are refused', () => {
  const bench = leaderBench()
  const keys = [{ keyspace: 'kv', key: 'a' }]
  bench.message(client, { type: 'readKeys', tag: 1, epoch: 2, keys, fast: true })
  bench.message(client, { type: 'scanKeys', tag: 2, epoch: 1, keyspace: 'other', prefix: '', limit: 1 })
  const wrong = { type: 'wrongEpoch', group: 'kv.0', epoch: 1 }
  expect(bench.take().map(({ message }) => message)).toEqual([
    { ...wrong, tag: 1 },
    { ...wrong, tag: 2 },
  ])
})

test('[TX11] a read that waited while its key moved away is refused', () => {
  const bench = leaderBench()
  bench.message(toKv1, prepareOf('p:1', [put('a', 1)]))
  bench.applyAll()
  const keys = [{ keyspace: 'kv', key: 'a' }]
  bench.message(client, { type: 'readKeys', tag: 1, epoch: 1, keys, fast: false })
  bench.confirmAll()
  bench.applyForeign({ type: 'assign', assignment: { epoch: 2, shards: [], groups: {} } })
  bench.take()
  bench.message(toKv1, finish([['p:1', 2]]))
  bench.applyAll()
  expect(bench.takeType('keysRead')).toEqual([])
  expect(bench.takeType('wrongEpoch').map(({ message }) => message)).toEqual([
    { type: 'wrongEpoch', group: 'kv.0', epoch: 2, tag: 1 },
  ])
})

test('a lookup says what is recorded, waits for what runs, and knows nothing only at a read point', () => {
  const bench = leaderBench()
  const lookup = (sequence: number) =>
    bench.message(client, { type: 'lookup', id: { session: 's', sequence }, tag: sequence })
  const statuses = () =>
    bench.takeType('submitted').map(({ message }) => (message.outcome as { status: string }).status)
  bench.message(client, submit(1, { 'kv.0': [put('a', 1)] }))
  bench.applyAll()
  bench.message(leaderOf('kv.2'), submit(2, { 'kv.0': [put('b', 1)] }))
  bench.take()
  lookup(1)
  expect(statuses()).toEqual(['committed'])
  lookup(2)
  lookup(3)
  expect(statuses()).toEqual([])
  bench.confirmAll()
  expect(statuses()).toEqual(['unavailable'])
  bench.applyAll()
  expect(statuses()).toEqual(['committed', 'committed'])
})

test('[EO2] a lookup is not told the outcome of another request that runs under its id', () => {
  const bench = leaderBench()
  const id = { session: 's', sequence: 1 }
  const told = () =>
    bench.takeType('submitted').map(({ message }) => [message.send ?? `tag ${message.tag}`, message.outcome])
  bench.message(client, { type: 'lookup', id, fingerprint: 'g', tag: 1 })
  bench.message(client, submit(1, { 'kv.0': [put('a', 1)] }, { fingerprint: 'f', send: 7 }))
  bench.confirmAll()
  expect(told()).toMatchObject([['tag 1', { status: 'conflictingRequest' }]])
  bench.message(client, { type: 'lookup', id, fingerprint: 'f', tag: 2 })
  bench.applyAll()
  expect(told()).toMatchObject([
    [7, { status: 'committed' }],
    ['tag 2', { status: 'committed' }],
  ])
})
