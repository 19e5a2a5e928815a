/**
 * Rows that count no more: segments that a sweep or a snapshot replaced. They are erased a few at a time, the oldest
 * first.
 */
import type { Outbox } from '@synod/runtime/protocol'
import type { LearnerState, Stale } from './learner-state.ts'
import { segmentKey } from './segments.ts'

const segmentsPerTurn = 32

export function abandon(state: LearnerState, stale: Stale, out: Outbox): void {
  if (stale.from >= stale.to) return
  state.stale.push(stale)
  out.setTimer('clean', 0)
}

export function cleanStale(state: LearnerState, out: Outbox): void {
  const stale = state.stale.shift()
  if (stale === undefined) return
  const { generation, from } = stale
  const to = Math.min(stale.to, from + segmentsPerTurn)
  out.erase({ from: segmentKey(generation, from), to: segmentKey(generation, to) })
  if (to < stale.to) state.stale.unshift({ ...stale, from: to })
  if (state.stale.length > 0) out.setTimer('clean', 0)
}
