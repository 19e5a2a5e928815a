import { nodeId } from '@synod/runtime/protocol'
import { expect, test } from 'vitest'
import { aProposer, at, ballot, groupOf, sent } from './actors.fixture.ts'
import { accepted, ballotOf, flush, own, preVoted, promise, propose } from './proposer.fixture.ts'

test('[PX18] nobody scouts before a majority would promise', () => {
  const proposer = aProposer({ round: 1 })
  proposer.timer('election')
  const denied = preVoted(proposer, 'n1', { granted: false })
  expect(denied.sent).toEqual([])
  proposer.timer('election')
  const asked = preVoted(proposer, 'n1', { campaign: 2, vouched: 3 })
  expect(sent(asked, 'preVote')).toMatchObject([{ message: { vouched: 3 } }, { message: { vouched: 3 } }])
  preVoted(proposer, 'n3')
  expect(proposer.state.phase.name).toBe('preVoting')
})

test('[PX19] a heartbeat puts the election off; a broken link brings it forward', () => {
  const proposer = aProposer({ round: 1 })
  proposer.message(own, { type: 'heard', leader: nodeId('n2'), ballot: ballot(3, 'n2') })
  expect(proposer.out.armed.get('election')).toBeGreaterThanOrEqual(400)
  proposer.peer(nodeId('n2'), false)
  expect(proposer.out.armed.get('election')).toBeLessThan(100)
})

test('[PX19] the preferred member is given the lead once it keeps up', () => {
  const config = { ...groupOf(3, { handOverMs: 300 }) }
  const group = { ...config.group, preferred: nodeId('n2') }
  const proposer = aProposer({}, { config: { ...config, group } })
  proposer.timer('election')
  preVoted(proposer, 'n1')
  preVoted(proposer, 'n2')
  promise(proposer, 'n1')
  promise(proposer, 'n3')
  const transfers: unknown[] = []
  for (let tick = 1; tick <= 5; tick++) {
    for (const node of ['n1', 'n2']) {
      proposer.message(at(node, 'acceptor'), {
        type: 'confirmed',
        ballot: ballotOf(proposer),
        round: tick,
        vouched: 0,
      })
    }
    transfers.push(...sent(proposer.timer('tick'), 'transfer').map(({ to }) => to))
  }
  expect(transfers).toEqual([at('n2', 'proposer')])
})

test('[PX19] the preferred member is not given the lead while it lags by more than the window', () => {
  const { group, tuning } = groupOf(3, { handOverMs: 300, window: 2 })
  const config = { group: { ...group, preferred: nodeId('n2') }, ...(tuning && { tuning }) }
  const proposer = aProposer({}, { config })
  proposer.timer('election')
  preVoted(proposer, 'n1')
  preVoted(proposer, 'n2')
  promise(proposer, 'n1')
  promise(proposer, 'n3')
  for (let slot = 1; slot <= 4; slot++) {
    for (const node of ['n1', 'n3']) accepted(proposer, node, slot)
    propose(proposer, [slot])
    flush(proposer)
  }
  expect(proposer.state.phase).toMatchObject({ chosen: 4 })
  let round = 0
  const transfers = (vouched: number): unknown[] =>
    [1, 2, 3, 4, 5].flatMap(() => {
      round++
      for (const node of ['n1', 'n2']) {
        const ballot = ballotOf(proposer)
        proposer.message(at(node, 'acceptor'), { type: 'confirmed', ballot, round, vouched })
      }
      return sent(proposer.timer('tick'), 'transfer')
    })
  expect(transfers(1)).toEqual([])
  expect(transfers(2)).toHaveLength(1)
})

test('[PX19] who scouts does not yield to the heartbeat of a lower ballot', () => {
  const proposer = aProposer({ round: 1 })
  const heard = (round: number, leader: string) =>
    proposer.message(own, { type: 'heard', leader: nodeId(leader), ballot: ballot(round, leader) })
  heard(3, 'n2')
  proposer.timer('election')
  preVoted(proposer, 'n1')
  preVoted(proposer, 'n3')
  expect(ballotOf(proposer).round).toBe(4)
  heard(3, 'n2')
  expect(proposer.state.phase.name).toBe('scouting')
  heard(4, 'n2')
  expect(proposer.state.phase.name).toBe('following')
})

test('[PX19] a leader that was deposed has nothing to hand over', () => {
  const proposer = aProposer({ round: 1 })
  proposer.message(own, { type: 'heard', leader: nodeId('n3'), ballot: ballot(4, 'n3') })
  const effects = proposer.message(at('n2', 'proposer'), { type: 'transfer', ballot: ballot(3, 'n2') })
  expect(effects.sent).toEqual([])
  expect(proposer.state).toMatchObject({ phase: { name: 'following' }, campaign: 0 })
})

test('[PX19] who is given the lead scouts without asking', () => {
  const proposer = aProposer({ round: 1 })
  proposer.message(own, { type: 'heard', leader: nodeId('n2'), ballot: ballot(3, 'n2') })
  proposer.message(at('n2', 'proposer'), { type: 'transfer', ballot: ballot(3, 'n2') })
  preVoted(proposer, 'n1', { granted: false })
  expect(proposer.state).toMatchObject({ round: 4, phase: { name: 'scouting' } })
})

test('[PX19] a heartbeat of who hands over takes nothing back; another leader does', () => {
  const proposer = aProposer({ round: 1 })
  const heard = (round: number, leader: string) =>
    proposer.message(own, { type: 'heard', leader: nodeId(leader), ballot: ballot(round, leader) })
  heard(3, 'n2')
  proposer.message(at('n2', 'proposer'), { type: 'transfer', ballot: ballot(3, 'n2') })
  heard(3, 'n2')
  preVoted(proposer, 'n1', { granted: false })
  expect(proposer.state.phase.name).toBe('scouting')

  const other = aProposer({ round: 1 })
  other.message(own, { type: 'heard', leader: nodeId('n2'), ballot: ballot(3, 'n2') })
  other.message(at('n2', 'proposer'), { type: 'transfer', ballot: ballot(3, 'n2') })
  other.message(own, { type: 'heard', leader: nodeId('n3'), ballot: ballot(4, 'n3') })
  expect(other.state.phase.name).toBe('following')
})

test('[PX20] beside an acceptor without memory it waits', () => {
  const proposer = aProposer({}, { amnesiac: true })
  proposer.timer('election')
  expect(proposer.state.phase.name).toBe('following')
  proposer.message(own, { type: 'voting' })
  proposer.timer('election')
  expect(proposer.state.phase.name).toBe('asking')
})
