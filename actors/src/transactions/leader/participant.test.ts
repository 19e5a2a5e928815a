import { expect, test } from 'vitest'
import { client, leaderBench, leaderOf, prepareOf, submit } from '../testing/leader-bench.ts'
import { add, put } from '../testing/one-shard.ts'

const toKv1 = leaderOf('kv.1')
const finish = (commit: [tx: string, prepared: number][], abort: string[] = []) =>
  ({
    type: 'finish',
    coordinator: 'kv.1',
    commit: commit.map(([tx, prepared]) => ({ tx, attempt: 1, prepared })),
    abort: abort.map(tx => ({ tx, attempt: 1 })),
  }) as const

function votes(bench: ReturnType<typeof leaderBench>) {
  return bench.takeType('vote').map(({ message }) => [message.tx, message.vote])
}

test('[TX2] the vote leaves after the prepare is applied; asked again, the same vote without a command', () => {
  const bench = leaderBench()
  bench.message(toKv1, prepareOf('p:1', [put('a', 1)]))
  expect(bench.take()).toEqual([])
  expect(bench.applyAll()).toEqual(['prepare'])
  const [first] = bench.take()
  bench.message(leaderOf('kv.1', 'n2'), prepareOf('p:1', [put('a', 1)]))
  const [again] = bench.take()
  expect(again).toEqual({ to: leaderOf('kv.1', 'n2'), message: first?.message })
  expect(bench.proposed).toEqual([])
})

test('[TX24] a vote carries the nonce of the prepare that it answers, the latest of those that wait for it', () => {
  const bench = leaderBench()
  const ask = (node: string, nonce: number) =>
    bench.message(leaderOf('kv.1', node), { ...prepareOf('p:1', [put('a', 1)]), nonce })
  const told = () => bench.takeType('vote').map(({ to, message }) => [to, message.nonce])
  ask('n1', 1)
  ask('n2', 2)
  bench.applyAll()
  expect(told()).toEqual([[leaderOf('kv.1', 'n2'), 2]])
  ask('n1', 3)
  expect(told()).toEqual([[toKv1, 3]])
})

test('[TX2] another plan under the same attempt, by the next leader, is told to try again', () => {
  const bench = leaderBench()
  bench.message(toKv1, prepareOf('p:1', [put('a', 1)]))
  // Not applied yet: what the first leader gets is not for the second one.
  bench.message(leaderOf('kv.1', 'n2'), prepareOf('p:1', [put('a', 2)]))
  const refused = { to: leaderOf('kv.1', 'n2'), message: { vote: 'retry', attempt: 1 } }
  expect(bench.take()).toMatchObject([refused])
  expect(bench.applyAll()).toEqual(['prepare'])
  expect(bench.take()).toMatchObject([{ to: toKv1, message: { vote: 'yes' } }])
  bench.message(leaderOf('kv.1', 'n2'), prepareOf('p:1', [put('a', 2)]))
  expect(bench.take()).toMatchObject([refused])
  expect(bench.proposed).toEqual([])
})

test('[CC3] shares wait in line by age, and are proposed when their locks are free', () => {
  const bench = leaderBench()
  bench.message(toKv1, prepareOf('p:1', [put('a', 1)], 1))
  bench.message(toKv1, prepareOf('p:3', [put('a', 3)], 3))
  bench.message(toKv1, prepareOf('p:2', [put('a', 2)], 2))
  expect(bench.applyAll()).toEqual(['prepare'])
  bench.message(toKv1, finish([['p:1', 2]]))
  expect(bench.applyAll()).toEqual(['finish', 'prepare'])
  expect(votes(bench)).toEqual([
    ['p:1', 'yes'],
    ['p:2', 'yes'],
  ])
})

test('[CC4] adds that pending ones leave open wait, and go when those have resolved', () => {
  const bench = leaderBench()
  bench.message(client, submit(1, { 'kv.0': [put('n', 10)] }))
  bench.message(toKv1, prepareOf('p:1', [add('n', -6, { min: 0 })], 1))
  bench.applyAll()
  bench.message(toKv1, prepareOf('p:2', [add('n', -6, { min: 0 })], 2))
  // Younger: a little would fit, but the older one comes first.
  bench.message(client, submit(2, { 'kv.0': [add('n', -1, { min: 0 })] }))
  expect(bench.proposed).toEqual([])
  bench.message(toKv1, finish([], ['p:1']))
  expect(bench.applyAll()).toEqual(['finish', 'prepare', 'execute'])
  expect(votes(bench).at(-1)).toEqual(['p:2', 'yes'])
})

