import { nodeId } from '@synod/runtime/protocol'
import type { TestActor } from '@synod/runtime/simulation'
import { describe, expect, test } from 'vitest'
import { decodeBatch } from '../replicated/machine-host.ts'
import { aProposer, at, ballot, batch, groupOf, sent } from './actors.fixture.ts'
import type { Pvalue } from './ballot.ts'
import type { PaxosConfig, Tuning } from './config.ts'
import type { ProposerMessage } from './messages.ts'
import type { ProposerState } from './proposer-state.ts'

type Proposer = TestActor<ProposerState, ProposerMessage, PaxosConfig>
const own = at('n1', 'acceptor')
const learner = at('n1', 'learner')

function promise(
  proposer: Proposer,
  node: string,
  parts: { pvalues?: Pvalue[]; base?: number; lives?: Record<string, number> } = {},
) {
  const { phase } = proposer.state
  if (phase.name !== 'scouting') throw new Error(phase.name)
  const { pvalues = [], base = 0, lives } = parts
  return proposer.message(at(node, 'acceptor'), {
    ...{ type: 'promise', ballot: phase.ballot, from: phase.from, base, pvalues, incarnation: '1-a' },
    ...(lives && { lives }),
  })
}

/** Its own acceptor grants and says how much is chosen: it scouts. */
function scouting(vouched = 0, tuning: Partial<Tuning> = {}, members = 3): Proposer {
  const proposer = aProposer({}, { config: groupOf(members, tuning) })
  proposer.message(own, { type: 'preVoted', campaign: 1, granted: true, behind: false, vouched })
  expect(proposer.state.phase.name).toBe('scouting')
  return proposer
}

function leading(tuning: Partial<Tuning> = {}): Proposer {
  const proposer = scouting(0, tuning)
  promise(proposer, 'n1')
  promise(proposer, 'n2')
  expect(proposer.state.phase.name).toBe('leading')
  return proposer
}

function ballotOf(proposer: Proposer) {
  const { phase } = proposer.state
  if (!('ballot' in phase)) throw new Error(phase.name)
  return phase.ballot
}

function accepted(
  proposer: Proposer,
  node: string,
  slot: number,
  parts: { incarnation?: string; lives?: Record<string, number> } = {},
) {
  return proposer.message(at(node, 'acceptor'), {
    ...{ type: 'accepted', ballot: ballotOf(proposer), slot, incarnation: '1-a' },
    ...parts,
  })
}

function propose(proposer: Proposer, commands: unknown[], tokens: number[] = []) {
  return proposer.message(learner, { type: 'propose', side: 7, commands, tokens })
}

/** The flush that it sent itself comes round. */
function flush(proposer: Proposer) {
  const { phase } = proposer.state
  return proposer.message(proposer.self, { type: 'flush', seen: phase.name === 'leading' ? phase.asked : 0 })
}

function accepts(effects: Parameters<typeof sent>[0]) {
  return sent(effects, 'accept')
    .filter(({ to }) => to === own)
    .map(({ message }) => message)
}

