import { expect, test } from 'vitest'
import { decodeBatch } from '../replicated/machine-host.ts'
import { at, ballot, sent } from './actors.fixture.ts'
import {
  accepted,
  accepts,
  ballotOf,
  flush,
  leading,
  learner,
  own,
  preVoted,
  promise,
  propose,
} from './proposer.fixture.ts'

test('[PX14] one round for all tokens of a turn; a majority confirms what was chosen when it started', () => {
  const proposer = leading()
  propose(proposer, [], [1])
  propose(proposer, [], [2])
  const confirms = sent(flush(proposer), 'confirm')
  expect(confirms).toHaveLength(3)
  accepted(proposer, 'n1', 1)
  accepted(proposer, 'n2', 1)
  const round = confirms[0]?.message.round as number
  const confirm = { type: 'confirmed', ballot: ballotOf(proposer), round, vouched: 0 } as const
  expect(sent(proposer.message(own, confirm), 'paxos.confirmed')).toEqual([])
  const effects = proposer.message(at('n3', 'acceptor'), confirm)
  const message = { type: 'paxos.confirmed', side: 7, tokens: [1, 2], chosen: 0 }
  expect(sent(effects, 'paxos.confirmed')).toEqual([{ to: learner, message }])
})

test('[PX14] answers to an earlier round, or to another ballot, confirm nothing', () => {
  const proposer = leading()
  propose(proposer, [], [1])
  const round = sent(flush(proposer), 'confirm')[0]?.message.round as number
  for (const node of ['n1', 'n2', 'n3']) {
    const early = { type: 'confirmed', ballot: ballotOf(proposer), round: round - 1, vouched: 0 } as const
    expect(sent(proposer.message(at(node, 'acceptor'), early), 'paxos.confirmed')).toEqual([])
    const other = { ...early, round, ballot: ballot(9) }
    expect(sent(proposer.message(at(node, 'acceptor'), other), 'paxos.confirmed')).toEqual([])
  }
})

test('[PX14] a lost round is confirmed by the next one', () => {
  const proposer = leading()
  propose(proposer, [], [1])
  flush(proposer)
  const round = sent(proposer.timer('tick'), 'heartbeat')[0]?.message.round as number
  const later = { type: 'confirmed', ballot: ballotOf(proposer), round, vouched: 0 } as const
  proposer.message(own, later)
  expect(sent(proposer.message(at('n2', 'acceptor'), later), 'paxos.confirmed')).toHaveLength(1)
})

test('[PX23] what the leader side of an earlier ballot proposes is not taken into this one', () => {
  const proposer = leading()
  const before = ballotOf(proposer)
  proposer.message(own, { type: 'preempted', ballot: ballot(5) })
  proposer.timer('election')
  for (const node of ['n1', 'n2']) preVoted(proposer, node, { campaign: 2 })
  for (const node of ['n1', 'n2']) promise(proposer, node)
  // Its learner has not read yet that the lead was lost, and is back.
  propose(proposer, ['late'], [1], before)
  propose(proposer, ['new'])
  expect(accepts(flush(proposer)).map(({ value }) => decodeBatch(value as Uint8Array).commands)).toEqual([
    ['new'],
  ])
  expect(proposer.state.phase).toMatchObject({ tokens: [] })
})

test('[PX13, PX23] after its learner started anew the next leader side begins behind what was proposed', () => {
  const proposer = leading()
  propose(proposer, ['first'])
  flush(proposer)
  propose(proposer, ['second'])
  const [lead] = sent(proposer.message(learner, { type: 'learnerStarted' }), 'paxos.lead')
  const { phase } = proposer.state
  if (phase.name !== 'leading') return expect.unreachable(phase.name)
  expect(lead?.message.slot).toBe(phase.nextSlot - 1)
  expect(phase.waiting).toEqual([])
})

test('[PX23] tokens of an earlier leader side are dropped', () => {
  const proposer = leading()
  propose(proposer, [], [1])
  proposer.message(learner, {
    type: 'propose',
    ballot: ballotOf(proposer),
    side: 8,
    commands: [],
    tokens: [1],
  })
  flush(proposer)
  expect(proposer.state.phase).toMatchObject({ reads: [{ side: 8, tokens: [1] }] })
})
