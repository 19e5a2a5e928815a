/**
 * The acceptor: the fault-tolerant memory of Paxos (Paxos Made Simple §2.2; PMMC §2 and Fig. 4). It promises ballots,
 * accepts values, and keeps the log of its member. Everything that it answers was made durable first, by the host.
 */
import { type ActorType, assert, type Event, type Outbox, unreachable } from '@synod/runtime/protocol'
import {
  claimChosen,
  installed,
  lookFor,
  onCatchUpTimer,
  onCompacted,
  onFetch,
  onFetched,
  onFlushed,
  onReadLog,
  onReplay,
} from './acceptor-log.ts'
import { askForRecovery, onRecover, onRecovery, startRecovery } from './acceptor-recovery.ts'
import { type AcceptorState, startAcceptor, toLearner, toProposer } from './acceptor-state.ts'
import { onAccept, onConfirm, onHeartbeat, onPeer, onPrepare, onPreVote } from './acceptor-voting.ts'
import { compareBallots, printBallot } from './ballot.ts'
import type { PaxosConfig } from './config.ts'
import type { AcceptorMessage } from './messages.ts'

export const acceptor: ActorType<AcceptorState, AcceptorMessage, PaxosConfig> = {
  type: 'acceptor',
  observesPeers: true,
  mailboxLimit: 50_000,

  start(start, rows, out) {
    const state = startAcceptor(start, rows)
    toLearner(state, { type: 'paxos.acceptorStarted' }, out)
    if (!state.votes) startRecovery(state, out)
    return state
  },

  receive(state, event, out) {
    switch (event.kind) {
      case 'message':
        return receiveMessage(state, event, out)
      case 'timer':
        return event.name === 'recover' ? askForRecovery(state, out) : onCatchUpTimer(state, out)
      case 'peer':
        return onPeer(state, event.node, event.reachable)
      case 'request':
        return out.reply(event.request, { error: 'an acceptor answers no requests' })
      default:
        return unreachable(event)
    }
  },

  urgent: message => message.type === 'heartbeat',

  check(state) {
    assert(state.base <= state.vouched, 'PX10: what is compacted is known to be chosen')
    assert(state.top >= state.base, 'the log ends above its base')
    for (let slot = state.top; slot > Math.max(state.base, state.top - 8); slot--) {
      const entry = state.log.get(slot)
      if (entry === undefined) continue
      assert(compareBallots(entry.ballot, state.promise) <= 0, 'PX3: nothing is accepted above the promise')
    }
    const first = state.base + 1
    assert(state.vouched < first || state.log.has(first), 'PX9: the log holds every slot vouched for')
    assert(state.vouched < first || state.log.has(state.vouched), 'PX9: the log holds every slot vouched for')
  },

  describe(state) {
    return {
      promise: printBallot(state.promise),
      base: state.base,
      vouched: state.vouched,
      top: state.top,
      logSlots: state.log.size,
      logBytes: state.logBytes,
      claimed: state.claim.chosen,
      leader: state.leader ?? null,
      votes: state.votes,
      lives: state.lives,
      catchingUpTo: state.catchUp?.slot ?? null,
      recovering: state.recovery === undefined ? null : [...state.recovery.answers.keys()].sort(),
    }
  },
}

function receiveMessage(
  state: AcceptorState,
  { from, message, now }: Extract<Event<AcceptorMessage>, { kind: 'message' }>,
  out: Outbox,
): void {
  switch (message.type) {
    case 'accept':
      onAccept(state, from, message, now, out)
      return
    case 'chosen':
      claimChosen(state, message.ballot, message.chosen, out)
      return
    case 'heartbeat':
      onHeartbeat(state, from, message, now, out)
      return
    case 'confirm':
      onConfirm(state, from, message, now, out)
      return
    case 'prepare':
      onPrepare(state, from, message, now, out)
      return
    case 'preVote':
      onPreVote(state, from, message, now, out)
      return
    case 'fetch':
      onFetch(state, from, message, out)
      return
    case 'fetched':
      onFetched(state, from, message, out)
      return
    case 'compacted':
      onCompacted(state, from, message.base, out)
      return
    case 'catchUp':
      if (message.slot > state.vouched) lookFor(state, message.slot, out, message.node)
      return
    case 'replay':
      onReplay(state, message, out)
      return
    case 'flushed':
      onFlushed(state, message.slot, out)
      return
    case 'installed':
      installed(state, message.slot, out)
      return
    case 'readLog':
      onReadLog(state, message, out)
      return
    case 'doYouVote':
      if (state.votes) toProposer(state, { type: 'voting' }, out)
      return
    case 'recover':
      onRecover(state, from, message, out)
      return
    case 'recovery':
      onRecovery(state, from, message, out)
      return
    default:
      unreachable(message)
      return
  }
}

/** What a crash must not take: equal before it and after the restart. */
export function durableAcceptor(state: AcceptorState) {
  const { promise, log, base, lives, votes } = state
  return { promise, log, base, lives, votes }
}