test('[CC4] what the log finds open although the leader did not waits in line', () => {
  const bench = leaderBench()
  bench.message(client, submit(1, { 'kv.0': [put('n', 10)] }))
  bench.applyAll()
  bench.message(toKv1, prepareOf('p:1', [add('n', -6, { min: 0 })], 1))
  bench.message(toKv1, prepareOf('p:2', [add('n', -6, { min: 0 })], 2))
  expect(bench.applyAll()).toEqual(['prepare', 'prepare'])
  expect(votes(bench)).toEqual([['p:1', 'yes']])
  bench.message(toKv1, finish([['p:1', 3]]))
  expect(bench.applyAll()).toEqual(['finish', 'prepare'])
  expect(votes(bench)).toEqual([['p:2', 'no']])
})

test('[TX7, TX8] finished is said after the finish is replicated, also when there was nothing to finish', () => {
  const bench = leaderBench()
  bench.message(toKv1, prepareOf('p:1', [put('a', 1)]))
  bench.applyAll()
  bench.take()
  bench.message(leaderOf('kv.1', 'n3'), finish([['p:1', 2]], ['p:9']))
  expect(bench.take()).toEqual([])
  bench.applyAll()
  const attempts = ['p:1', 'p:9'].map(tx => ({ tx, attempt: 1 }))
  expect(bench.take()).toEqual([
    { to: leaderOf('kv.1', 'n3'), message: { type: 'finished', group: 'kv.0', attempts } },
  ])
})

test('[TX7] an abort takes a share out of the line; afterwards it gets no vote', () => {
  const bench = leaderBench()
  bench.message(toKv1, prepareOf('p:1', [put('a', 1)], 1))
  bench.message(toKv1, prepareOf('p:2', [put('a', 2)], 2))
  bench.applyAll()
  bench.message(toKv1, finish([], ['p:2']))
  bench.applyAll()
  expect(bench.state.queue.waiters.size).toBe(0)
  bench.take()
  bench.message(toKv1, prepareOf('p:2', [put('a', 2)], 2))
  expect(votes(bench)).toEqual([['p:2', 'retry']])
})

test('[TX12] an older share that waits wounds the younger holder, by a message to its coordinator', () => {
  const bench = leaderBench()
  bench.message(toKv1, prepareOf('p:2', [put('a', 2)], 2))
  bench.applyAll()
  bench.message(toKv1, prepareOf('p:1', [put('a', 1)], 1))
  bench.take()
  bench.pass(20)
  expect(bench.take()).toEqual([])
  bench.pass(40)
  expect(bench.take()).toEqual([{ to: toKv1, message: { type: 'wound', tx: 'p:2', attempt: 1, by: 'p:1' } }])
})

test('[CC7] whoever is older is waited for', () => {
  const bench = leaderBench()
  bench.message(toKv1, prepareOf('p:1', [put('a', 1)], 1))
  bench.applyAll()
  bench.message(toKv1, prepareOf('p:2', [put('a', 2)], 2))
  bench.take()
  bench.pass(500)
  expect(bench.takeType('wound')).toEqual([])
})

test('[CC7] of pending adds only the youngest is wounded', () => {
  const bench = leaderBench()
  bench.message(client, submit(1, { 'kv.0': [put('n', 10)] }))
  for (const [tx, age] of [
    ['p:2', 2],
    ['p:4', 4],
    ['p:3', 3],
  ] as const) {
    bench.message(toKv1, prepareOf(tx, [add('n', -3, { min: 0 })], age))
  }
  bench.applyAll()
  bench.message(toKv1, prepareOf('p:1', [add('n', -3, { min: 0 })], 1))
  bench.take()
  bench.pass(60)
  expect(bench.takeType('wound').map(({ message }) => message.tx)).toEqual(['p:4'])
})

