import { expect, test } from 'vitest'
import { client, leaderBench, leaderOf, nonces, prepareOf, submit, yesVote } from '../testing/leader-bench.ts'
import { get, put } from '../testing/one-shard.ts'

const toKv1 = leaderOf('kv.1')

test('[TX16] prepares that stay without an answer are sent again, then to another member; a hint is followed at once', () => {
  const bench = leaderBench()
  bench.message(client, submit(1, { 'kv.0': [put('a', 1)], 'kv.1': [put('b', 1)] }))
  bench.take()
  bench.message(toKv1, { type: 'notLeader', group: 'kv.1', leader: 'n3', tx: 's:1' })
  expect(bench.takeType('prepare').map(({ to }) => to)).toEqual([leaderOf('kv.1', 'n3')])
  bench.pass(2_000)
  const asked = new Set(bench.takeType('prepare').map(({ to }) => to))
  expect(asked.size).toBeGreaterThan(1)
})

test('[TX16] members with old beliefs do not make it send for ever', () => {
  const bench = leaderBench()
  bench.message(client, submit(1, { 'kv.0': [put('a', 1)], 'kv.1': [put('b', 1)] }))
  for (let round = 0; round < 20; round++) {
    const [last] = bench.takeType('prepare').slice(-1)
    if (last === undefined) return
    const other = last.to === leaderOf('kv.1', 'n1') ? 'n2' : 'n1'
    bench.message(last.to, { type: 'notLeader', group: 'kv.1', leader: other, tx: 's:1' })
  }
  expect.unreachable('two members sent it back and forth')
})

test('[TX16] a leader that loses the lead says so; what it had proposed is not settled', () => {
  const bench = leaderBench()
  bench.message(client, submit(1, { 'kv.0': [put('a', 1)], 'kv.1': [put('b', 1)] }, { send: 1 }))
  bench.message(client, submit(2, { 'kv.0': [put('c', 1)] }, { send: 1 }))
  bench.message(client, {
    type: 'readKeys',
    tag: 9,
    epoch: 1,
    keys: [{ keyspace: 'kv', key: 'a' }],
    fast: false,
  })
  bench.message(client, { type: 'lookup', id: { session: 's', sequence: 3 }, tag: 8 })
  bench.take()
  bench.restart()
  const notLeader = { type: 'notLeader', group: 'kv.0', leader: null }
  expect(bench.take().map(({ message }) => message)).toEqual([
    { ...notLeader, tx: 's:1', send: 1 },
    { ...notLeader, tx: 's:2' },
    { ...notLeader, tag: 9 },
    { ...notLeader, tx: 's:3', tag: 8 },
  ])
})

test('[TX16] a new leader sends the finishes that are owed', () => {
  const bench = leaderBench()
  bench.message(client, submit(1, { 'kv.0': [put('a', 1)], 'kv.1': [put('b', 1)] }))
  bench.message(toKv1, yesVote('s:1', 'kv.1'))
  bench.applyAll()
  bench.restart()
  bench.take()
  bench.pass(1)
  const commit = [{ tx: 's:1', attempt: 1, prepared: 5 }]
  expect(bench.take().map(({ message }) => message)).toEqual([
    { type: 'finish', coordinator: 'kv.0', commit, abort: [] },
  ])
})

test('[TX24] a vote that an earlier leader asked for is not counted for what this one plans', () => {
  const bench = leaderBench()
  bench.message(client, submit(1, { 'kv.0': [put('a', 1)], 'kv.1': [put('b', 1)] }))
  bench.restart()
  bench.message(client, submit(1, { 'kv.0': [put('a', 2)], 'kv.1': [put('b', 2)] }))
  bench.message(toKv1, yesVote('s:1', 'kv.1'))
  expect(bench.proposed).toEqual([])
  bench.message(toKv1, yesVote('s:1', 'kv.1', 1, 9, nonces[1]))
  expect(bench.applyAll()).toEqual(['decide'])
  expect(bench.store.get('u/s:1')).toMatchObject({ owing: { 'kv.1': 9 } })
})

test('[TX16] a member that does not lead refuses questions and is silent about answers', () => {
  const bench = leaderBench()
  bench.refuse(submit(1, { 'kv.0': [get('a')] }, { send: 3 }))
  bench.refuse({ type: 'scanKeys', tag: 7, epoch: 1, keyspace: 'kv', prefix: '', limit: 1 })
  bench.refuse(prepareOf('p:1', [get('a')]))
  bench.refuse({ type: 'finished', group: 'kv.1', attempts: [] })
  const notLeader = { type: 'notLeader', group: 'kv.0', leader: 'n2' }
  expect(bench.take().map(({ message }) => message)).toEqual([
    { ...notLeader, tx: 's:1', send: 3 },
    { ...notLeader, tag: 7 },
    { ...notLeader, tx: 'p:1' },
  ])
})
