import { nodeId } from '@synod/runtime/protocol'
import { describe, expect, test } from 'vitest'
import { accept, n2, n3 } from './acceptor.fixture.ts'
import { durableAcceptor } from './acceptor.ts'
import { anAcceptor, at, ballot, batch, groupOf, sent } from './actors.fixture.ts'
import { noBallot } from './ballot.ts'
import type { AcceptorMessage } from './messages.ts'

describe('phase 1 (Simple §2.2, PMMC Fig. 4)', () => {
  test('[PX2] a promise is durable with the answer, and refuses what is below', () => {
    const acceptor = anAcceptor()
    const effects = acceptor.message(n2, { type: 'prepare', ballot: ballot(2, 'n2'), from: 1 })
    expect(effects.writes).toEqual([{ save: 'promise', value: [2, 'n2.1-a'] }])
    expect(sent(effects, 'promise')).toMatchObject([{ to: n2, message: { pvalues: [], base: 0 } }])

    const refused = acceptor.message(n3, { type: 'prepare', ballot: ballot(1, 'n3'), from: 1 })
    expect(refused.writes).toEqual([])
    expect(refused.sent).toEqual([{ to: n3, message: { type: 'preempted', ballot: ballot(2, 'n2') } }])
    acceptor.restart()
    expect(acceptor.state.promise).toEqual(ballot(2, 'n2'))
  })

  test('[PX2] of two ballots of one round the one with the greater opener wins (PMMC §2: lexicographic order)', () => {
    const acceptor = anAcceptor()
    acceptor.message(n3, { type: 'prepare', ballot: ballot(1, 'n3'), from: 1 })
    const effects = acceptor.message(n2, { type: 'prepare', ballot: ballot(1, 'n2'), from: 1 })
    expect(sent(effects, 'preempted')).toHaveLength(1)
  })

  test('[PX5] a promise reports what was accepted, piece by piece', () => {
    const acceptor = anAcceptor({}, { config: groupOf(3, { chunkSlots: 2 }) })
    for (const slot of [1, 2, 4]) acceptor.message(n2, accept(1, slot, `v${slot}`))
    const prepare = { type: 'prepare', ballot: ballot(2, 'n3') } as const
    const first = sent(acceptor.message(n3, { ...prepare, from: 1 }), 'promise')[0]?.message
    expect(first).toMatchObject({
      from: 1,
      next: 4,
      pvalues: [{ slot: 1, ballot: ballot(1, 'n2') }, { slot: 2 }],
    })
    const second = sent(acceptor.message(n3, { ...prepare, from: 4 }), 'promise')[0]?.message
    expect(second).toMatchObject({ from: 4, pvalues: [{ slot: 4, value: batch('v4') }] })
    expect(second).not.toHaveProperty('next')
  })
})

describe('phase 2 (Simple §2.2, PMMC Fig. 4)', () => {
  test('[PX24] the log does not keep what a value came in', () => {
    const acceptor = anAcceptor()
    const value = batch('a')
    const frame = new Uint8Array(100_000)
    frame.set(value, 500)
    const part = frame.subarray(500, 500 + value.length)
    acceptor.message(n2, { ...accept(1, 1, ''), value: part } as AcceptorMessage)
    const kept = () => acceptor.state.log.get(1)?.value
    expect(kept()).toEqual(new Uint8Array(value))
    expect(kept()?.buffer.byteLength).toBe(value.length)
    acceptor.restart()
    expect(kept()?.buffer.byteLength).toBeLessThan(2 * value.length + 1)
  })

  test('[PX3] an acceptor never accepts below its promise', () => {
    const acceptor = anAcceptor()
    acceptor.message(n3, { type: 'prepare', ballot: ballot(5, 'n3'), from: 1 })
    const effects = acceptor.message(n2, accept(4, 1, 'late'))
    expect(effects.writes).toEqual([])
    expect(sent(effects, 'preempted')).toHaveLength(1)
    expect(acceptor.state.log.size).toBe(0)
  })

  test('[PX3] accepting above the promise raises it, in the same turn', () => {
    const acceptor = anAcceptor()
    const effects = acceptor.message(n2, accept(4, 1, 'v'))
    expect(effects.writes.map(write => 'save' in write && write.save)).toEqual([
      'promise',
      'slot/00000000000001',
    ])
    expect(sent(effects, 'accepted')).toEqual([
      { to: n2, message: { type: 'accepted', ballot: ballot(4, 'n2'), slot: 1, incarnation: '1-a' } },
    ])
  })

  test('[PX4] a slot is accepted again at a higher ballot, never at a lower one', () => {
    const acceptor = anAcceptor()
    acceptor.message(n2, accept(1, 1, 'one'))
    acceptor.message(n3, accept(2, 1, 'two', 0, 'n3'))
    acceptor.message(n2, accept(1, 1, 'one'))
    expect(acceptor.state.log.get(1)).toEqual({ ballot: ballot(2, 'n3'), value: batch('two') })
  })

  test('[PX6] a value that replaces a chosen one breaks an invariant', () => {
    const acceptor = anAcceptor()
    acceptor.message(n2, accept(1, 1, 'chosen'))
    acceptor.message(n2, { type: 'chosen', ballot: ballot(1, 'n2'), chosen: 1 })
    expect(() => acceptor.message(n3, accept(2, 1, 'other', 0, 'n3'))).toThrow('PX6')
  })
})

