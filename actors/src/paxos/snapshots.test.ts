/** A snapshot travels in chunks, is staged, and switched to by one row (PX17). */
import { encode } from '@synod/runtime/protocol'
import { expect, test } from 'vitest'
import type { StateMachine } from '../replicated/state-machine.ts'
import { aLearner, at, ballot, groupOf, sent } from './actors.fixture.ts'
import { decided, items, type Learner, list, own, proposer, slot, tell } from './learner.fixture.ts'
import { listMachine } from './list-machine.fixture.ts'

const tuning = { chunkBytes: 20 }

function server() {
  const other = aLearner(
    listMachine,
    {},
    { self: at('n2', 'learner'), config: groupOf(3, tuning) },
  ) as unknown as Learner
  decided(other, 1, [slot('a', 'b'), slot('c', 'd')])
  return other
}

/** What n1 gets for this question. */
function chunkFrom(from: Learner, asked: Record<string, unknown>): Record<string, unknown> {
  return sent(tell(from, asked, at('n1', 'learner')), 'paxos.snapshotChunk')[0]?.message ?? {}
}

/** Asks for and takes one chunk after the other, until `stop` says so. */
function pull(learner: Learner, from: Learner, stop: (chunks: number) => boolean = () => false) {
  let asked = sent(tell(learner, { type: 'paxos.needSnapshot', node: 'n2', slot: 2 }), 'paxos.snapshotAsked')
  for (let chunks = 0; asked[0] !== undefined && !stop(chunks); chunks++) {
    const chunk = chunkFrom(from, asked[0].message)
    const effects = tell(learner, chunk, from.self)
    asked = sent(effects, 'paxos.snapshotAsked')
    if (asked.length === 0) return effects
  }
  return undefined
}

test('[PX17] chunks are staged, and one row switches to them', () => {
  const learner = list()
  const other = server()
  const last = pull(learner, other)
  expect(items(learner)).toEqual(['a', 'b', 'c', 'd'])
  expect(learner.state.host.digest).toBe(other.state.host.digest)
  expect(last?.writes).toContainEqual({
    save: 'state',
    value: expect.objectContaining({ generation: 2, applied: 2 }),
  })
  expect(last && sent(last, 'installed')).toEqual([{ to: own, message: { type: 'installed', slot: 2 } }])
  learner.restart()
  expect(items(learner)).toEqual(['a', 'b', 'c', 'd'])
})

test('[PX17] a chunk has as many rows as fit, found by halving', () => {
  for (const chunkBytes of [1, 20, 35, 60, 100, 200, 400, 1_000, 100_000]) {
    const other = aLearner(
      listMachine,
      {},
      { self: at('n2', 'learner'), config: groupOf(3, { chunkBytes }) },
    ) as unknown as Learner
    decided(other, 1, [slot(...Array.from({ length: 40 }, (_, id) => `${id}`.repeat(1 + (id % 5))))])
    pull(list(), other, () => {
      const { entries = [], bytes = [] } = other.state.capture ?? {}
      for (let from = 0; from < bytes.length; from++) {
        for (let to = from + 1; to < bytes.length; to++) {
          const header = to - from < 16 ? 1 : 3
          const counted = header + (bytes[to] ?? 0) - (bytes[from] ?? 0)
          expect(counted).toBe(encode(entries.slice(from, to)).length)
        }
      }
      return false
    })
  }
})

test('[PX17] a crash in the middle leaves the old state and no rows of the new one', () => {
  const learner = list({ flushSlots: 1 })
  decided(learner, 1, [slot('x')])
  pull(learner, server(), chunks => chunks === 2)
  expect(learner.rows.keys().some(key => key.startsWith('seg2/'))).toBe(true)
  learner.restart()
  expect(items(learner)).toEqual(['x'])
  expect(learner.rows.keys().filter(key => key.startsWith('seg') && !key.startsWith('seg0/'))).toEqual([])
})

test('[PX17] it is the state of one slot, whatever the server applies meanwhile', () => {
  const learner = list()
  const other = server()
  pull(learner, other, chunks => {
    if (chunks > 0) decided(other, other.state.host.applied + 1, [slot(`later${chunks}`)])
    return false
  })
  expect(items(learner)).toEqual(['a', 'b', 'c', 'd'])
  expect(learner.state.host.applied).toBe(2)
})

test('[PX17] a server that forgot the capture makes it begin anew', () => {
  const learner = list()
  const other = server()
  pull(learner, other, chunks => chunks === 2)
  other.restart()
  decided(other, 1, [slot('a', 'b'), slot('c', 'd'), slot('e')])
  const asked = sent(learner.timer('snapshot'), 'paxos.snapshotAsked')[0]?.message ?? {}
  expect(asked).toMatchObject({ capture: expect.any(String) })
  let chunk = sent(tell(other, asked, learner.self), 'paxos.snapshotChunk')[0]?.message
  while (chunk !== undefined) {
    const next = sent(tell(learner, chunk, other.self), 'paxos.snapshotAsked')[0]?.message
    chunk = next && sent(tell(other, next, learner.self), 'paxos.snapshotChunk')[0]?.message
  }
  expect(items(learner)).toEqual(['a', 'b', 'c', 'd', 'e'])
  expect(learner.state.host.applied).toBe(3)
})