test('[TX16] shares in line whose coordinator fell silent are dropped: nothing was promised', () => {
  const bench = leaderBench()
  bench.message(toKv1, prepareOf('p:1', [put('a', 1)], 1))
  bench.message(toKv1, prepareOf('p:2', [put('a', 2)], 2))
  bench.applyAll()
  bench.pass(6_000)
  expect(bench.state.queue.waiters.size).toBe(0)
  expect([...bench.state.shares.keys()]).toEqual(['p:1'])
})

test('[EO5] the leader names what may have expired; the log decides', () => {
  const bench = leaderBench()
  bench.message(client, submit(1, { 'kv.0': [put('a', 1)] }, { retainMs: 1_000 }))
  bench.message(client, submit(2, { 'kv.0': [put('a', 1)] }))
  bench.message(toKv1, finish([], ['p:9']))
  bench.applyAll()
  bench.pass(4_000)
  expect(bench.applyAll()).toContain('forget')
  expect([...bench.store.scan('r/', 'r0')].map(([key]) => key)).toEqual(['r/s:2'])
  bench.pass(60_000)
  bench.applyAll()
  expect([...bench.store.scan('t/', 't0')]).toEqual([])
})

test('[TX13] a late abort of an earlier attempt leaves a later one in line', () => {
  const bench = leaderBench()
  bench.message(toKv1, prepareOf('p:1', [put('a', 1)], 1))
  bench.message(toKv1, prepareOf('p:2', [put('a', 2)], 2, 2))
  bench.message(toKv1, finish([], ['p:2']))
  bench.applyAll()
  expect([...bench.state.queue.waiters.keys()]).toEqual(['p:2'])
  bench.message(toKv1, finish([['p:1', 2]]))
  bench.applyAll()
  expect(votes(bench).at(-1)).toEqual(['p:2', 'yes'])
})

test('[CC4] an amount that is brought by an older transaction lets those go who wait for it', () => {
  const bench = leaderBench()
  bench.message(client, submit(1, { 'kv.0': [put('n', 10)] }))
  bench.message(toKv1, prepareOf('p:1', [add('n', -6, { min: 0 })], 1))
  bench.applyAll()
  bench.message(toKv1, prepareOf('p:2', [add('n', -6, { min: 0 })], 99_999))
  expect(bench.proposed).toEqual([])
  bench.message(client, submit(2, { 'kv.0': [add('n', 5)] }))
  expect(bench.applyAll()).toEqual(['execute', 'prepare'])
  expect(votes(bench).at(-1)).toEqual(['p:2', 'yes'])
})

test('[TX13, TX16] a prepare of a closed attempt that comes late to the log is aborted, and floods nothing', () => {
  const bench = leaderBench()
  const { share: first } = prepareOf('p:1', [put('a', 1)], 5)
  bench.message(toKv1, prepareOf('p:0', [put('b', 1)], 0))
  bench.message(toKv1, prepareOf('p:1', [put('a', 1), put('b', 1)], 5, 2))
  bench.applyAll()
  bench.applyForeign(first)
  bench.message(toKv1, prepareOf('p:2', [put('a', 2)], 1))
  const types = bench.applyAll()
  expect(types.slice(0, 2)).toEqual(['finish', 'prepare'])
  expect(types.length).toBeLessThan(5)
  bench.pass(50)
  bench.applyAll()
  expect(votes(bench)).toContainEqual(['p:2', 'yes'])
})

test('[TX13] a later attempt comes while the earlier one is prepared: that one goes first', () => {
  const bench = leaderBench()
  bench.message(toKv1, prepareOf('p:1', [put('a', 1)], 5))
  bench.applyAll()
  bench.message(toKv1, prepareOf('p:1', [put('a', 1)], 5, 2))
  expect(bench.applyAll()).toEqual(['finish', 'prepare'])
  expect(bench.store.get('p/p:1')).toMatchObject({ attempt: 2 })
})

test('[TX16] what memory cannot explain is not tried again at once', () => {
  const bench = leaderBench()
  bench.message(toKv1, prepareOf('p:1', [put('a', 1)], 5))
  bench.applyAll()
  // The leader forgets the lock, as a defect would make it.
  bench.state.table.items.clear()
  bench.state.table.held.clear()
  bench.message(toKv1, prepareOf('p:2', [put('a', 2)], 6))
  expect(bench.applyAll()).toEqual(['prepare'])
  bench.pass(60)
  expect(bench.applyAll()).toEqual(['prepare'])
})

