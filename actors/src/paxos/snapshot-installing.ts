/** Switches to a complete snapshot by one row; the state that it replaced is erased later (PX17). */
import type { Outbox } from '@synod/runtime/protocol'
import type { StateMachine } from '../replicated/state-machine.ts'
import { storeData } from '../replicated/store-data.ts'
import { saveState } from './flush.ts'
import { startSideWhenCurrent, stopSide } from './learner-leading.ts'
import { type Incoming, type LearnerState, toAcceptor } from './learner-state.ts'
import type { SnapshotChunk } from './messages.ts'
import { segmentRange } from './segments.ts'
import { abandon } from './stale.ts'

export function install(
  state: LearnerState,
  machine: StateMachine,
  incoming: Incoming,
  meta: SnapshotChunk,
  out: Outbox,
): void {
  if (meta.slot <= state.host.applied) {
    // Meanwhile the log brought us further.
    out.erase(segmentRange(incoming.generation))
    return
  }
  stopSide(state, machine, out)
  const { generation, segments, flushing } = state
  abandon(state, { generation, from: segments.first, to: flushing?.segments.next ?? segments.next }, out)
  state.flushing = undefined
  const { slot, index, timeMs, digest } = meta
  state.host = { store: storeData(incoming.entries, machine.tables), applied: slot, index, timeMs, digest }
  state.generation = incoming.generation
  state.segments = incoming.segments
  state.chosen = Math.max(state.chosen, slot)
  state.digests.clear()
  state.digests.set(slot, digest)
  saveState(state, { generation: incoming.generation, applied: slot, index, timeMs, digest }, out)
  out.note('installed a snapshot', { group: state.place.group, slot, keys: incoming.entries.size })
  toAcceptor(state, { type: 'installed', slot }, out)
  toAcceptor(state, { type: 'replay', from: slot + 1 }, out)
  // It may hold our own first slot already, after which nothing need come.
  startSideWhenCurrent(state, machine, out)
}