test('[PX17] a snapshot that the log has overtaken is thrown away', () => {
  const learner = list()
  pull(learner, server(), chunks => {
    if (chunks === 1) decided(learner, 1, [slot('a', 'b'), slot('c', 'd'), slot('e')])
    return false
  })
  expect(items(learner)).toEqual(['a', 'b', 'c', 'd', 'e'])
  expect(learner.rows.keys()).toEqual([])
})

test('[PX17] a chunk that comes twice counts once', () => {
  const learner = list()
  const other = server()
  let asked = sent(
    tell(learner, { type: 'paxos.needSnapshot', node: 'n2', slot: 2 }),
    'paxos.snapshotAsked',
  )[0]
  let chunks = 0
  for (; asked !== undefined; chunks++) {
    const chunk = chunkFrom(other, asked.message)
    asked = sent(tell(learner, chunk, other.self), 'paxos.snapshotAsked')[0]
    expect(tell(learner, chunk, other.self).writes).toEqual([])
  }
  expect(chunks).toBeGreaterThan(2)
  expect(items(learner)).toEqual(['a', 'b', 'c', 'd'])
})

test('[PX17] a chunk of who was not asked is not taken', () => {
  const learner = list()
  tell(learner, { type: 'paxos.needSnapshot', node: 'n2', slot: 2 })
  const chunk = chunkFrom(server(), { type: 'paxos.snapshotAsked', slot: 2, offset: 0 })
  expect(tell(learner, chunk, at('n3', 'learner'))).toMatchObject({ writes: [], sent: [] })
  expect(tell(learner, chunk, at('n2', 'learner')).writes).not.toEqual([])
})

test('[PX17] a snapshot of a slot below the one that is needed is not taken', () => {
  const learner = list()
  tell(learner, { type: 'paxos.needSnapshot', node: 'n2', slot: 3 })
  const other = server()
  const chunk = chunkFrom(other, { type: 'paxos.snapshotAsked', slot: 2, offset: 0 })
  expect(tell(learner, chunk, other.self)).toMatchObject({ writes: [], sent: [] })
  expect(learner.state.incoming).toMatchObject({ capture: undefined, offset: 0 })
})

test('[PX17, RM6] a leader side does not outlive the state that it was started on', () => {
  const { leader } = listMachine as StateMachine
  if (leader === undefined) throw new Error('the list has a leader side')
  const timed: StateMachine = {
    ...listMachine,
    leader: {
      ...leader,
      receive(state, seat, event, out) {
        out.setTimer('asked', 1_000)
        leader.receive(state, seat, event, out)
      },
    },
  }
  const learner = list({}, timed)
  tell(learner, { type: 'paxos.lead', ballot: ballot(1), slot: 1 }, proposer)
  decided(learner, 1, [slot('a', 'b')])
  const before = learner.state.side?.id
  const client = at('n3', 'learner')
  tell(learner, { type: 'read', id: 'r', client }, client)
  expect(learner.out.armed.has('leader/asked')).toBe(true)
  const last = pull(learner, server())
  expect(last && sent(last, 'notLeader')).toMatchObject([{ to: client, message: { id: 'r' } }])
  expect(learner.out.armed.has('leader/asked')).toBe(false)
  expect(learner.state.side?.id).toEqual(expect.any(Number))
  expect(learner.state.side?.id).not.toBe(before)
})

test('[PX13] one that holds a slot of our own ballot starts the leader side', () => {
  const learner = list()
  tell(learner, { type: 'paxos.lead', ballot: ballot(1), slot: 2 }, at('n1', 'proposer'))
  expect(learner.state.side).toBeUndefined()
  pull(learner, server())
  expect(learner.state.host.applied).toBe(2)
  expect(learner.state.side).toBeDefined()
})

test('[PX17] the state it replaced is erased, slice by slice', () => {
  const learner = list({ flushSlots: 1 })
  decided(learner, 1, [slot('x')])
  pull(learner, server())
  while (learner.out.armed.has('clean')) learner.timer('clean')
  expect(learner.rows.keys().filter(key => key.startsWith('seg0/'))).toEqual([])
  expect(items(learner)).toEqual(['a', 'b', 'c', 'd'])
})

test('[PX17] a member that knows too little does not answer; another one is asked', () => {
  const learner = list()
  tell(learner, { type: 'paxos.needSnapshot', node: 'n2', slot: 9 })
  const behind = server()
  expect(tell(behind, { type: 'paxos.snapshotAsked', slot: 9, offset: 0 }, learner.self).sent).toEqual([])
  const targets = [1, 2, 3, 4].flatMap(() =>
    sent(learner.timer('snapshot'), 'paxos.snapshotAsked').map(({ to }) => to),
  )
  expect(targets).toEqual([
    at('n2', 'learner'),
    at('n2', 'learner'),
    at('n2', 'learner'),
    at('n3', 'learner'),
  ])
})
