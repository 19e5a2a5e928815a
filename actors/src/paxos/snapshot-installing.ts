/** Switches to a complete snapshot by one row, then erases the state that it replaced, slice by slice (PX17). */
import type { Outbox } from '@synod/runtime/protocol'
import type { StateMachine } from '../replicated/state-machine.ts'
import { cuts, storeData } from '../replicated/store-data.ts'
import { saveState } from './flush.ts'
import { startSideWhenCurrent, stopSide } from './learner-leading.ts'
import { entryKey, entryRange, type Incoming, type LearnerState, toAcceptor } from './learner-state.ts'
import type { SnapshotChunk } from './messages.ts'

/** Blocks of keys whose rows are erased in one turn. */
const blocksPerSlice = 8

export function install(
  state: LearnerState,
  machine: StateMachine,
  incoming: Incoming,
  meta: SnapshotChunk,
  out: Outbox,
): void {
  if (meta.slot <= state.host.applied) {
    // Meanwhile the log brought us further.
    out.erase(entryRange(incoming.generation))
    return
  }
  stopSide(state, machine, out)
  forget(state, out)
  const { slot, index, timeMs, digest } = meta
  state.host = { store: storeData(incoming.entries, machine.tables), applied: slot, index, timeMs, digest }
  state.generation = incoming.generation
  state.chosen = Math.max(state.chosen, slot)
  state.digests.clear()
  state.digests.set(slot, digest)
  saveState(state, out)
  out.note('installed a snapshot', { group: state.place.group, slot, keys: incoming.entries.size })
  toAcceptor(state, { type: 'installed', slot }, out)
  toAcceptor(state, { type: 'replay', from: slot + 1 }, out)
  // It may hold our own first slot already, after which nothing need come.
  startSideWhenCurrent(state, machine, out)
}

/** Plans the erasure of the rows of the present state. */
function forget(state: LearnerState, out: Outbox): void {
  if (state.stale !== undefined) out.erase(entryRange(state.stale.generation))
  const bounds = cuts(state.host.store, blocksPerSlice).map(key => entryKey(state.generation, key))
  bounds.push(entryRange(state.generation).to)
  state.stale = { generation: state.generation, bounds }
  out.setTimer('clean', 0)
}

export function cleanStale(state: LearnerState, out: Outbox): void {
  const { stale } = state
  const to = stale?.bounds.shift()
  if (stale === undefined || to === undefined) return
  // Keys that were deleted and not yet flushed may lie in any slice: each erases from the start.
  out.erase({ from: entryRange(stale.generation).from, to })
  if (stale.bounds.length === 0) state.stale = undefined
  else out.setTimer('clean', 0)
}
