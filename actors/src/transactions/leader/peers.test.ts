import { nodeId } from '@synod/runtime/protocol'
import { expect, test } from 'vitest'
import { client, leaderBench, leaderOf, prepareOf, submit, yesVote } from '../testing/leader-bench.ts'
import { put } from '../testing/one-shard.ts'
import { turnTo } from './routes.ts'

const both = (key: string) => ({ 'kv.0': [put(key, 1)], 'kv.1': [put(key, 1)] })
const notLeader = (leader: string | null) => ({ type: 'notLeader', group: 'kv.1', leader }) as never
type Bench = ReturnType<typeof leaderBench>
const asked = (bench: Bench, type: string) => bench.takeType(type).map(({ to }) => to)

test('[TX16] the node of a coordinator is away: another member is asked as soon as it can lead', () => {
  const bench = leaderBench()
  bench.message(leaderOf('kv.1', 'n2'), prepareOf('p:1', [put('a', 1)]))
  bench.applyAll()
  bench.take()
  bench.peer('n2', false)
  bench.pass(250)
  expect(asked(bench, 'inquire')).toEqual([leaderOf('kv.1', 'n3')])
  // It knows nobody yet: the next one that is not away, which is not the one that went.
  bench.message(leaderOf('kv.1', 'n3'), notLeader(null))
  bench.pass(250)
  expect(asked(bench, 'inquire')).toEqual([leaderOf('kv.1', 'n1')])
  // It still believes in who is away.
  bench.message(leaderOf('kv.1', 'n1'), notLeader('n2'))
  bench.pass(250)
  expect(asked(bench, 'inquire')).toEqual([leaderOf('kv.1', 'n3')])
  bench.message(leaderOf('kv.1', 'n3'), notLeader('n1'))
  expect(asked(bench, 'inquire')).toEqual([leaderOf('kv.1', 'n1')])
})

test('[TX16] who is back is asked again', () => {
  const bench = leaderBench()
  bench.message(leaderOf('kv.1', 'n2'), prepareOf('p:1', [put('a', 1)]))
  bench.applyAll()
  bench.peer('n2', false)
  bench.pass(250)
  bench.take()
  bench.peer('n2', true)
  bench.message(leaderOf('kv.1', 'n3'), notLeader('n2'))
  expect(asked(bench, 'inquire')).toEqual([leaderOf('kv.1', 'n2')])
})

test('[TX16] the node of a participant is away: prepares and decisions go to another member at once', () => {
  const bench = leaderBench()
  bench.message(client, submit(1, both('a')))
  expect(asked(bench, 'prepare')).toEqual([leaderOf('kv.1', 'n1')])
  bench.peer('n1', false)
  expect(asked(bench, 'prepare')).toEqual([leaderOf('kv.1', 'n2')])
  bench.message(leaderOf('kv.1', 'n2'), yesVote('s:1', 'kv.1'))
  bench.applyAll()
  bench.pass(1)
  expect(asked(bench, 'finish')).toEqual([leaderOf('kv.1', 'n2')])
  bench.peer('n2', false)
  bench.pass(1)
  expect(asked(bench, 'finish')).toEqual([leaderOf('kv.1', 'n3')])
})

test('[TX16] a group that answers others is not looked for elsewhere', () => {
  const bench = leaderBench()
  bench.message(client, submit(1, both('a')))
  for (let second = 0; second < 3; second++) {
    bench.message(client, submit(2 + second, both(`b${second}`)))
    for (let quarter = 0; quarter < 4; quarter++) {
      bench.pass(250)
      bench.message(leaderOf('kv.1', 'n1'), yesVote(`s:${2 + second}`, 'kv.1'))
    }
  }
  expect(new Set(asked(bench, 'prepare'))).toEqual(new Set([leaderOf('kv.1', 'n1')]))
})

test('[TX16] a silent group is looked for at every member, at one at a time', () => {
  const bench = leaderBench()
  for (let number = 1; number <= 3; number++)
    bench.message(client, submit(number, both(`k${number}`), { patienceMs: 20_000 }))
  const members = new Set<string>()
  for (let tick = 0; tick < 400; tick++) {
    bench.pass(25)
    const round = new Set(asked(bench, 'prepare'))
    expect(round.size).toBeLessThanOrEqual(1)
    for (const to of round) members.add(to)
  }
  expect(members.size).toBe(3)
})

test('[TX16] of those who find a group silent at one moment only the first turns elsewhere', () => {
  const { state, store } = leaderBench()
  const seat = { group: 'kv.0', node: nodeId('n1'), members: [], store }
  const turn = { state, seat, out: undefined as never }
  turnTo(turn, 'kv.1')
  turnTo(turn, 'kv.1')
  expect(state.routes.get('kv.1')).toBe('n2')
})
