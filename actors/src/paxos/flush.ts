/**
 * Writes the applied state lazily: the keys changed since the last flush and the slot they stand for, all in one turn.
 * So the rows are always exactly the state of one slot, and a restart replays exactly the commands after it (PX15).
 */
import type { Outbox } from '@synod/runtime/protocol'
import { type StoreData, writeChanges } from '../replicated/store-data.ts'
import { type LearnerState, type StateRow, stateRow, toAcceptor } from './learner-state.ts'
import { append, type Change, swept } from './segments.ts'
import { abandon } from './stale.ts'

/** After each slot: early enough that one flush stays small. */
export function flushWhenDue(state: LearnerState, out: Outbox): void {
  const { flushKeys, flushSlots } = state.place.tuning
  const { applied, store } = state.host
  if (keysAreDue(store, flushKeys) || applied - state.flushed >= flushSlots) flush(state, out)
}

/**
 * What a flush erases an earlier one has written for nothing: records of the transactions that were under way then. Where
 * these are thousands, a flush waits for more keys, so that they are written less often.
 */
function keysAreDue({ dirty, erased }: StoreData, flushKeys: number): boolean {
  return dirty >= flushKeys && (dirty >= 6 * erased || dirty >= 4 * flushKeys)
}

export function flush(state: LearnerState, out: Outbox): void {
  const { host } = state
  if (host.applied === state.flushed) return
  const changes: Change[] = []
  writeChanges(host.store, (prefix, name, value) => changes.push({ prefix, name, value }))
  appendEntries(state, changes, out)
  sweep(state, changes.length, out)
  saveState(state, out)
  toAcceptor(state, { type: 'flushed', slot: host.applied }, out)
}

function appendEntries(state: LearnerState, changes: readonly Change[], out: Outbox): void {
  const { generation, segments, place } = state
  state.segments = append(segments, generation, changes, place.tuning, out)
}

/** After the changes: what is appended once more is what they left. */
function sweep(state: LearnerState, changes: number, out: Outbox): void {
  const { first } = state.segments
  const { segments, again } = swept(state.segments, state.host.store, changes, state.place.tuning)
  state.segments = segments
  appendEntries(state, again, out)
  if (segments.first > first)
    abandon(state, { generation: state.generation, from: first, to: segments.first }, out)
}

export function saveState(state: LearnerState, out: Outbox): void {
  const { generation, host } = state
  const { applied, index, timeMs, digest } = host
  const row: StateRow = { generation, applied, index, timeMs, digest }
  out.save(stateRow, row)
  state.flushed = applied
}
