/**
 * Writes the applied state lazily: the keys changed since the last flush and the slot they stand for, all in one turn.
 * So the rows are always exactly the state of one slot, and a restart replays exactly the commands after it (PX15).
 */
import type { Outbox } from '@synod/runtime/protocol'
import { type StoreData, writeChanges } from '../replicated/store-data.ts'
import { entryKey, type LearnerState, type StateRow, stateRow, toAcceptor } from './learner-state.ts'

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
  const { host, generation } = state
  if (host.applied === state.flushed) return
  writeChanges(host.store, (key, value) => {
    if (value !== undefined) out.save(entryKey(generation, key), value)
    else out.erase(entryKey(generation, key))
  })
  saveState(state, out)
  toAcceptor(state, { type: 'flushed', slot: host.applied }, out)
}

export function saveState(state: LearnerState, out: Outbox): void {
  const { generation, host } = state
  const { applied, index, timeMs, digest } = host
  const row: StateRow = { generation, applied, index, timeMs, digest }
  out.save(stateRow, row)
  state.flushed = applied
}