describe('hints', () => {
  test('[PX18] a pre-vote is refused while a leader is heard, and promises nothing', () => {
    const acceptor = anAcceptor()
    acceptor.message(n2, { type: 'heartbeat', ballot: ballot(1, 'n2'), round: 1, chosen: 0 })
    const preVote = { type: 'preVote', campaign: 1, vouched: 0 } as const
    expect(sent(acceptor.message(n3, preVote), 'preVoted')).toMatchObject([{ message: { granted: false } }])
    acceptor.advance(400)
    const granted = acceptor.message(n3, preVote)
    expect(sent(granted, 'preVoted')).toMatchObject([{ message: { granted: true } }])
    expect(granted.writes).toEqual([])
  })

  test('[PX18] a candidate that lags is refused and told so', () => {
    const acceptor = anAcceptor({ base: [9, 9] })
    acceptor.advance(400)
    const effects = acceptor.message(n3, { type: 'preVote', campaign: 1, vouched: 8 })
    expect(sent(effects, 'preVoted')).toMatchObject([
      { message: { granted: false, behind: true, vouched: 9 } },
    ])
  })

  test('[PX18] a broken link to the leader counts as silence', () => {
    const acceptor = anAcceptor()
    acceptor.message(n2, { type: 'heartbeat', ballot: ballot(1, 'n2'), round: 1, chosen: 0 })
    acceptor.peer(nodeId('n2'), false)
    const effects = acceptor.message(n3, { type: 'preVote', campaign: 1, vouched: 0 })
    expect(sent(effects, 'preVoted')).toMatchObject([{ message: { granted: true } }])
  })

  test('[PX14] a round is confirmed only while nobody above was promised', () => {
    const acceptor = anAcceptor()
    acceptor.message(n2, { type: 'prepare', ballot: ballot(1, 'n2'), from: 1 })
    const confirm = { type: 'confirm', ballot: ballot(1, 'n2'), round: 3 } as const
    expect(sent(acceptor.message(n2, confirm), 'confirmed')).toMatchObject([{ message: { round: 3 } }])
    acceptor.message(n3, { type: 'prepare', ballot: ballot(2, 'n3'), from: 1 })
    const effects = acceptor.message(n2, confirm)
    expect(sent(effects, 'confirmed')).toEqual([])
    expect(sent(effects, 'preempted')).toHaveLength(1)
  })
})

test('[PX2] durable state is equal before a crash and after it', () => {
  const acceptor = anAcceptor({}, { config: groupOf(3, { tailSlots: 2 }) })
  for (let slot = 1; slot <= 6; slot++) acceptor.message(n2, accept(1, slot, `v${slot}`, slot - 1))
  acceptor.message(at('n1', 'learner'), { type: 'flushed', slot: 4 })
  acceptor.message(n3, { type: 'prepare', ballot: ballot(2, 'n3'), from: 1 })
  const recover = { type: 'recover', nonce: 'n', incarnation: '2-b', from: 0 } as const
  acceptor.message(at('n3', 'acceptor'), recover)
  const durable = () => ({ ...durableAcceptor(acceptor.state), log: [...acceptor.state.log] })
  const before = durable()
  acceptor.restart()
  expect(durable()).toEqual(before)
  expect(acceptor.state.claim).toEqual({ ballot: noBallot, chosen: 0 })
  expect(acceptor.state.handed).toBeUndefined()
})
