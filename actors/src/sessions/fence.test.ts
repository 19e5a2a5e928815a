import { describe, expect, it } from 'vitest'
import { client, leaderBench, leaderOf, submit } from '../transactions/testing/leader-bench.ts'
import { put } from '../transactions/testing/one-shard.ts'

/** A transaction over two groups, with little patience. */
const asks = (more: object) =>
  submit(1, { 'kv.0': [put('a', 1)], 'kv.1': [put('b', 1)] }, { patienceMs: 50, ...more })

function closedOnce() {
  const bench = leaderBench()
  bench.message(client, asks({ send: 1, after: 0 }))
  bench.pass(200)
  expect(bench.applyAll()).toEqual(['abort'])
  const [answer] = bench.takeType('submitted')
  expect(answer).toMatchObject({
    to: client,
    message: { outcome: { status: 'unavailable' }, send: 1, closed: 1 },
  })
  bench.take()
  return bench
}

describe('a send that comes late', () => {
  it('[EX13] starts nothing once the attempts that it knew of are closed', () => {
    const bench = closedOnce()
    bench.message(client, asks({ send: 2, after: 0 }))
    expect(bench.take()).toMatchObject([
      { to: client, message: { type: 'submitted', outcome: { status: 'unavailable' }, send: 2, closed: 1 } },
    ])
    expect(bench.proposed).toEqual([])
  })

  it('[EX13] starts nothing at the next leader either', () => {
    const bench = closedOnce()
    bench.restart()
    bench.take()
    bench.message(client, asks({ send: 2, after: 0 }))
    expect(bench.take()).toMatchObject([{ message: { type: 'submitted', closed: 1 } }])
  })

  it('[EX13] one that knows of the closed attempts begins the next', () => {
    const bench = closedOnce()
    bench.message(client, asks({ send: 2, after: 1 }))
    expect(bench.take()).toMatchObject([
      { to: leaderOf('kv.1'), message: { type: 'prepare', share: { attempt: 2 } } },
    ])
  })
})
