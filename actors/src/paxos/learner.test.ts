import { decode, encode, nodeId } from '@synod/runtime/protocol'
import { describe, expect, test } from 'vitest'
import { StoreReader } from '../replicated/store.ts'
import { anAcceptor, at, ballot, sent } from './actors.fixture.ts'
import { decided, items, type Learner, list, own, proposer, slot, tell } from './learner.fixture.ts'
import { durableLearner } from './learner.ts'

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
    expect(effects.writes).toHaveLength(2)
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
    const { rows } = learner.state.host.store.rest
    const [name] = rows.keys()
    rows.set(name ?? '', 'another value')
    // Rows that are written are let go of: only the counts tell.
    if (next === breaking[1]) rows.set('a row that nobody put', 1)
    expect(() => next(learner)).toThrow(/one value|what is gone/)
  }
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
