import { decode, encode, nodeId } from '@synod/runtime/protocol'
import type { TestActor } from '@synod/runtime/simulation'
import { describe, expect, test } from 'vitest'
import { StoreReader } from '../replicated/store.ts'
import { aLearner, anAcceptor, at, ballot, batch, groupOf, sent } from './actors.fixture.ts'
import type { PaxosConfig, Tuning } from './config.ts'
import { durableLearner } from './learner.ts'
import type { LearnerState } from './learner-state.ts'
import { itemsOf, listMachine } from './list-machine.fixture.ts'
import type { LearnerMessage } from './messages.ts'

type Learner = TestActor<LearnerState, never, PaxosConfig>
const own = at('n1', 'acceptor')
const proposer = at('n1', 'proposer')

function list(tuning: Partial<Tuning> = {}, rows = {}): Learner {
  return aLearner(listMachine, rows, { config: groupOf(3, tuning) }) as unknown as Learner
}

function tell(learner: Learner, message: LearnerMessage | Record<string, unknown>, from = own) {
  return learner.message(from, message as never)
}

/** A slot with these appends. */
function slot(...ids: string[]): Uint8Array {
  return batch(...ids.map(id => (id.startsWith('!') ? { id, poison: true } : { id })))
}

function decided(learner: Learner, from: number, values: Uint8Array[], parts = {}) {
  const chosen = from + values.length - 1
  return tell(learner, { type: 'paxos.decided', from, values, more: false, chosen, ...parts })
}

function items(learner: Learner): string[] {
  return itemsOf(new StoreReader(learner.state.host.store))
}

describe('applying', () => {
  test('[PX16] in slot order, each once', () => {
    const learner = list()
    decided(learner, 1, [slot('a'), slot('b', 'c')])
    decided(learner, 2, [slot('b', 'c'), slot('d')])
    expect(items(learner)).toEqual(['a', 'b', 'c', 'd'])
    expect(learner.state.host).toMatchObject({ applied: 3, index: 4 })
  })

  test('[PX16] a gap is asked for again, nothing is skipped', () => {
    const learner = list()
    const effects = decided(learner, 2, [slot('b')])
    expect(items(learner)).toEqual([])
    expect(effects.sent).toEqual([{ to: own, message: { type: 'replay', from: 1 } }])
  })

  test('[PX16] a command that throws changes nothing, and the next one runs', () => {
    const learner = list()
    decided(learner, 1, [slot('a', '!bad', 'b')])
    expect(items(learner)).toEqual(['a', 'b'])
    expect(learner.state.host.index).toBe(3)
    expect(new StoreReader(learner.state.host.store).has('id/!bad')).toBe(false)
  })
})

describe('rows', () => {
  test('[PX15] nothing is written before a flush is due; then all of it in one turn', () => {
    const learner = list({ flushSlots: 3 })
    expect(decided(learner, 1, [slot('a'), slot('b')]).writes).toEqual([])
    const effects = decided(learner, 3, [slot('c')])
    expect(effects.writes).toContainEqual({
      save: 'state',
      value: expect.objectContaining({ applied: 3, generation: 0 }),
    })
    expect(effects.writes).toHaveLength(3 * 2 + 1 + 1)
    expect(sent(effects, 'flushed')).toEqual([{ to: own, message: { type: 'flushed', slot: 3 } }])
  })

  test('[PX15] a restart has the state of the flushed slot, and asks for what follows', () => {
    const learner = list({ flushSlots: 3 })
    decided(learner, 1, [slot('a'), slot('b'), slot('c')])
    const before = structuredClone(durableLearner(learner.state))
    decided(learner, 4, [slot('d')])
    const started = learner.restart()
    expect(items(learner)).toEqual(['a', 'b', 'c'])
    expect(durableLearner(learner.state)).toEqual(before)
    expect(started.sent).toContainEqual({ to: own, message: { type: 'replay', from: 4 } })
    decided(learner, 4, [slot('d')])
    expect(items(learner)).toEqual(['a', 'b', 'c', 'd'])
  })

  test('[PX15] whatever is left is written after a while', () => {
    const learner = list()
    decided(learner, 1, [slot('a')])
    expect(learner.timer('tick').writes.length).toBeGreaterThan(0)
    expect(learner.timer('tick').writes).toEqual([])
  })

  test('[PX10, PX15] an acceptor that restarts behind the learner is not asked for what it lacks', () => {
    const learner = list()
    decided(learner, 1, [slot('a'), slot('b')])
    const effects = tell(learner, { type: 'paxos.acceptorStarted' })
    expect(effects.sent.map(({ message }) => message)).toEqual([
      { type: 'flushed', slot: 2 },
      { type: 'replay', from: 3 },
    ])
  })
})

