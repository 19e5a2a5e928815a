/**
 * Writes the applied state lazily: what changed since the last flush is captured at one slot, written a slice with
 * each turn, and counts from the turn that says so. So the rows are always exactly the state of one slot, and a
 * restart replays exactly the commands after it (PX15).
 */
import type { Outbox } from '@synod/runtime/protocol'
import { type StoreData, writeChanges } from '../replicated/store-data.ts'
import { type Flushing, type LearnerState, type StateRow, stateRow, toAcceptor } from './learner-state.ts'
import { append, type Change, swept } from './segments.ts'
import { abandon } from './stale.ts'

/** A flush takes no more turns than these, however much changed. */
const mostTurns = 32

/** After each slot: early enough that one flush stays small. */
export function flushWhenDue(state: LearnerState, out: Outbox): void {
  const { flushKeys, flushSlots } = state.place.tuning
  const { applied, store } = state.host
  if (keysAreDue(store, flushKeys) || applied - state.flushed >= flushSlots) flush(state, out)
}

/**
 * What a flush erases an earlier one has written for nothing: records of the transactions that were under way then.
 * Where these are thousands, a flush waits for more keys, so that they are written less often.
 */
function keysAreDue({ dirty, erased }: StoreData, flushKeys: number): boolean {
  return dirty >= flushKeys && (dirty >= 6 * erased || dirty >= 4 * flushKeys)
}

/** Begins one, unless one is under way or nothing happened since. */
export function flush(state: LearnerState, out: Outbox): void {
  if (state.flushing !== undefined || state.host.applied === state.flushed) return
  state.flushing = capture(state)
  writeSlice(state, out)
}

/** All that is applied is on disk with this turn. */
export function flushNow(state: LearnerState, out: Outbox): void {
  do {
    flush(state, out)
    while (state.flushing !== undefined) writeSlice(state, out)
  } while (state.flushed < state.host.applied)
}

/** Values are never changed, so holding them is enough. */
function capture({ host, segments, place, generation }: LearnerState): Flushing {
  const entries: Change[] = []
  const take = (prefix: string, name: string, value: unknown) => entries.push({ prefix, name, value })
  writeChanges(host.store, take)
  const after = swept(segments, host.store, entries.length, place.tuning, take)
  const { applied, index, timeMs, digest } = host
  const slice = Math.max(place.tuning.flushSlice, Math.ceil(entries.length / mostTurns))
  return { row: { generation, applied, index, timeMs, digest }, entries, slice, written: 0, segments: after }
}

export function writeSlice(state: LearnerState, out: Outbox): void {
  const { flushing, generation, place } = state
  if (flushing === undefined) return
  const { entries, slice } = flushing
  const some = entries.slice(flushing.written, flushing.written + slice)
  flushing.segments = append(flushing.segments, generation, some, place.tuning, out)
  flushing.written += some.length
  if (flushing.written < entries.length) out.setTimer('flush', 0)
  else finish(state, flushing, out)
}

function finish(state: LearnerState, { row, segments }: Flushing, out: Outbox): void {
  const { generation } = state
  const { first } = state.segments
  state.flushing = undefined
  state.segments = segments
  saveState(state, row, out)
  toAcceptor(state, { type: 'flushed', slot: row.applied }, out)
  abandon(state, { generation, from: first, to: segments.first }, out)
}

export function saveState(state: LearnerState, row: Omit<StateRow, 'segments'>, out: Outbox): void {
  out.save(stateRow, { ...row, segments: state.segments.next } satisfies StateRow)
  state.flushed = row.applied
}