describe('phase 1 (PMMC Fig. 5, scout)', () => {
  test('[PX1] the round is saved in the turn that sends prepare, and grows over restarts', () => {
    const proposer = aProposer({ round: 4 })
    proposer.timer('election')
    const effects = proposer.message(own, {
      type: 'preVoted',
      campaign: 1,
      granted: true,
      behind: false,
      vouched: 0,
    })
    expect(sent(effects, 'preVote')).toHaveLength(2)
    const scout = proposer.message(at('n2', 'acceptor'), {
      type: 'preVoted',
      campaign: 1,
      granted: true,
      behind: false,
      vouched: 0,
    })
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
    const later = proposer.message(own, {
      type: 'preVoted',
      campaign: asked,
      granted: false,
      behind: false,
      vouched: 6,
    })
    expect(accepts(later).map(({ slot }) => slot)).toEqual([7, 8, 9])
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

  test('[PX19] preempted by a higher ballot it stands back, and starts above it', () => {
    const proposer = scouting()
    proposer.message(at('n2', 'acceptor'), { type: 'preempted', ballot: ballot(9, 'n3') })
    expect(proposer.state.phase.name).toBe('following')
    proposer.timer('election')
    proposer.message(own, { type: 'preVoted', campaign: 2, granted: true, behind: false, vouched: 0 })
    proposer.message(at('n2', 'acceptor'), {
      type: 'preVoted',
      campaign: 2,
      granted: true,
      behind: false,
      vouched: 0,
    })
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
    proposer.message(own, { type: 'preVoted', campaign: 1, granted: true, behind: false, vouched: 0 })
    for (const node of ['n1', 'n2', 'n3']) promise(proposer, node)
    accepted(proposer, 'n1', 1)
    accepted(proposer, 'n2', 1)
    accepted(proposer, 'n3', 1, { lives: { n2: 2 } })
    expect(proposer.state.phase).toMatchObject({ chosen: 0 })
    accepted(proposer, 'n2', 1, { incarnation: '2-b' })
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

describe('linearizable reads', () => {
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

  test('[PX23] tokens of an earlier leader side are dropped', () => {
    const proposer = leading()
    propose(proposer, [], [1])
    proposer.message(learner, { type: 'propose', side: 8, commands: [], tokens: [1] })
    flush(proposer)
    expect(proposer.state.phase).toMatchObject({ reads: [{ side: 8, tokens: [1] }] })
  })
})

describe('elections', () => {
  test('[PX18] nobody scouts before a majority would promise', () => {
    const proposer = aProposer({ round: 1 })
    proposer.timer('election')
    const denied = proposer.message(own, {
      type: 'preVoted',
      campaign: 1,
      granted: false,
      behind: false,
      vouched: 0,
    })
    expect(denied.sent).toEqual([])
    proposer.timer('election')
    const asked = proposer.message(own, {
      type: 'preVoted',
      campaign: 2,
      granted: true,
      behind: false,
      vouched: 3,
    })
    expect(sent(asked, 'preVote')).toMatchObject([{ message: { vouched: 3 } }, { message: { vouched: 3 } }])
    proposer.message(at('n3', 'acceptor'), {
      type: 'preVoted',
      campaign: 1,
      granted: true,
      behind: false,
      vouched: 0,
    })
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
    proposer.message(own, { type: 'preVoted', campaign: 1, granted: true, behind: false, vouched: 0 })
    proposer.message(at('n2', 'acceptor'), {
      type: 'preVoted',
      campaign: 1,
      granted: true,
      behind: false,
      vouched: 0,
    })
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

  test('[PX19] who is given the lead scouts without asking', () => {
    const proposer = aProposer({ round: 1 })
    proposer.message(own, { type: 'heard', leader: nodeId('n2'), ballot: ballot(3, 'n2') })
    proposer.message(at('n2', 'proposer'), { type: 'transfer', ballot: ballot(3, 'n2') })
    proposer.message(own, { type: 'preVoted', campaign: 1, granted: false, behind: false, vouched: 0 })
    expect(proposer.state).toMatchObject({ round: 4, phase: { name: 'scouting' } })
  })

  test('[PX20] beside an acceptor without memory it waits', () => {
    const proposer = aProposer({}, { amnesiac: true })
    proposer.timer('election')
    expect(proposer.state.phase.name).toBe('following')
    proposer.message(own, { type: 'voting' })
    proposer.timer('election')
    expect(proposer.state.phase.name).toBe('asking')
  })
})

test('[PX1] durable state is equal before a crash and after it, and the rest is as at the start', () => {
  const proposer = leading()
  const { round } = proposer.state
  proposer.restart()
  expect(proposer.state).toEqual(aProposer({ round }).state)
})