describe('leader side', () => {
  const client = at('n3', 'learner')

  test('[PX13] it starts when our first own slot is applied, and refuses before', () => {
    const learner = list()
    tell(learner, { type: 'paxos.lead', ballot: ballot(1), slot: 2 }, proposer)
    decided(learner, 1, [slot('a')])
    const refused = tell(learner, { type: 'read', id: 'r', client }, client)
    expect(sent(refused, 'notLeader')).toHaveLength(1)
    decided(learner, 2, [slot()])
    expect(learner.state.side).toBeDefined()
    const asked = tell(learner, { type: 'read', id: 'r', client }, client)
    expect(sent(asked, 'propose')).toMatchObject([{ to: proposer, message: { tokens: [1], commands: [] } }])
  })

  function leading() {
    const learner = list()
    tell(learner, { type: 'paxos.lead', ballot: ballot(1), slot: 1 }, proposer)
    decided(learner, 1, [slot()])
    const side = learner.state.side?.id ?? 0
    return { learner, side }
  }

  test('[PX14] a confirmed read waits until what was chosen is applied', () => {
    const { learner, side } = leading()
    tell(learner, { type: 'read', id: 'r', client }, client)
    const early = tell(learner, { type: 'paxos.confirmed', side, tokens: [1], chosen: 2 }, proposer)
    expect(early.sent).toEqual([])
    const effects = decided(learner, 2, [slot('a')])
    expect(sent(effects, 'items')).toEqual([
      { to: client, message: { type: 'items', id: 'r', items: ['a'] } },
    ])
  })

  test('[PX23] a confirmation for an earlier side is ignored', () => {
    const { learner, side } = leading()
    tell(learner, { type: 'read', id: 'r', client }, client)
    const effects = tell(
      learner,
      { type: 'paxos.confirmed', side: side + 1, tokens: [1], chosen: 1 },
      proposer,
    )
    expect(effects.sent).toEqual([])
  })

  test('[PX13] it stops with the lead: whoever waits is told, its timers are gone', () => {
    const { learner } = leading()
    tell(learner, { type: 'read', id: 'r', client }, client)
    const effects = tell(
      learner,
      { type: 'paxos.follow', leader: nodeId('n2'), ballot: ballot(2, 'n2') },
      proposer,
    )
    expect(sent(effects, 'notLeader')).toHaveLength(1)
    const refused = tell(learner, { type: 'read', id: 'r2', client }, client)
    expect(sent(refused, 'notLeader')).toMatchObject([{ message: { leader: 'n2' } }])
  })
})

test('[RM9] a store that is not as it should be is seen with the next slot, and when rows are written', () => {
  const breaking: readonly ((learner: Learner) => unknown)[] = [
    learner => decided(learner, 2, [slot('b')]),
    learner => learner.timer('tick'),
  ]
  for (const next of breaking) {
    const learner = list()
    decided(learner, 1, [slot('a')])
    const { unsettled, values } = learner.state.host.store.rest
    const [name] = unsettled.keys()
    values.set(name ?? '', 'another value')
    // Rows that are written are let go of: only the counts tell.
    if (next === breaking[1]) values.set('a row that nobody put', 1)
    expect(() => next(learner)).toThrow(/one value|what is gone/)
  }
})

describe('snapshots', () => {
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

  /** Asks for and takes one chunk after the other, until `stop` says so. */
  function pull(learner: Learner, from: Learner, stop: (chunks: number) => boolean = () => false) {
    let asked = sent(
      tell(learner, { type: 'paxos.needSnapshot', node: 'n2', slot: 2 }),
      'paxos.snapshotAsked',
    )
    for (let chunks = 0; asked[0] !== undefined && !stop(chunks); chunks++) {
      const chunk = sent(tell(from, asked[0].message, learner.self), 'paxos.snapshotChunk')[0]?.message ?? {}
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
    expect(learner.rows.keys().some(key => key.startsWith('g2/'))).toBe(true)
    learner.restart()
    expect(items(learner)).toEqual(['x'])
    expect(learner.rows.keys().filter(key => key.startsWith('g') && !key.startsWith('g0/'))).toEqual([])
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
    expect(learner.rows.keys().filter(key => key.startsWith('g0/'))).toEqual([])
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
})

describe('queries', () => {
  test('[PX16] the audit compares logs by digest and states by content', () => {
    const [left, right] = [list(), list()]
    decided(left, 1, [slot('a'), slot('b')])
    decided(right, 1, [slot('a')])
    decided(right, 2, [slot('b')])
    const audits = [left, right].map(one => one.request({ type: 'group.audit' } as never).replies[0]?.result)
    expect({ ...(audits[0] as object), node: 0 }).toEqual({ ...(audits[1] as object), node: 0 })
    expect(audits[0]).toMatchObject({
      applied: 2,
      index: 2,
      digests: [
        [0, 0],
        [1, expect.any(Number)],
        [2, expect.any(Number)],
      ],
    })
    decided(right, 3, [slot('c')])
    const [later] = right.request({ type: 'group.audit' } as never).replies
    expect(later?.result).not.toMatchObject({ stateHash: (audits[0] as { stateHash: string }).stateHash })
  })

  test('[PX9] the log is shown by the acceptor: what is chosen, and what is only accepted', () => {
    const learner = list()
    const acceptor = anAcceptor()
    const value = encode({ timeMs: 5, commands: [{ id: 'a' }] })
    for (const one of [1, 2]) {
      acceptor.message(proposer, { type: 'accept', ballot: ballot(1), slot: one, value, chosen: one - 1 })
    }
    const asked = sent(learner.request({ type: 'group.log', from: 1, to: 9 } as never), 'readLog')[0]?.message
    const read = sent(acceptor.message(learner.self, asked as never), 'paxos.logRead')[0]?.message
    const [reply] = tell(learner, read ?? {}).replies
    expect(reply?.result).toMatchObject({
      chosen: 1,
      slots: [
        { slot: 1, chosen: true, commands: (decode(value) as { commands: unknown }).commands },
        { slot: 2, chosen: false },
      ],
    })
  })

  test('the status tells role, leader and lag', () => {
    const learner = list()
    decided(learner, 1, [slot('a')], { chosen: 4 })
    const [reply] = learner.request({ type: 'group.status' } as never).replies
    expect(reply?.result).toMatchObject({ role: 'follower', leader: null, applied: 1, chosen: 4, lag: 3 })
  })
})
