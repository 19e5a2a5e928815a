/**
 * Pulls a snapshot, chunk by chunk, into rows of the next generation; nothing reads them before all are there (PX17).
 */
import { type Address, decode, type NodeId, nodeOf, type Outbox } from '@synod/runtime/protocol'
import type { StateMachine } from '../replicated/state-machine.ts'
import { flushNow } from './flush.ts'
import { type Incoming, type LearnerState, toAcceptor, toOtherLearner } from './learner-state.ts'
import type { LearnerMessage } from './messages.ts'
import { append, noSegments, segmentRange } from './segments.ts'
import { install } from './snapshot-installing.ts'

type Of<Type extends LearnerMessage['type']> = Extract<LearnerMessage, { type: Type }>

/** Unanswered questions after which another member is asked. */
const patience = 3

export function onNeedSnapshot(state: LearnerState, message: Of<'paxos.needSnapshot'>, out: Outbox): void {
  const { host, incoming, place } = state
  if (message.slot <= host.applied) {
    flushNow(state, out)
    toAcceptor(state, { type: 'installed', slot: state.flushed }, out)
    return
  }
  if (incoming !== undefined) {
    incoming.slot = Math.max(incoming.slot, message.slot)
    return
  }
  const other = place.others.find(one => one.node === message.node) ?? place.others[0]
  if (other === undefined) return
  out.note('needs a snapshot', { group: place.group, slot: message.slot, from: other.node })
  state.incoming = begin(state, other.node, message.slot)
  ask(state, state.incoming, out)
}

function begin(state: LearnerState, node: NodeId, slot: number): Incoming {
  const generation = ++state.lastGeneration
  const entries = new Map<string, unknown>()
  return { node, slot, generation, capture: undefined, offset: 0, entries, segments: noSegments, tries: 0 }
}

function ask(state: LearnerState, incoming: Incoming, out: Outbox): void {
  const { capture, offset, slot } = incoming
  const message: LearnerMessage = {
    type: 'paxos.snapshotAsked',
    slot,
    offset,
    ...(capture === undefined ? {} : { capture }),
  }
  toOtherLearner(state, incoming.node, message, out)
  out.setTimer('snapshot', state.place.tuning.retryMs)
}

export function onSnapshotTimer(state: LearnerState, out: Outbox): void {
  const { incoming, place } = state
  if (incoming === undefined) return
  incoming.tries++
  if (incoming.tries > patience) {
    const at = place.others.findIndex(other => other.node === incoming.node)
    const next = place.others[(at + 1) % place.others.length]
    drop(state, incoming, out)
    state.incoming = begin(state, next?.node ?? incoming.node, incoming.slot)
  }
  ask(state, state.incoming ?? incoming, out)
}

/** Erases what was staged: another snapshot will be written under another generation. */
function drop(state: LearnerState, incoming: Incoming, out: Outbox): void {
  if (incoming.offset > 0) out.erase(segmentRange(incoming.generation))
  state.incoming = undefined
}

export function onChunk(
  state: LearnerState,
  machine: StateMachine,
  from: Address,
  chunk: Of<'paxos.snapshotChunk'>,
  out: Outbox,
): void {
  let { incoming } = state
  if (incoming === undefined || nodeOf(from) !== incoming.node) return
  if (incoming.capture !== chunk.capture) {
    if (chunk.offset !== 0 || chunk.slot < incoming.slot) return
    drop(state, incoming, out)
    incoming = { ...begin(state, incoming.node, incoming.slot), capture: chunk.capture }
    state.incoming = incoming
  }
  if (chunk.offset !== incoming.offset) return
  const entries = decode(chunk.entries) as [string, unknown][]
  for (const [key, value] of entries) incoming.entries.set(key, value)
  const changes = entries.map(([name, value]) => ({ prefix: '', name, value }))
  incoming.segments = append(incoming.segments, incoming.generation, changes, state.place.tuning, out)
  incoming.offset += chunk.count
  incoming.tries = 0
  if (incoming.offset < chunk.total) {
    ask(state, incoming, out)
    return
  }
  out.cancelTimer('snapshot')
  state.incoming = undefined
  install(state, machine, incoming, chunk, out)
}
