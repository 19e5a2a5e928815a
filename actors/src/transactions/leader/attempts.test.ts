import { expect, test } from 'vitest'
import { client, leaderBench, leaderOf, prepareOf, submit, yesVote } from '../testing/leader-bench.ts'
import { get, put } from '../testing/one-shard.ts'

const toKv1 = leaderOf('kv.1')

function outcomes(bench: ReturnType<typeof leaderBench>) {
  return bench
    .takeType('submitted')
    .map(({ to, message }) => [to, (message.outcome as { status: string }).status])
}

test('[TX14] when patience ends the log closes the attempt, and only then it is unavailable', () => {
  const bench = leaderBench()
  bench.message(client, submit(1, { 'kv.0': [put('a', 1)], 'kv.1': [put('b', 1)] }, { patienceMs: 300 }))
  bench.pass(400)
  expect(outcomes(bench)).toEqual([])
  bench.message(toKv1, yesVote('s:1', 'kv.1'))
  expect(bench.applyAll()).toEqual(['abort'])
  expect(outcomes(bench)).toEqual([[client, 'unavailable']])
  bench.message(client, submit(1, { 'kv.0': [put('a', 1)], 'kv.1': [put('b', 1)] }))
  expect(bench.takeType('prepare').at(-1)?.message.share).toMatchObject({ attempt: 2 })
})

test('[TX14] the same for one that only waits here', () => {
  const bench = leaderBench()
  bench.message(toKv1, prepareOf('p:1', [put('a', 1)]))
  bench.applyAll()
  bench.message(client, submit(1, { 'kv.0': [get('a')] }, { patienceMs: 300 }))
  bench.pass(400)
  expect(outcomes(bench)).toEqual([])
  expect(bench.applyAll()).toEqual(['abort'])
  expect(outcomes(bench)).toEqual([[client, 'unavailable']])
  expect(bench.state.queue.waiters.size).toBe(0)
})

test('[TX13] a wounded attempt is closed before the next one starts; its age stays', () => {
  const bench = leaderBench()
  bench.message(client, submit(1, { 'kv.0': [put('a', 1)], 'kv.1': [put('b', 1)] }))
  const [first] = bench.takeType('prepare')
  bench.message(leaderOf('kv.2'), { type: 'wound', tx: 's:1', attempt: 1, by: 'old:1' })
  bench.pass(100)
  expect(bench.takeType('prepare')).toEqual([])
  expect(bench.applyAll()).toEqual(['abort'])
  bench.pass(100)
  const [second] = bench.takeType('prepare')
  expect(second?.message).toEqual({
    ...first?.message,
    share: { ...(first?.message.share as object), attempt: 2 },
  })
  // A vote for the closed attempt counts for nothing.
  bench.message(toKv1, yesVote('s:1', 'kv.1', 1))
  expect(bench.proposed).toEqual([])
  bench.message(toKv1, yesVote('s:1', 'kv.1', 2))
  bench.applyAll()
  expect(outcomes(bench)).toEqual([[client, 'committed']])
})

test('[TX12] a wound comes too late when the decision is on its way to the log', () => {
  const bench = leaderBench()
  bench.message(client, submit(1, { 'kv.0': [put('a', 1)], 'kv.1': [put('b', 1)] }))
  bench.message(toKv1, yesVote('s:1', 'kv.1'))
  bench.message(leaderOf('kv.2'), { type: 'wound', tx: 's:1', attempt: 1, by: 'old:1' })
  expect(bench.applyAll()).toEqual(['decide'])
  expect(outcomes(bench)).toEqual([[client, 'committed']])
})

test('[TX12] whoever waits for what is held in memory here wounds without a message', () => {
  const bench = leaderBench()
  bench.message(client, submit(1, { 'kv.0': [put('a', 1)], 'kv.1': [put('b', 1)] }))
  bench.message(toKv1, prepareOf('p:1', [put('a', 2)], 1))
  bench.pass(100)
  expect(bench.applyAll()).toEqual(['abort', 'prepare'])
  expect(bench.takeType('vote').map(({ message }) => [message.tx, message.vote])).toEqual([['p:1', 'yes']])
})

test('[TX5] the own share is locked by a late command of a deposed leader: closed, and tried again', () => {
  const bench = leaderBench()
  bench.message(client, submit(1, { 'kv.0': [put('a', 1)], 'kv.1': [put('b', 1)] }))
  bench.applyForeign(prepareOf('p:1', [put('a', 2)]).share)
  bench.message(toKv1, yesVote('s:1', 'kv.1'))
  expect(bench.applyAll()).toEqual(['decide', 'abort'])
  bench.message(toKv1, {
    type: 'finish',
    coordinator: 'kv.1',
    commit: [],
    abort: [{ tx: 'p:1', attempt: 1 }],
  })
  bench.applyAll()
  bench.pass(200)
  bench.message(toKv1, yesVote('s:1', 'kv.1', 2))
  bench.applyAll()
  expect(outcomes(bench)).toEqual([[client, 'committed']])
})

test('[TX14] an old copy of a submit, from before its attempt was closed, starts nothing', () => {
  const bench = leaderBench()
  const message = submit(
    1,
    { 'kv.0': [put('a', 1)], 'kv.1': [put('b', 1)] },
    { patienceMs: 100, send: 1, after: 0 },
  )
  bench.message(client, message)
  bench.pass(200)
  bench.applyAll()
  expect(outcomes(bench)).toEqual([[client, 'unavailable']])
  bench.message(client, message)
  expect(bench.take().map(({ message: answer }) => [answer.type, answer.closed])).toContainEqual([
    'submitted',
    1,
  ])
  expect(bench.state.running.size + bench.proposed.length).toBe(0)
  bench.message(client, { ...message, send: 2, after: 1 })
  expect(bench.state.running.size).toBe(1)
})
