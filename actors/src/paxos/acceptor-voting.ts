/**
 * The acceptor's votes: phase 1b and phase 2b (Paxos Made Simple §2.2, PMMC Fig. 4), the answers that let a leader know
 * that it still leads, and the pre-vote.
 */
import { type Address, assert, type NodeId, type Now, nodeOf, type Outbox } from '@synod/runtime/protocol'
import { claimChosen, vouch } from './acceptor-log.ts'
import {
  type AcceptorState,
  pvaluesBetween,
  raisePromise,
  sameBytes,
  store,
  toProposer,
  voteOf,
} from './acceptor-state.ts'
import { type Ballot, compareBallots } from './ballot.ts'
import type { AcceptorMessage, ProposerMessage } from './messages.ts'

type Of<Type extends AcceptorMessage['type']> = Extract<AcceptorMessage, { type: Type }>

function send(to: Address, message: ProposerMessage, out: Outbox): void {
  out.send(to, message)
}

/** Says so when the sender's ballot is below the promise; else the sender leads, or is about to. */
function refused(state: AcceptorState, from: Address, ballot: Ballot, now: Now, out: Outbox): boolean {
  if (compareBallots(ballot, state.promise) < 0) {
    send(from, { type: 'preempted', ballot: state.promise }, out)
    return true
  }
  state.leader = nodeOf(from)
  state.heardMs = now.monotonicMs
  return false
}

export function onPrepare(
  state: AcceptorState,
  from: Address,
  message: Of<'prepare'>,
  now: Now,
  out: Outbox,
): void {
  if (!state.votes || refused(state, from, message.ballot, now, out)) return
  raisePromise(state, message.ballot, out)
  const { pvalues, next } = pvaluesBetween(state, message.from, state.top)
  send(
    from,
    {
      type: 'promise',
      ballot: message.ballot,
      from: message.from,
      ...(next === undefined ? {} : { next }),
      base: state.base,
      pvalues,
      ...voteOf(state),
    },
    out,
  )
}

export function onAccept(
  state: AcceptorState,
  from: Address,
  message: Of<'accept'>,
  now: Now,
  out: Outbox,
): void {
  if (!state.votes || refused(state, from, message.ballot, now, out)) return
  const { ballot, slot, value } = message
  raisePromise(state, ballot, out)
  claimChosen(state, ballot, message.chosen, out)
  if (slot > state.vouched) {
    const before = state.log.get(slot)
    assert(
      before === undefined || compareBallots(before.ballot, ballot) <= 0,
      'PX4: an accepted ballot never goes back',
    )
    store(state, slot, { ballot, value }, out)
    vouch(state, out)
  } else {
    assertChosen(state, slot, value)
  }
  send(from, { type: 'accepted', ballot, slot, ...voteOf(state) }, out)
}

/** What is chosen is proposed by every later ballot: there is nothing to write again. */
function assertChosen(state: AcceptorState, slot: number, value: Uint8Array): void {
  const chosen = state.log.get(slot)?.value
  if (chosen !== undefined) assert(sameBytes(chosen, value), 'PX6: a chosen value is never replaced')
}

export function onHeartbeat(
  state: AcceptorState,
  from: Address,
  message: Of<'heartbeat'>,
  now: Now,
  out: Outbox,
): void {
  if (refused(state, from, message.ballot, now, out)) return
  claimChosen(state, message.ballot, message.chosen, out)
  toProposer(state, { type: 'heard', leader: nodeOf(from), ballot: message.ballot }, out)
  onConfirm(state, from, message, now, out)
}

/**
 * No promise above the asker's ballot at this moment: whoever leads later needs the promise of a majority, thus of one
 * that says so here, and gets it after this. So nothing that the asker does not know was chosen before (rule PX14).
 */
export function onConfirm(
  state: AcceptorState,
  from: Address,
  message: Of<'heartbeat'> | Of<'confirm'>,
  now: Now,
  out: Outbox,
): void {
  if (!state.votes || refused(state, from, message.ballot, now, out)) return
  const { ballot, round } = message
  send(from, { type: 'confirmed', ballot, round, vouched: state.vouched }, out)
}

/** A hint, not a vote: nothing is promised. It spares a working leader the visit of one who merely cannot hear it. */
export function onPreVote(
  state: AcceptorState,
  from: Address,
  message: Of<'preVote'>,
  now: Now,
  out: Outbox,
): void {
  if (!state.votes) return
  const { electionMinMs, candidateLagSlots } = state.place.tuning
  const { campaign, vouched = state.vouched } = message
  const behind = vouched < Math.max(state.base, state.vouched - candidateLagSlots)
  const leaderIsHeard = now.monotonicMs - state.heardMs < electionMinMs
  const granted = !behind && !leaderIsHeard
  send(from, { type: 'preVoted', campaign, granted, behind, vouched: state.vouched }, out)
}

/** The link to the leader broke: a candidate need not wait until it is missed. */
export function onPeer(state: AcceptorState, node: NodeId, reachable: boolean): void {
  if (!reachable && node === state.leader) state.heardMs = Number.NEGATIVE_INFINITY
}
