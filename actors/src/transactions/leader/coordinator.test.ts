import { expect, test } from 'vitest'
import { limits } from '../limits.ts'
import { client, leaderBench, leaderOf, nonces, prepareOf, submit, yesVote } from '../testing/leader-bench.ts'
import { add, check, get, put } from '../testing/one-shard.ts'

const toKv1 = leaderOf('kv.1')

function outcomes(bench: ReturnType<typeof leaderBench>) {
  return bench
    .takeType('submitted')
    .map(({ to, message }) => [to, (message.outcome as { status: string }).status])
}

test('[TX1] one group: one command, then the answer', () => {
  const bench = leaderBench()
  bench.message(client, submit(1, { 'kv.0': [put('a', 1)] }))
  expect(bench.take()).toEqual([])
  expect(bench.applyAll()).toEqual(['execute'])
  expect(outcomes(bench)).toEqual([[client, 'committed']])
})

test('[TX6] several groups: prepares at once, then one decision, then the answer; finishes follow', () => {
  const bench = leaderBench()
  bench.message(client, submit(1, { 'kv.0': [put('a', 1)], 'kv.1': [put('b', 1)], 'kv.2': [put('c', 1)] }))
  expect(bench.proposed).toEqual([])
  expect(bench.take().map(({ to, message }) => [to, message.type])).toEqual([
    [toKv1, 'prepare'],
    [leaderOf('kv.2'), 'prepare'],
  ])
  bench.message(toKv1, yesVote('s:1', 'kv.1'))
  expect(bench.proposed).toEqual([])
  bench.message(leaderOf('kv.2'), yesVote('s:1', 'kv.2', 1, 9))
  expect(bench.applyAll()).toEqual(['decide'])
  expect(outcomes(bench)).toEqual([[client, 'committed']])
  bench.pass(1)
  expect(bench.take().map(({ message }) => message)).toEqual([
    { type: 'finish', coordinator: 'kv.0', commit: [{ tx: 's:1', attempt: 1, prepared: 5 }], abort: [] },
    { type: 'finish', coordinator: 'kv.0', commit: [{ tx: 's:1', attempt: 1, prepared: 9 }], abort: [] },
  ])
})

test('[TX8] finishes are sent again until they are replicated, then forgotten in one command', () => {
  const bench = leaderBench()
  for (const number of [1, 2]) {
    bench.message(client, submit(number, { 'kv.0': [put(`a${number}`, 1)], 'kv.1': [put('b', 1)] }))
    bench.message(toKv1, yesVote(`s:${number}`, 'kv.1'))
  }
  bench.applyAll()
  bench.pass(1)
  const [first] = bench.takeType('finish')
  expect(first?.message.commit).toHaveLength(2)
  bench.pass(400)
  expect(bench.takeType('finish')).not.toEqual([])
  const attempts = [1, 2].map(number => ({ tx: `s:${number}`, attempt: 1 }))
  bench.message(toKv1, { type: 'finished', group: 'kv.1', attempts })
  bench.pass(1_000)
  expect(bench.proposed.map(({ type }) => type)).toEqual(['forget'])
  bench.applyAll()
  bench.pass(5_000)
  expect(bench.takeType('finish')).toEqual([])
  expect([...bench.store.scan('u/', 'u0')]).toEqual([])
})

test('[TX4] one no makes the refusal final; whoever prepared is told', () => {
  const bench = leaderBench()
  bench.message(client, submit(1, { 'kv.0': [put('a', 1)], 'kv.1': [add('b', -1)] }))
  const no = { vote: 'no', reason: 'missing', operation: 1, detail: 'kv/b: does not exist' } as const
  bench.message(toKv1, { type: 'vote', tx: 's:1', attempt: 1, nonce: nonces[0], group: 'kv.1', ...no })
  expect(outcomes(bench)).toEqual([])
  expect(bench.applyAll()).toEqual(['refuse'])
  expect(outcomes(bench)).toEqual([[client, 'refused']])
  bench.pass(1)
  expect(bench.takeType('finish')[0]?.message.abort).toEqual([{ tx: 's:1', attempt: 1 }])
  expect(bench.store.get('v/kv/a')).toBeUndefined()
})

