/**
 * The proposer: PMMC's leader (§2 and Fig. 6), with its scouts and commanders as phases. One of a group's proposers
 * leads in a stable way; the others wait for it to fall silent.
 */
import { type ActorType, assert, type Event, type Outbox, unreachable } from '@synod/runtime/protocol'
import { printBallot } from './ballot.ts'
import { onAccepted, onFlush, onPropose } from './commander.ts'
import type { PaxosConfig } from './config.ts'
import {
  onElectionTimer,
  onHeard,
  onPeer,
  onPreempted,
  onPreVoted,
  onTransfer,
  onVoting,
  startElections,
} from './election.ts'
import { onLeaderTick } from './leading.ts'
import type { ProposerMessage } from './messages.ts'
import { endSide, type ProposerState, startProposer, tellWhoLeads } from './proposer-state.ts'
import { onConfirmed } from './reads.ts'
import { onCatchUpTick, onCaughtUp, onPromise, onScoutTick } from './scout.ts'

export const proposer: ActorType<ProposerState, ProposerMessage, PaxosConfig> = {
  type: 'proposer',
  observesPeers: true,
  mailboxLimit: 50_000,

  start(start, rows, out) {
    const state = startProposer(start, rows)
    startElections(state, out)
    tellWhoLeads(state, out)
    return state
  },

  receive(state, event, out) {
    switch (event.kind) {
      case 'message':
        return receiveMessage(state, event, out)
      case 'timer':
        return onTimer(state, event, out)
      case 'peer':
        return onPeer(state, event.node, event.reachable, out)
      case 'request':
        return out.reply(event.request, { error: 'a proposer answers no requests' })
      default:
        return unreachable(event)
    }
  },

  urgent: message => message.type === 'heard' || message.type === 'preempted',

  check(state) {
    const { phase, place } = state
    if (phase.name !== 'leading') return
    assert(phase.ballot.round <= state.round, 'PX1: a ballot is durable before it is used')
    assert(
      phase.nextSlot - 1 - phase.chosen <= place.tuning.window,
      'PX7: the window bounds the slots in flight',
    )
    assert(!phase.commanders.has(phase.chosen), 'PX9: what is chosen is settled')
    assert(!phase.commanders.get(phase.chosen + 1)?.isChosen, 'PX9: the chosen index has advanced')
  },

  describe(state) {
    const { phase } = state
    return {
      phase: phase.name,
      round: state.round,
      leader: state.leader ?? null,
      leaderBallot: printBallot(state.leaderBallot),
      highest: printBallot(state.highest),
      votes: state.votes,
      ...(phase.name === 'leading' && {
        ballot: printBallot(phase.ballot),
        chosen: phase.chosen,
        nextSlot: phase.nextSlot,
        ownSlot: phase.ownSlot,
        inFlight: phase.nextSlot - 1 - phase.chosen,
        waiting: phase.waiting.length,
        readRounds: phase.reads.length,
      }),
      ...(phase.name === 'scouting' && {
        ballot: printBallot(phase.ballot),
        from: phase.from,
        promises: [...phase.promises.keys()].sort(),
      }),
    }
  },
}

function receiveMessage(
  state: ProposerState,
  { from, message, now }: Extract<Event<ProposerMessage>, { kind: 'message' }>,
  out: Outbox,
): void {
  switch (message.type) {
    case 'propose':
      onPropose(state, message, out)
      return
    case 'flush':
      onFlush(state, message, now, out)
      return
    case 'accepted':
      onAccepted(state, from, message, now, out)
      return
    case 'confirmed':
      onConfirmed(state, from, message, out)
      return
    case 'promise':
      onPromise(state, from, message, now, out)
      return
    case 'preempted':
      onPreempted(state, message.ballot, out)
      return
    case 'preVoted':
      if (state.phase.name === 'catchingUp' && message.campaign === state.campaign)
        onCaughtUp(state, state.phase, message.vouched, now, out)
      else onPreVoted(state, from, message, out)
      return
    case 'heard':
      onHeard(state, message, out)
      return
    case 'transfer':
      onTransfer(state, message, out)
      return
    case 'learnerStarted':
      endSide(state)
      tellWhoLeads(state, out)
      return
    case 'voting':
      onVoting(state)
      return
    default:
      unreachable(message)
      return
  }
}

function onTimer(
  state: ProposerState,
  event: Extract<Event<ProposerMessage>, { kind: 'timer' }>,
  out: Outbox,
): void {
  const { phase } = state
  if (event.name === 'election') {
    onElectionTimer(state, out)
    return
  }
  switch (phase.name) {
    case 'scouting':
      onScoutTick(state, phase, out)
      return
    case 'catchingUp':
      onCatchUpTick(state, phase, out)
      return
    case 'leading':
      onLeaderTick(state, phase, event.now, out)
      return
    case 'following':
    case 'asking':
    case 'preVoting':
      return
    default:
      unreachable(phase)
      return
  }
}
