/**
 * The learner: PMMC's replica (§2 and Fig. 1). It applies the chosen slots, in order, to the group's state machine, and
 * is the group's front door: whoever wants something of the machine writes to it.
 */
import { type ActorType, assert, type Event, type Outbox, unreachable } from '@synod/runtime/protocol'
import { leaderTimer } from '../replicated/leader-box.ts'
import { applyBatch } from '../replicated/machine-host.ts'
import type { GroupQuery } from '../replicated/queries.ts'
import type { StateMachine } from '../replicated/state-machine.ts'
import { checkStoreAfter } from '../replicated/store-check.ts'
import { liveEntries } from '../replicated/store-data.ts'
import { printBallot } from './ballot.ts'
import type { PaxosConfig } from './config.ts'
import { flush, flushNow, flushWhenDue, writeSlice } from './flush.ts'
import {
  answerReads,
  onConfirmed,
  onFollow,
  onLead,
  onMachineEvent,
  startSideWhenCurrent,
  tellApplied,
  withSide,
} from './learner-leading.ts'
import { onLogRead, onQuery } from './learner-queries.ts'
import { type LearnerState, startLearner, toAcceptor, toProposer } from './learner-state.ts'
import type { LearnerMessage } from './messages.ts'
import { onChunk, onNeedSnapshot, onSnapshotTimer } from './snapshot-fetching.ts'
import { onSnapshotAsked } from './snapshot-serving.ts'
import { cleanStale } from './stale.ts'

type Of<Type extends LearnerMessage['type']> = Extract<LearnerMessage, { type: Type }>
type Received = LearnerMessage | GroupQuery

/** How many digests of the past are kept, so that replicas that are not at the same slot can be compared. */
const digestsKept = 1_024

/** The learner of groups that replicate this machine. */
export function learner(machine: StateMachine): ActorType<LearnerState, Received, PaxosConfig> {
  return {
    type: 'learner',
    observesPeers: true,
    mailboxLimit: 50_000,

    start(start, rows, out) {
      const state = startLearner(start, machine, rows, out)
      askForReplay(state, out)
      toProposer(state, { type: 'learnerStarted' }, out)
      out.setTimer('tick', state.place.tuning.flushMs)
      return state
    },

    receive(state, event, out) {
      switch (event.kind) {
        case 'message':
          if (isOwn(event.message)) return receiveOwn(state, machine, event, out)
          return onMachineEvent(state, machine, event, out)
        case 'request':
          if (isQuery(event.message)) return onQuery(state, machine, event.message, event.request, out)
          return onMachineEvent(state, machine, event, out)
        case 'timer':
          return onTimer(state, machine, event, out)
        case 'peer':
          return onMachineEvent(state, machine, event, out)
        default:
          return unreachable(event)
      }
    },

    check(state) {
      const { host, flushed } = state
      assert(flushed <= host.applied, 'PX15: what is flushed is applied')
      checkStoreAfter(host.store, host.applied)
    },

    describe(state) {
      const { host } = state
      return {
        applied: host.applied,
        commands: host.index,
        timeMs: host.timeMs,
        digest: host.digest,
        keys: host.store.size,
        flushed: state.flushed,
        generation: state.generation,
        chosen: state.chosen,
        leader: state.leader ?? null,
        ballot: printBallot(state.ballot),
        leading: state.side !== undefined,
        snapshot: state.incoming === undefined ? null : { ...counts(state.incoming) },
        machine: state.side === undefined ? null : (machine.leader?.describe(state.side.state) ?? null),
      }
    },
  }
}

function counts(incoming: { slot: number; offset: number }) {
  return { slot: incoming.slot, offset: incoming.offset }
}

function isOwn(message: Received): message is LearnerMessage {
  return typeof message?.type === 'string' && message.type.startsWith('paxos.')
}

function isQuery(message: Received): message is GroupQuery {
  return typeof message?.type === 'string' && message.type.startsWith('group.')
}

function receiveOwn(
  state: LearnerState,
  machine: StateMachine,
  event: Extract<Event<Received>, { kind: 'message' }>,
  out: Outbox,
): void {
  const message = event.message as LearnerMessage
  switch (message.type) {
    case 'paxos.decided':
      onDecided(state, machine, message, out)
      return
    case 'paxos.confirmed':
      onConfirmed(state, machine, message, out)
      return
    case 'paxos.lead':
      onLead(state, machine, message, out)
      return
    case 'paxos.follow':
      onFollow(state, machine, message, out)
      return
    case 'paxos.acceptorStarted':
      // The acceptor may know less than we have applied: what it cannot replay must be durable here.
      flushNow(state, out)
      askForReplay(state, out)
      return
    case 'paxos.compacted':
      state.base = message.base
      return
    case 'paxos.needSnapshot':
      onNeedSnapshot(state, message, out)
      return
    case 'paxos.snapshotAsked':
      onSnapshotAsked(state, event.from, message, out)
      return
    case 'paxos.snapshotChunk':
      onChunk(state, machine, event.from, message, out)
      return
    case 'paxos.logRead':
      onLogRead(message, out)
      return
    default:
      unreachable(message)
      return
  }
}

function onTimer(
  state: LearnerState,
  machine: StateMachine,
  event: Extract<Event<Received>, { kind: 'timer' }>,
  out: Outbox,
): void {
  if (leaderTimer(event.name) !== undefined) {
    onMachineEvent(state, machine, event, out)
    return
  }
  switch (event.name) {
    case 'tick':
      flush(state, out)
      if (state.chosen > state.host.applied && state.incoming === undefined) askForReplay(state, out)
      out.setTimer('tick', state.place.tuning.flushMs)
      return
    case 'flush':
      writeSlice(state, out)
      return
    case 'snapshot':
      onSnapshotTimer(state, out)
      return
    case 'capture':
      state.capture = undefined
      return
    default:
      cleanStale(state, out)
      return
  }
}

function askForReplay(state: LearnerState, out: Outbox): void {
  toAcceptor(state, { type: 'replay', from: state.host.applied + 1 }, out)
}

/** PMMC Fig. 1, `perform`: chosen values, in slot order, each once. */
function onDecided(
  state: LearnerState,
  machine: StateMachine,
  message: Of<'paxos.decided'>,
  out: Outbox,
): void {
  state.chosen = Math.max(state.chosen, message.chosen)
  if (message.from > state.host.applied + 1) {
    askForReplay(state, out)
    return
  }
  for (const value of message.values.slice(state.host.applied + 1 - message.from)) {
    perform(state, machine, value, out)
    flushWhenDue(state, out)
  }
  answerReads(state, machine, out)
  if (message.more) askForReplay(state, out)
}

function perform(state: LearnerState, machine: StateMachine, value: Uint8Array, out: Outbox): void {
  const { host, side } = state
  const { leader } = machine
  if (side === undefined || leader === undefined) applyBatch(host, machine, value)
  else withSide(state, side, out, box => applyBatch(host, machine, value, tellApplied(leader, side, box)))
  state.digests.set(host.applied, host.digest)
  state.digests.delete(host.applied - digestsKept)
  startSideWhenCurrent(state, machine, out)
}

/** What a crash must not take: equal before it (after a flush) and after the restart. */
export function durableLearner(state: LearnerState) {
  const { generation, flushed, host } = state
  const { store, ...rest } = host
  return { generation, flushed, ...rest, entries: new Map(liveEntries(store)) }
}