test('[TX5] an own share that is impossible already asks nobody else', () => {
  const bench = leaderBench()
  bench.message(client, submit(1, { 'kv.0': [check('a', { exists: true })], 'kv.1': [put('b', 1)] }))
  expect(bench.take()).toEqual([])
  expect(bench.applyAll()).toEqual(['decide'])
  expect(outcomes(bench)).toEqual([[client, 'refused']])
  bench.pass(1_000)
  expect(bench.take()).toEqual([])
})

test('[EO1] a retry under way waits for the same answer, each asker is answered once, later ones from the record', () => {
  const bench = leaderBench()
  const other = leaderOf('kv.2', 'n2')
  const message = submit(1, { 'kv.0': [put('a', 1)], 'kv.1': [put('b', 1)] })
  bench.message(client, message)
  bench.message(client, message)
  bench.message(other, message)
  expect(bench.takeType('prepare')).toHaveLength(1)
  bench.message(toKv1, yesVote('s:1', 'kv.1'))
  bench.applyAll()
  expect(outcomes(bench)).toEqual([
    [client, 'committed'],
    [other, 'committed'],
  ])
  bench.message(client, message)
  expect(outcomes(bench)).toEqual([[client, 'committed']])
  expect(bench.proposed).toEqual([])
})

test('[EO1] the highest send of an asker is echoed', () => {
  const bench = leaderBench()
  for (const send of [2, 1]) bench.message(client, submit(1, { 'kv.0': [put('a', 1)] }, { send }))
  bench.applyAll()
  expect(bench.take()[0]?.message.send).toBe(2)
})

test('[EO2] another request under the id of one under way conflicts', () => {
  const bench = leaderBench()
  bench.message(client, submit(1, { 'kv.0': [put('a', 1)] }, { fingerprint: 'x' }))
  bench.message(client, submit(1, { 'kv.0': [put('a', 2)] }, { fingerprint: 'y' }))
  expect(outcomes(bench)).toEqual([[client, 'conflictingRequest']])
  bench.applyAll()
  expect(outcomes(bench)).toEqual([[client, 'committed']])
})

test('[TX11] by another map, or before any: wrongEpoch, and nothing happens', () => {
  const bench = leaderBench()
  bench.message(client, submit(1, { 'kv.0': [put('a', 1)] }, { epoch: 2, send: 4 }))
  const elsewhere = { ...put('a', 1), keyspace: 'other' }
  bench.message(client, submit(2, { 'kv.0': [elsewhere] }))
  const fresh = leaderBench({ assigned: false })
  fresh.message(client, submit(3, { 'kv.0': [put('a', 1)] }))
  const wrong = { type: 'wrongEpoch', group: 'kv.0' }
  expect(bench.take().map(({ message }) => message)).toEqual([
    { ...wrong, epoch: 1, tx: 's:1', send: 4 },
    { ...wrong, epoch: 1, tx: 's:2' },
  ])
  expect(fresh.take().map(({ message }) => message)).toEqual([{ ...wrong, epoch: 0, tx: 's:3' }])
  expect([...bench.proposed, ...fresh.proposed]).toEqual([])
})

test('[TX11] a participant by another map: the attempt is closed first, then wrongEpoch', () => {
  const bench = leaderBench()
  bench.message(client, submit(1, { 'kv.0': [put('a', 1)], 'kv.1': [put('b', 1)] }))
  bench.take()
  bench.message(toKv1, {
    type: 'vote',
    tx: 's:1',
    attempt: 1,
    nonce: nonces[0],
    group: 'kv.1',
    vote: 'retry',
    why: 'wrongEpoch',
  })
  expect(bench.take()).toEqual([])
  expect(bench.applyAll()).toEqual(['abort'])
  expect(bench.take().map(({ message }) => message.type)).toEqual(['wrongEpoch'])
})