test('[TX23] an id that another group coordinates here is asked for again later, whatever its attempt', () => {
  const bench = leaderBench()
  const toKv2 = leaderOf('kv.2')
  const others = (attempt: number) => prepareOf('p:1', [put('b', 1)], 0, attempt, 'kv.2')
  bench.message(toKv1, prepareOf('p:1', [put('a', 1)]))
  bench.message(toKv2, others(1))
  expect(bench.applyAll()).toEqual(['prepare'])
  bench.message(toKv2, others(2))
  bench.message(toKv2, { ...finish([], ['p:1']), coordinator: 'kv.2' })
  expect(bench.applyAll()).toEqual(['finish'])
  const told = bench.takeType('vote').map(({ to, message }) => [to, message.vote])
  expect(told).toEqual([
    [toKv2, 'retry'],
    [toKv1, 'yes'],
    [toKv2, 'retry'],
  ])
  bench.message(toKv1, finish([['p:1', 2]]))
  bench.applyAll()
  expect(bench.store.get('v/kv/a')).toMatchObject({ value: 1 })
  bench.message(toKv2, others(3))
  expect(bench.applyAll()).toEqual(['prepare'])
  expect(votes(bench)).toEqual([['p:1', 'yes']])
})

test('[TX23] what the log prepared for one coordinator is held, though another one waits here with its id', () => {
  const bench = leaderBench()
  bench.message(leaderOf('kv.2'), prepareOf('p:1', [put('b', 1)], 0, 2, 'kv.2'))
  bench.applyForeign(prepareOf('p:1', [put('a', 1)]).share)
  expect(bench.applyAll()).toEqual(['prepare'])
  bench.message(toKv1, finish([['p:1', 2]]))
  expect(bench.applyAll()).toEqual(['finish'])
  expect(bench.store.get('v/kv/a')).toMatchObject({ value: 1 })
})

test.each([
  ['[TX24] plan', 'kv.1'],
  ['[TX23] coordinator', 'kv.2'],
])(
  '%s: what the log says of another prepare of this attempt is no vote for what is proposed here',
  (_, coordinator) => {
    const bench = leaderBench()
    bench.message(toKv1, prepareOf('p:1', [put('a', 1)]))
    // A deposed leader of this group had proposed it; there is nothing to subtract from.
    bench.applyForeign(prepareOf('p:1', [add('a', -1, { min: 0 })], 0, 1, coordinator).share)
    expect(bench.take()).toEqual([])
    expect(bench.applyAll()).toEqual(['prepare'])
    expect(votes(bench)).toEqual([['p:1', 'yes']])
  },
)

test('[TX2] what waits in line goes with the map that its coordinator has when it asks again', () => {
  const bench = leaderBench()
  bench.message(toKv1, prepareOf('p:1', [put('a', 1)], 1))
  const waiting = prepareOf('p:2', [put('a', 2)], 2)
  bench.message(toKv1, waiting)
  bench.message(toKv1, { ...waiting, share: { ...waiting.share, epoch: 2 } })
  expect(bench.applyAll()).toEqual(['prepare'])
  bench.message(toKv1, finish([['p:1', 2]]))
  expect(bench.proposed).toMatchObject([{ type: 'finish' }])
  bench.applyAll()
  const told = bench.takeType('vote').map(({ message: { tx, vote, why } }) => [tx, vote, why])
  expect(told).toEqual([
    ['p:1', 'yes', undefined],
    ['p:2', 'retry', 'wrongEpoch'],
  ])
})

test('[CC3] who waits behind keys that the log takes from a share, as it prepared another plan, goes', () => {
  const bench = leaderBench()
  bench.message(toKv1, prepareOf('p:2', [put('b', 2)], 2))
  bench.message(toKv1, prepareOf('p:3', [put('b', 3)], 3))
  bench.applyForeign(prepareOf('p:2', [put('c', 2)], 2).share)
  bench.applyAll()
  expect(votes(bench)).toContainEqual(['p:3', 'yes'])
})
