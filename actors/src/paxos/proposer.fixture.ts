/** A proposer under test, and what acceptors and the learner say to it. */
import type { TestActor } from '@synod/runtime/simulation'
import { expect } from 'vitest'
import { aProposer, at, groupOf, sent } from './actors.fixture.ts'
import { type Ballot, noBallot, type Pvalue } from './ballot.ts'
import type { PaxosConfig, Tuning } from './config.ts'
import type { ProposerMessage } from './messages.ts'
import type { ProposerState } from './proposer-state.ts'

export type Proposer = TestActor<ProposerState, ProposerMessage, PaxosConfig>
export const own = at('n1', 'acceptor')
export const learner = at('n1', 'learner')

export function promise(
  proposer: Proposer,
  node: string,
  parts: { pvalues?: Pvalue[]; base?: number; incarnation?: string; lives?: Record<string, number> } = {},
) {
  const { phase } = proposer.state
  if (phase.name !== 'scouting') throw new Error(phase.name)
  const { pvalues = [], base = 0, incarnation = '1-a', lives } = parts
  return proposer.message(at(node, 'acceptor'), {
    ...{ type: 'promise', ballot: phase.ballot, from: phase.from, base, pvalues, incarnation },
    ...(lives && { lives }),
  })
}

/** By default the acceptor of `node` grants the first campaign. */
export function preVoted(
  proposer: Proposer,
  node: string,
  parts: { campaign?: number; granted?: boolean; vouched?: number } = {},
) {
  return proposer.message(at(node, 'acceptor'), {
    ...{ type: 'preVoted', campaign: 1, granted: true, behind: false, vouched: 0 },
    ...parts,
  })
}

/** Its own acceptor grants and says how much is chosen: it scouts. */
export function scouting(vouched = 0, tuning: Partial<Tuning> = {}, members = 3): Proposer {
  const proposer = aProposer({}, { config: groupOf(members, tuning) })
  proposer.message(own, { type: 'preVoted', campaign: 1, granted: true, behind: false, vouched })
  expect(proposer.state.phase.name).toBe('scouting')
  return proposer
}

export function leading(tuning: Partial<Tuning> = {}): Proposer {
  const proposer = scouting(0, tuning)
  promise(proposer, 'n1')
  promise(proposer, 'n2')
  expect(proposer.state.phase.name).toBe('leading')
  return proposer
}

export function ballotOf(proposer: Proposer) {
  const { phase } = proposer.state
  if (!('ballot' in phase)) throw new Error(phase.name)
  return phase.ballot
}

export function accepted(
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

export function propose(proposer: Proposer, commands: unknown[], tokens: number[] = [], under?: Ballot) {
  const { phase } = proposer.state
  const ballot = under ?? ('ballot' in phase ? phase.ballot : noBallot)
  return proposer.message(learner, { type: 'propose', ballot, side: 7, commands, tokens })
}

/** The flush that it sent itself comes round. */
export function flush(proposer: Proposer) {
  const { phase } = proposer.state
  return proposer.message(proposer.self, { type: 'flush', seen: phase.name === 'leading' ? phase.asked : 0 })
}

export function accepts(effects: Parameters<typeof sent>[0]) {
  return sent(effects, 'accept')
    .filter(({ to }) => to === own)
    .map(({ message }) => message)
}
