import { describe, expect, test } from 'vitest'
import { decodeBatch } from '../replicated/machine-host.ts'
import { aProposer, at, ballot, batch, groupOf, sent } from './actors.fixture.ts'
import {
  accepted,
  accepts,
  ballotOf,
  flush,
  leading,
  own,
  preVoted,
  promise,
  propose,
  scouting,
} from './proposer.fixture.ts'
import type { Leading } from './proposer-state.ts'

describe('phase 1 (PMMC Fig. 5, scout)', () => {
  test('[PX1] the round is saved in the turn that sends prepare, and grows over restarts', () => {
    const proposer = aProposer({ round: 4 })
    proposer.timer('election')
    const effects = preVoted(proposer, 'n1')
    expect(sent(effects, 'preVote')).toHaveLength(2)
    const scout = preVoted(proposer, 'n2')
    expect(scout.writes).toEqual([{ save: 'round', value: 5 }])
    expect(sent(scout, 'prepare')).toHaveLength(3)
    proposer.restart()
    expect(proposer.state).toMatchObject({ round: 5, phase: { name: 'following' } })
  })

  test('[PX1] a new life opens other ballots', () => {
    const proposer = aProposer({}, { incarnation: '2-b' })
    expect(proposer.state.by).toBe('n1.2-b')
  })

  test('[PX5] the value of the highest ballot is proposed again, gaps get no-ops, then one of our own', () => {
    const proposer = scouting(1)
    promise(proposer, 'n1', { pvalues: [{ slot: 2, ballot: ballot(1), value: batch('low') }] })
    const effects = promise(proposer, 'n3', {
      pvalues: [
        { slot: 2, ballot: ballot(3, 'n3'), value: batch('high') },
        { slot: 4, ballot: ballot(2, 'n3'), value: batch('four') },
      ],
    })
    const proposed = accepts(effects).map(({ slot, value }) => [
      slot,
      decodeBatch(value as Uint8Array).commands,
    ])
    expect(proposed).toEqual([
      [2, ['high']],
      [3, []],
      [4, ['four']],
      [5, []],
    ])
    expect(sent(effects, 'paxos.lead')).toMatchObject([{ message: { slot: 5 } }])
  })

  test('[PX11] below a base it waits for the snapshot, and proposes nothing', () => {
    const proposer = scouting(1)
    promise(proposer, 'n1')
    const effects = promise(proposer, 'n3', {
      base: 6,
      pvalues: [{ slot: 8, ballot: ballot(1, 'n3'), value: batch('eight') }],
    })
    expect(accepts(effects)).toEqual([])
    expect(sent(effects, 'catchUp')).toMatchObject([{ to: own, message: { node: 'n3', slot: 6 } }])
    const asked = sent(proposer.timer('tick'), 'preVote')[0]?.message.campaign as number
    const later = preVoted(proposer, 'n1', { campaign: asked, granted: false, vouched: 6 })
    expect(accepts(later).map(({ slot }) => slot)).toEqual([7, 8, 9])
  })

  test('[PX11] a base at the very first slot that it does not know is above what it knows', () => {
    const proposer = scouting(4)
    promise(proposer, 'n1')
    promise(proposer, 'n2', { base: 5 })
    expect(proposer.state.phase).toMatchObject({ name: 'catchingUp', base: 5 })
    const caughtUp = (vouched: number) => {
      const campaign = sent(proposer.timer('tick'), 'preVote')[0]?.message.campaign as number
      return accepts(preVoted(proposer, 'n1', { campaign, granted: false, vouched }))
    }
    expect(caughtUp(4)).toEqual([])
    expect(proposer.state.phase.name).toBe('catchingUp')
    expect(caughtUp(5).map(({ slot }) => slot)).toEqual([6])
  })

  test('[PX22] a promise of a life that is over does not count', () => {
    const proposer = scouting(0, {}, 5)
    promise(proposer, 'n1')
    promise(proposer, 'n2')
    promise(proposer, 'n3', { lives: { n2: 2 } })
    expect(proposer.state.phase.name).toBe('scouting')
    promise(proposer, 'n4')
    expect(proposer.state.phase.name).toBe('leading')
  })

  test('[PX22] the new life of who promised before promises anew', () => {
    const proposer = scouting(0, {}, 5)
    promise(proposer, 'n1')
    promise(proposer, 'n2')
    promise(proposer, 'n3', { lives: { n2: 2 } })
    promise(proposer, 'n2', { incarnation: '2-b' })
    expect(proposer.state.phase.name).toBe('leading')
  })

  test('[PX19] preempted by a higher ballot it stands back, and starts above it', () => {
    const proposer = scouting()
    proposer.message(at('n2', 'acceptor'), { type: 'preempted', ballot: ballot(9, 'n3') })
    expect(proposer.state.phase.name).toBe('following')
    proposer.timer('election')
    preVoted(proposer, 'n1', { campaign: 2 })
    preVoted(proposer, 'n2', { campaign: 2 })
    expect(ballotOf(proposer).round).toBe(10)
  })
})