test('[TX11] an assignment is confirmed when it is replicated, an old one at once', () => {
  const bench = leaderBench({ assigned: false })
  const from = leaderOf('directory')
  const assign = { type: 'assign', assignment: { epoch: 3, shards: [], groups: {} } } as const
  bench.message(from, assign)
  expect(bench.take()).toEqual([])
  bench.applyAll()
  bench.message(from, assign)
  const assigned = { to: from, message: { type: 'assigned', group: 'kv.0', epoch: 3 } }
  expect(bench.take()).toEqual([assigned, assigned])
})

test('[TX19] what is unfit is refused at once, without a trace', () => {
  const bench = leaderBench()
  bench.message(client, submit(1, { 'kv.0': [add('a', 0.5)] }))
  bench.message(client, submit(2, { 'kv.1': [put('a', 1)], 'kv.0': [put('b', 1)] }))
  expect(outcomes(bench)).toEqual([
    [client, 'refused'],
    [client, 'refused'],
  ])
  expect(bench.proposed).toEqual([])
})

test('[TX21] who comes when too many wait is told so', () => {
  const bench = leaderBench()
  bench.message(toKv1, prepareOf('p:1', [put('a', 1)]))
  bench.applyAll()
  for (let number = 1; number <= limits.waiting; number++)
    bench.message(client, submit(number, { 'kv.0': [get('a')] }))
  expect(bench.take().filter(({ message }) => message.type === 'overloaded')).toEqual([])
  bench.message(client, submit(limits.waiting + 1, { 'kv.0': [get('a')] }, { send: 1 }))
  bench.message(toKv1, prepareOf('p:2', [put('b', 1)]))
  expect(bench.take().map(({ message }) => [message.type, message.why ?? message.send])).toEqual([
    ['overloaded', 1],
    ['vote', 'overloaded'],
  ])
})

test('status shows what runs, waits, is in doubt and is owed', () => {
  const bench = leaderBench()
  bench.message(toKv1, prepareOf('p:1', [put('a', 1)]))
  bench.applyAll()
  bench.message(client, submit(1, { 'kv.0': [get('a')] }))
  bench.message(client, submit(2, { 'kv.0': [put('x', 1)], 'kv.1': [put('b', 1)] }))
  bench.message(toKv1, yesVote('s:2', 'kv.1'))
  bench.applyAll()
  bench.request({ type: 'transactions' })
  expect(bench.takeReplies()[0]?.result).toMatchObject({
    group: 'kv.0',
    running: [{ tx: 's:1', phase: 'waiting' }],
    waiting: [{ tx: 's:1', items: ['kv/a'] }],
    inDoubt: [{ tx: 'p:1', coordinator: 'kv.1' }],
    unfinished: [{ tx: 's:2', commit: true, groups: ['kv.1'] }],
  })
})

test('[TX22] a command that throws is answered: refused for good, and nothing is held', () => {
  const measures = {
    kv: () => {
      throw new Error('poison')
    },
  }
  const bench = leaderBench({ measures })
  const poison = { op: 'put', keyspace: 'kv', key: 'a', value: 1, external: true } as const
  bench.message(client, submit(1, { 'kv.0': [poison] }))
  expect(bench.applyAll()).toEqual(['execute', 'refuse'])
  bench.message(client, submit(2, { 'kv.0': [poison], 'kv.1': [put('b', 1)] }))
  bench.message(toKv1, yesVote('s:2', 'kv.1'))
  expect(bench.applyAll()).toEqual(['decide', 'refuse'])
  expect(outcomes(bench)).toEqual([
    [client, 'refused'],
    [client, 'refused'],
  ])
  expect(bench.state.table.held.size + bench.state.running.size).toBe(0)
  expect(bench.store.get('v/kv/a')).toBeUndefined()
})
