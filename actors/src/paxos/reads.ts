/** Linearizable reads without leases: one quorum round for all that a turn asks (PX14). */
import { type Address, assert, nodeOf, type Outbox } from '@synod/runtime/protocol'
import { sameBallot } from './ballot.ts'
import type { ProposerMessage } from './messages.ts'
import { type Leading, type ProposerState, toAcceptors, toLearner } from './proposer-state.ts'

type Of<Type extends ProposerMessage['type']> = Extract<ProposerMessage, { type: Type }>

/** All read points that were asked in this turn share a round. */
export function startReadRound(state: ProposerState, phase: Leading, out: Outbox): void {
  if (phase.tokens.length === 0) return
  const round = ++phase.confirmRound
  phase.reads.push({ round, side: phase.side, tokens: phase.tokens, chosen: phase.chosen })
  phase.tokens = []
  toAcceptors(state, { type: 'confirm', ballot: phase.ballot, round }, out)
}

/** An acceptor has not promised anybody above us when it got this round. */
export function onConfirmed(
  state: ProposerState,
  from: Address,
  message: Of<'confirmed'>,
  out: Outbox,
): void {
  const { phase } = state
  if (phase.name !== 'leading' || !sameBallot(message.ballot, phase.ballot)) return
  const node = nodeOf(from)
  const round = Math.max(message.round, phase.heard.get(node)?.round ?? 0)
  phase.heard.set(node, { round, vouched: message.vouched, tick: phase.ticks })
  const confirmed = quorumRound(phase, state.place.majority)
  while ((phase.reads[0]?.round ?? Number.POSITIVE_INFINITY) <= confirmed) {
    const read = phase.reads.shift()
    assert(read !== undefined, 'a read round is there')
    const { side, tokens, chosen } = read
    toLearner(state, { type: 'paxos.confirmed', side, tokens, chosen }, out)
  }
}

/** The highest round that a majority has answered, it or a later one. */
function quorumRound(phase: Leading, majority: number): number {
  const rounds = [...phase.heard.values()].map(heard => heard.round).sort((left, right) => right - left)
  return rounds[majority - 1] ?? 0
}
