import { expect, test } from 'vitest'
import { client, leaderBench, leaderOf, prepareOf, submit, yesVote } from '../testing/leader-bench.ts'
import { get, put } from '../testing/one-shard.ts'

const toKv1 = leaderOf('kv.1')
const finish = (commit: [tx: string, prepared: number][], abort: string[] = []) =>
  ({
    type: 'finish',
    coordinator: 'kv.1',
    commit: commit.map(([tx, prepared]) => ({ tx, attempt: 1, prepared })),
    abort: abort.map(tx => ({ tx, attempt: 1 })),
  }) as const

test('[TX9] in doubt for a second: the coordinating group is asked, and again, other members too', () => {
  const bench = leaderBench()
  bench.message(toKv1, prepareOf('p:1', [put('a', 1)]))
  bench.message(toKv1, prepareOf('p:2', [put('b', 1)]))
  bench.applyAll()
  bench.take()
  bench.pass(900)
  expect(bench.take()).toEqual([])
  bench.pass(500)
  const attempts = ['p:1', 'p:2'].map(tx => ({ tx, attempt: 1 }))
  expect(bench.take()).toEqual([{ to: toKv1, message: { type: 'inquire', group: 'kv.0', attempts } }])
  bench.pass(1_500)
  expect(bench.take().map(({ to }) => to)).toEqual([leaderOf('kv.1', 'n2')])
})

test('[TX9, TX16] a new leader holds what is prepared, and asks at once', () => {
  const bench = leaderBench()
  bench.message(toKv1, prepareOf('p:1', [put('a', 1)]))
  bench.applyAll()
  bench.restart()
  bench.take()
  bench.message(client, submit(1, { 'kv.0': [get('a')] }))
  expect(bench.proposed).toEqual([])
  bench.pass(300)
  expect(bench.takeType('inquire')).toHaveLength(1)
  bench.message(toKv1, finish([['p:1', 2]]))
  expect(bench.applyAll()).toEqual(['finish', 'execute'])
})

test('[TX10] inquiries are answered from the log: what is owed commits, what is over aborts', () => {
  const bench = leaderBench()
  bench.message(client, submit(1, { 'kv.0': [put('a', 1)], 'kv.1': [put('b', 1)] }))
  bench.message(toKv1, yesVote('s:1', 'kv.1'))
  bench.applyAll()
  bench.pass(1)
  bench.take()
  const ask = (group: string, tx: string, attempt = 1) => {
    bench.message(leaderOf(group), { type: 'inquire', group, attempts: [{ tx, attempt }] })
    bench.pass(1)
    const [answer] = bench.takeType('finish')
    return [answer?.message.commit, answer?.message.abort]
  }
  expect(ask('kv.1', 's:1')).toEqual([[{ tx: 's:1', attempt: 1, prepared: 5 }], []])
  // Another attempt, or a group that owes nothing: late copies.
  expect(ask('kv.1', 's:1', 2)).toEqual([[], [{ tx: 's:1', attempt: 2 }]])
  expect(ask('kv.2', 's:1')).toEqual([[], [{ tx: 's:1', attempt: 1 }]])
  bench.message(toKv1, { type: 'finished', group: 'kv.1', attempts: [{ tx: 's:1', attempt: 1 }] })
  bench.pass(300)
  bench.applyAll()
  expect(ask('kv.1', 's:1')).toEqual([[], [{ tx: 's:1', attempt: 1 }]])
  expect(bench.proposed).toEqual([])
})

test('[TX10] of an expired id it is said without a log write that it is over', () => {
  const bench = leaderBench()
  bench.message(client, submit(1, { 'kv.0': [put('a', 1)] }))
  bench.message(client, submit(50, { 'kv.0': [get('a')] }, { firstIncomplete: 50 }))
  bench.applyAll()
  bench.take()
  bench.message(toKv1, { type: 'inquire', group: 'kv.1', attempts: [{ tx: 's:1', attempt: 1 }] })
  expect(bench.proposed).toEqual([])
  bench.pass(1)
  const abort = [{ tx: 's:1', attempt: 1 }]
  expect(bench.takeType('finish').map(({ message }) => message)).toMatchObject([{ commit: [], abort }])
})

test('[TX9] where nothing stands and nobody coordinates, the abort is logged before it is said', () => {
  const bench = leaderBench()
  bench.message(toKv1, { type: 'inquire', group: 'kv.1', attempts: [{ tx: 's:7', attempt: 1 }] })
  bench.pass(1)
  expect(bench.take()).toEqual([])
  expect(bench.applyAll()).toEqual(['abort'])
  bench.pass(1)
  expect(bench.take().map(({ message }) => message.abort)).toEqual([[{ tx: 's:7', attempt: 1 }]])
  expect(bench.store.get('r/s:7')).toMatchObject({ closed: 1 })
})

test('[TX9] what is being worked on is not aborted by an inquiry; what only waits here is', () => {
  const bench = leaderBench()
  bench.message(client, submit(1, { 'kv.0': [put('a', 1)], 'kv.1': [put('b', 1)] }))
  bench.message(toKv1, { type: 'inquire', group: 'kv.1', attempts: [{ tx: 's:1', attempt: 1 }] })
  expect(bench.proposed).toEqual([])
  bench.message(client, submit(2, { 'kv.0': [put('a', 2)], 'kv.1': [put('b', 1)] }))
  bench.message(toKv1, { type: 'inquire', group: 'kv.1', attempts: [{ tx: 's:2', attempt: 1 }] })
  expect(bench.applyAll()).toEqual(['abort'])
  expect(bench.state.running.get('s:2')?.attempt).toBe(2)
})
