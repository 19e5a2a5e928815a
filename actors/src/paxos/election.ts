/**
 * When to try to lead: randomised time-outs, the pre-vote, preemption, hand-over. None of it matters for safety; all of
 * it for progress (Paxos Made Simple §2.4: a distinguished proposer; PMMC §3 "liveness").
 */
import { type Address, type NodeId, nodeOf, type Outbox } from '@synod/runtime/protocol'
import { type Ballot, compareBallots, maxBallot, sameBallot } from './ballot.ts'
import { awaitLeader, stepDown } from './following.ts'
import type { ProposerMessage } from './messages.ts'
import { ownBallot, type ProposerState, type Reason, tellWhoLeads, toOwnAcceptor } from './proposer-state.ts'
import { startScout } from './scout.ts'

type Of<Type extends ProposerMessage['type']> = Extract<ProposerMessage, { type: Type }>

/** At the start. The preferred member of a new group leads at once: nobody can be disturbed. */
export function startElections(state: ProposerState, out: Outbox): void {
  const { preferred, node, others, tuning } = state.place
  const isPreferred = preferred === node
  if (state.votes && (others.length === 0 || (isPreferred && state.round === 0)))
    campaign(state, 'first start', out)
  else if (isPreferred) awaitLeader(state, tuning.electionMinMs, tuning.electionMinMs * 1.25, out)
  else awaitLeader(state, tuning.electionMinMs * 1.25, tuning.electionMaxMs * 1.25, out)
  if (!state.votes) toOwnAcceptor(state, { type: 'doYouVote' }, out)
}

/** Nobody led for too long, or the last attempt came to nothing. */
export function onElectionTimer(state: ProposerState, out: Outbox): void {
  campaign(state, 'silence', out)
}

function campaign(state: ProposerState, reason: Reason, out: Outbox): void {
  const { tuning } = state.place
  if (!state.votes) {
    toOwnAcceptor(state, { type: 'doYouVote' }, out)
    awaitLeader(state, tuning.electionMinMs, tuning.electionMaxMs, out)
    return
  }
  state.campaign++
  state.phase = { name: 'asking', reason }
  toOwnAcceptor(state, { type: 'preVote', campaign: state.campaign }, out)
  out.setTimer('election', tuning.retryMs + out.random() * tuning.retryMs)
}

export function onPreVoted(state: ProposerState, from: Address, message: Of<'preVoted'>, out: Outbox): void {
  const { phase, place } = state
  if (message.campaign !== state.campaign) return
  if (message.behind) {
    toOwnAcceptor(state, { type: 'catchUp', node: nodeOf(from), slot: message.vouched }, out)
  }
  if (phase.name === 'asking' && nodeOf(from) === place.node) {
    askOthers(state, message, phase.reason, out)
    return
  }
  if (phase.name !== 'preVoting' || !message.granted) return
  phase.granted.add(nodeOf(from))
  if (phase.granted.size >= place.majority) startScout(state, phase.vouched + 1, out)
}

/** Our own acceptor has answered: it says where our log stands, and whether it was ever used or hears a leader. */
function askOthers(state: ProposerState, own: Of<'preVoted'>, reason: Reason, out: Outbox): void {
  const { place } = state
  if (reason === 'transfer' || (own.granted && (reason === 'first start' || place.majority === 1))) {
    startScout(state, own.vouched + 1, out)
    return
  }
  if (!own.granted) return
  state.phase = { name: 'preVoting', vouched: own.vouched, granted: new Set([place.node]) }
  for (const other of place.others) {
    out.send(other.acceptor, { type: 'preVote', campaign: state.campaign, vouched: own.vouched })
  }
}

/** A leader's heartbeat reached our acceptor, which has promised nobody above it. */
export function onHeard(state: ProposerState, message: Of<'heard'>, out: Outbox): void {
  const { electionMinMs, electionMaxMs } = state.place.tuning
  const own = ownBallot(state.phase)
  if (message.leader === state.place.node || compareBallots(message.ballot, state.leaderBallot) < 0) return
  if (own !== undefined && compareBallots(own, message.ballot) > 0) return
  if (takesOver(state, message.ballot)) return
  const isNew = own !== undefined || message.leader !== state.leader
  state.highest = maxBallot(state.highest, message.ballot)
  state.leader = message.leader
  state.leaderBallot = message.ballot
  awaitLeader(state, electionMinMs, electionMaxMs, out)
  if (isNew) tellWhoLeads(state, out)
}

/**
 * The leader that handed over goes on until we lead: its heartbeat, ahead of our own acceptor's answer, takes nothing
 * back.
 */
function takesOver({ phase, leaderBallot }: ProposerState, ballot: Ballot): boolean {
  return phase.name === 'asking' && phase.reason === 'transfer' && sameBallot(ballot, leaderBallot)
}

/** Someone holds a higher ballot (PMMC Fig. 6, `preempted`). A short random pause lets it win. */
export function onPreempted(state: ProposerState, ballot: Ballot, out: Outbox): void {
  state.highest = maxBallot(state.highest, ballot)
  const own = ownBallot(state.phase)
  if (own === undefined || compareBallots(ballot, own) <= 0) return
  stepDown(state, 'preempted', out)
}

/** The leader hands over to us, the preferred member: its followers hear it, so nobody is asked first. */
export function onTransfer(state: ProposerState, message: Of<'transfer'>, out: Outbox): void {
  if (ownBallot(state.phase) !== undefined || compareBallots(message.ballot, state.leaderBallot) < 0) return
  state.highest = maxBallot(state.highest, message.ballot)
  campaign(state, 'transfer', out)
}

/** Our acceptor votes (again). */
export function onVoting(state: ProposerState): void {
  state.votes = true
}

/** The link to the leader broke: no need to wait for the whole time-out. */
export function onPeer(state: ProposerState, node: NodeId, reachable: boolean, out: Outbox): void {
  const { node: self, preferred, tuning } = state.place
  if (reachable || node !== state.leader || state.phase.name !== 'following') return
  const soon = self === preferred ? tuning.heartbeatMs / 4 : tuning.heartbeatMs
  out.setTimer('election', out.random() * soon)
}