describe('phase 2 (PMMC Fig. 5 and 6, commander and leader)', () => {
  test('[PX8] what is asked in one turn makes one slot, in order', () => {
    const proposer = leading()
    const first = propose(proposer, ['a'])
    expect(sent(first, 'flush')).toHaveLength(1)
    expect(sent(propose(proposer, ['b', 'c']), 'flush')).toHaveLength(0)
    // More was asked since the flush was sent: it goes round once more.
    const again = proposer.message(proposer.self, { type: 'flush', seen: 1 })
    expect(sent(again, 'flush')).toHaveLength(1)
    const [accept] = accepts(flush(proposer))
    expect(accept?.slot).toBe(2)
    expect(decodeBatch(accept?.value as Uint8Array).commands).toEqual(['a', 'b', 'c'])
  })

  test('[PX8] a batch is bounded by count and by bytes', () => {
    const proposer = leading({ batchCommands: 3, batchBytes: 160 })
    propose(proposer, [1, 2, 3, 4, 'x'.repeat(90), 'y'.repeat(90)])
    const batches = accepts(flush(proposer)).map(
      ({ value }) => decodeBatch(value as Uint8Array).commands.length,
    )
    expect(batches).toEqual([3, 2, 1])
  })

  test('[PX7] no more slots than the window are in flight; what waits goes together', () => {
    const proposer = leading({ window: 2 })
    propose(proposer, ['a'])
    expect(accepts(flush(proposer))).toHaveLength(1)
    propose(proposer, ['b'])
    expect(accepts(flush(proposer))).toHaveLength(0)
    propose(proposer, ['c'])
    flush(proposer)
    accepted(proposer, 'n1', 1)
    const [accept] = accepts(accepted(proposer, 'n2', 1))
    expect(decodeBatch(accept?.value as Uint8Array).commands).toEqual(['b', 'c'])
  })

  test('[PX7] what is in flight is bounded by bytes, and goes on when some of it is chosen', () => {
    const proposer = leading({ windowBytes: 200, batchBytes: 100 })
    const [noOp] = [...(proposer.state.phase as Leading).commanders.values()].map(({ value }) => value.length)
    propose(
      proposer,
      ['a', 'b', 'c', 'd', 'e'].map(letter => letter.repeat(90)),
    )
    const first = accepts(flush(proposer))
    const [each = 0] = first.map(({ value }) => (value as Uint8Array).length)
    expect(first).toHaveLength(Math.ceil((200 - (noOp ?? 0)) / each))
    for (const node of ['n1', 'n2']) accepted(proposer, node, 1)
    accepted(proposer, 'n1', 2)
    expect(accepts(accepted(proposer, 'n2', 2))).toHaveLength(1)
  })

  test('[PX9] the chosen index follows majorities at our own ballot, without gaps', () => {
    const proposer = leading()
    propose(proposer, ['a'])
    flush(proposer)
    accepted(proposer, 'n1', 2)
    expect(sent(accepted(proposer, 'n3', 2), 'chosen')).toEqual([])
    accepted(proposer, 'n1', 1)
    accepted(proposer, 'n1', 1)
    const effects = accepted(proposer, 'n3', 1)
    expect(sent(effects, 'chosen')).toMatchObject([{ to: own, message: { chosen: 2 } }])
  })

  test('[PX9] votes for another ballot of ours do not count', () => {
    const proposer = leading()
    const old = { ...ballotOf(proposer), round: 0 }
    for (const node of ['n1', 'n2', 'n3']) {
      proposer.message(at(node, 'acceptor'), { type: 'accepted', ballot: old, slot: 1, incarnation: '1-a' })
    }
    expect(proposer.state.phase).toMatchObject({ chosen: 0 })
  })

  test('[PX22] a vote from a life that is over is taken back', () => {
    const config = groupOf(5)
    const proposer = aProposer({}, { config })
    preVoted(proposer, 'n1')
    for (const node of ['n1', 'n2', 'n3']) promise(proposer, node)
    accepted(proposer, 'n1', 1)
    accepted(proposer, 'n2', 1)
    accepted(proposer, 'n3', 1, { lives: { n2: 2 } })
    expect(proposer.state.phase).toMatchObject({ chosen: 0 })
    accepted(proposer, 'n2', 1, { incarnation: '2-b' })
    expect(proposer.state.phase).toMatchObject({ chosen: 1 })
  })

  test('[PX22] a vote from a life that is over does not count when it comes late', () => {
    const proposer = aProposer({}, { config: groupOf(5) })
    preVoted(proposer, 'n1')
    for (const node of ['n1', 'n2', 'n3']) promise(proposer, node)
    accepted(proposer, 'n2', 1, { lives: { n3: 2 } })
    accepted(proposer, 'n3', 1)
    accepted(proposer, 'n1', 1)
    expect(proposer.state.phase).toMatchObject({ chosen: 0 })
    accepted(proposer, 'n3', 1, { incarnation: '2-b' })
    expect(proposer.state.phase).toMatchObject({ chosen: 1 })
  })

  test('[PX19] what is not answered is sent again, to who did not answer', () => {
    const proposer = leading()
    accepted(proposer, 'n2', 1)
    proposer.timer('tick')
    const effects = proposer.timer('tick')
    expect(sent(effects, 'accept').map(({ to }) => to)).toEqual([own, at('n3', 'acceptor')])
  })

  test('[PX19] a leader that no majority answers stops', () => {
    const proposer = leading()
    let ticks = 0
    while (proposer.state.phase.name === 'leading' && ticks < 50) {
      proposer.message(own, { type: 'confirmed', ballot: ballotOf(proposer), round: ++ticks, vouched: 0 })
      proposer.timer('tick')
    }
    expect(ticks).toBeLessThan(12)
    expect(proposer.state.leader).toBeUndefined()
  })
})

test('[PX1] durable state is equal before a crash and after it, and the rest is as at the start', () => {
  const proposer = leading()
  const { round } = proposer.state
  proposer.restart()
  expect(proposer.state).toEqual(aProposer({ round }).state)
})
